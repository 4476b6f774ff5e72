"""A listener's way: one clip, one blind answer, and only then what the model heard."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions import permissions
from contributions.forms.listening import RatingForm
from contributions.listening import declining, ratings, refusals
from contributions.models import RatingTurn
from contributions.views import hearing, vocabulary
from contributions.views.hearing import for_accounts

# Which one of their languages a person wants to hear; not there for all of them.
HEARD_LANGUAGE = "heard_language"


@for_accounts
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def listen(request: HttpRequest) -> HttpResponse:
    """The next clip that waits for this pair of ears, or a friendly word that none does; a POST chooses a language."""
    if not permissions.may_listen_at_all(request.user):
        return redirect("tutorials")
    if request.method == "POST":
        return language_chosen(request)
    try:
        turn = ratings.open_turn(request.user, language=language_of(request))
    except refusals.EnoughToday:
        return render(request, "listen/enough.html", hearing.room(request, language_of(request)))
    if turn is None:
        return render(request, "listen/empty.html", hearing.room(request, language_of(request)))
    return clip_page(request, turn, RatingForm.of(ratings.undone_answer(turn)))


def language_chosen(request: HttpRequest) -> HttpResponse:
    """Remember which language is wanted, if the person listens to it; all of them otherwise."""
    wanted = request.POST.get("language", "")
    if wanted in hearing.languages_offered(request.user):
        request.session[HEARD_LANGUAGE] = wanted
    else:
        request.session.pop(HEARD_LANGUAGE, None)
    return redirect("listen")


def language_of(request: HttpRequest) -> str | None:
    """The language that is wanted, while the person still listens to it; None for all of theirs."""
    wanted = request.session.get(HEARD_LANGUAGE)
    return wanted if wanted and permissions.may_listen(request.user, wanted) else None


def clip_page(request: HttpRequest, turn: RatingTurn, form: RatingForm, **more: Any) -> HttpResponse:
    """The page on which one clip is heard and judged; neither prompt nor model is on it."""
    status = more.pop("status", 200)
    facts = {
        "turn": turn,
        **hearing.sound(turn.clip),
        **hearing.room(request, language_of(request)),
        **vocabulary.choices(form),
    }
    return render(request, "listen/clip.html", facts | more, status=status)


@for_accounts
@never_cache
@require_POST
def heard(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """Note that the clip was played to its end; a script gets no page for it."""
    turn = own_turn(request, turn_id)
    try:
        ratings.note_heard(turn, by=request.user)
    except refusals.NotRateable as refusal:
        return not_heard(request, refusal)
    return redirect("listen") if request.accepts("text/html") else HttpResponse(status=204)


def not_heard(request: HttpRequest, refusal: refusals.NotRateable) -> HttpResponse:
    """Why it could not be noted."""
    if not request.accepts("text/html"):
        return JsonResponse({"message": refusal.message}, status=409)
    messages.warning(request, refusal.message)
    return redirect("listen")


def own_turn(request: HttpRequest, turn_id: UUID) -> RatingTurn:
    """The person's turn of that id; 404 for anybody else's."""
    turns = RatingTurn.objects.select_related("clip__contributor", "clip__prompt")
    return get_object_or_404(turns, pk=turn_id, rater=request.user)


@for_accounts
@never_cache
@require_POST
def rating(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """Keep the blind answer; where it cannot be kept, say why, with what was filled in still there."""
    turn = own_turn(request, turn_id)
    form = RatingForm(request.POST)
    try:
        kept = ratings.rate(turn, by=request.user, answer=complete(form))
    except refusals.NotRateable as refusal:
        return not_kept(request, turn, form, refusal)
    # Asked without looking at it: that it was shown is noted by the page that shows it.
    if ratings.suggestion_for(kept):
        return redirect("listen-step", rating_id=kept.pk)
    return redirect("listen")


def complete(form: RatingForm) -> ratings.Answer:
    """The form's answer; raises what is wrong with it."""
    if not form.is_valid():
        raise form.lacks()
    return form.answer()


# What can be mended on the same page, and the status that tells a program so.
MENDABLE: dict[type[refusals.NotRateable], int] = {
    refusals.IncompleteAnswer: 422,
    refusals.OutOfRange: 422,
    refusals.TooManyWords: 422,
    refusals.NotHeard: 409,
    refusals.TurnExpired: 409,
}


def not_kept(request: HttpRequest, turn: RatingTurn, form: RatingForm, refusal: refusals.NotRateable) -> HttpResponse:
    """The form again where the answer can be mended; else why it was not kept, with all that was said in it."""
    status = next((code for kind, code in MENDABLE.items() if isinstance(refusal, kind)), None)
    if status:
        is_expired = isinstance(refusal, refusals.TurnExpired)
        return clip_page(request, turn, form, refusal=refusal.message, is_expired=is_expired, status=status)
    facts = {
        "refusal": refusal.message,
        "said": vocabulary.said_in(form),
        "description": form["description"].value(),
    }
    return render(request, "listen/left.html", facts, status=409)


@for_accounts
@never_cache
@require_POST
def skip(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """Go on without an answer and without a reason; the clip does not come again."""
    declining.decline(own_turn(request, turn_id), by=request.user)
    messages.info(request, _("That one goes to somebody else. Here is what comes next."))
    return redirect("listen")


@for_accounts
@never_cache
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last answer back, and answer again with what was said filled in."""
    try:
        turn = ratings.undo(request.user)
    except refusals.NotRateable as refusal:
        messages.warning(request, refusal.message)
        return redirect("listen")
    messages.info(request, _("Your answer is taken back. It is filled in below, to be changed and saved anew."))
    return redirect("listen-turn", turn_id=turn.pk)


@for_accounts
@never_cache
@require_safe
def turn(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """One open turn of the person's own, as after an undo; one that is over leads to the next."""
    own = own_turn(request, turn_id)
    if own.closed_at:
        return redirect("listen")
    return clip_page(request, own, RatingForm.of(ratings.undone_answer(own)))


@for_accounts
@never_cache
@require_POST
def following(request: HttpRequest) -> HttpResponse:
    """Open the next turn while the person still answers for this one, and name its files; 204 where nothing waits."""
    turn = turn_ahead(request)
    if turn is None:
        return HttpResponse(status=204)
    files = [reverse(name, args=[turn.clip_id]) for name in ("clip-audio", "clip-peaks")]
    return JsonResponse({"files": files})


def turn_ahead(request: HttpRequest) -> RatingTurn | None:
    """The turn after the one that is open; none where this is the day's last."""
    now = RatingTurn.objects.filter(rater_id=request.user.pk, closed_at=None).order_by("opened_at").first()
    if not permissions.may_listen_at_all(request.user) or ratings.left_today(request.user) <= 1:
        return None
    return ratings.open_turn(request.user, language=language_of(request), besides=now)
