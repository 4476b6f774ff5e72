"""Listeners as moderators see them: by a word instead of a name, what their answers show, and what may be done.

A page shows answers to single clips only to somebody who has answered these clips, and notes that they have seen them.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, QuerySet, Value, When
from django.db.models.functions import TruncDate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions import permissions
from contributions.forms.voids import ListenersForm, ScopeForm, VoidForm
from contributions.listening import standings, voids
from contributions.models import Clip, RaterPause, RaterStanding, Rating, RatingTurn, RatingVoid, VoidOrder
from contributions.views import listeners_in_words as told
from contributions.views import words
from contributions.views.moderating import moderators_only
from openempathic.accounts.doors import curators_only
from openempathic.accounts.models import User

LISTENERS_A_PAGE = 25
ANSWERS_SHOWN = 25
VOIDS_SHOWN = 20


@moderators_only
@never_cache
@require_safe
def raters(request: HttpRequest) -> HttpResponse:
    """The listeners of the languages that the person moderates, those that need a look first."""
    form = ListenersForm(request.GET, languages=languages_of(standings_for(request.user)))
    page = Paginator(in_order(form.among(standings_for(request.user))), LISTENERS_A_PAGE).get_page(
        request.GET.get("page")
    )
    facts = {
        "form": form,
        "page": page,
        "listeners": [told.in_a_list(each, reader=request.user) for each in page],
        "query": urlencode(form.asked()),
    }
    return render(request, "listeners/list.html", facts)


def standings_for(person: Any) -> "QuerySet[RaterStanding]":
    """The standings that the person may read: of their languages, and of others than themselves."""
    languages = None if permissions.moderates_all(person) else person.moderated_languages
    return RaterStanding.objects.filter(standings.of_languages(languages)).exclude(rater=person)


def in_order(rows: "QuerySet[RaterStanding]") -> "QuerySet[RaterStanding]":
    """Those with a pattern first, then the least reliable."""
    shows = Case(When(patterns=[], then=Value(0)), default=Value(1), output_field=IntegerField())
    return rows.select_related("rater").order_by(shows.desc(), "reliability", "-rating_count", "pk")


def languages_of(rows: "QuerySet[RaterStanding]") -> list[tuple[str, str]]:
    """The languages of the standings with their names, in the order of these."""
    tags = rows.order_by().values_list("language", flat=True).distinct()
    return sorted(((tag, words.tongue(tag).label) for tag in tags), key=lambda pair: pair[1])


@moderators_only
@never_cache
@require_safe
def rater(request: HttpRequest, rater_id: int) -> HttpResponse:
    """One listener: what their answers show, by language, what was voided, and what may be done."""
    if rater_id == request.user.pk:
        return redirect("listen-me")
    found = listener(request, rater_id)
    rows = standings_for(request.user).filter(rater=found).order_by("-rating_count")
    facts = {
        **named(request, found),
        "languages": [told.described(each) for each in rows],
        "voided": voided(found, request.user),
        "orders": VoidOrder.objects.filter(rater=found).order_by("-ordered_at")[:VOIDS_SHOWN],
        "pause": RaterPause.objects.filter(rater=found).order_by("-pk").first(),
        "scope": ScopeForm(languages=languages_of(rows)),
    }
    return render(request, "listeners/one.html", facts)


def listener(request: HttpRequest, rater_id: int) -> User:
    """The account of somebody who answered to clips that the reader moderates; 404 for anybody else."""
    given = Rating.objects.filter(rater=OuterRef("pk"), clip__in=moderated(request.user).values("pk"))
    return get_object_or_404(User.objects.filter(Exists(given)), pk=rater_id)


def moderated(person: Any) -> Any:
    """The clips of the languages that the person moderates."""
    return Clip.objects.filter(permissions.moderated(person))


def named(request: HttpRequest, found: User) -> dict[str, Any]:
    """What the listener is called to this reader: a word, and to a curator their address."""
    address = found.email if permissions.may_curate(request.user) else ""
    return {"rater": found, "word": standings.known_as(found.pk), "address": address}


def voided(found: User, reader: Any) -> list[dict[str, Any]]:
    """What others voided of their answers: by day, reason and note, the newest first."""
    rows = RatingVoid.objects.filter(rating__rater=found, rating__clip__in=moderated(reader).values("pk"))
    rows = rows.exclude(reason=RatingVoid.Reason.UNDONE).annotate(day=TruncDate("voided_at"))
    many = rows.values("day", "reason", "note").annotate(times=Count("pk")).order_by("-day", "reason")
    return [{**row, "reason": told.reason(row["reason"])} for row in many[:VOIDS_SHOWN]]


@moderators_only
@never_cache
@require_safe
def answers(request: HttpRequest, rater_id: int) -> HttpResponse:
    """The listener's newest answers to clips that the reader has answered too; from now on the reader has seen them."""
    found = listener(request, rater_id)
    shown = list(open_answers(found, request.user).order_by("-rated_at")[:ANSWERS_SHOWN])
    note_seen(shown, by=request.user)
    facts = {**named(request, found), "answers": [told.answer(each) for each in shown]}
    return render(request, "listeners/answers.html", facts)


def open_answers(found: User, reader: Any) -> "QuerySet[Rating]":
    """The listener's counting answers to live clips of others' voices that the reader has answered blindly too."""
    own = Rating.objects.counting().filter(clip=OuterRef("clip"), rater=reader)
    clips = moderated(reader).live().not_of(reader)
    theirs = Rating.objects.counting().filter(Exists(own), rater=found, clip__in=clips.values("pk"))
    return theirs.exclude(rater=reader).select_related("clip")


def note_seen(shown: list[Rating], *, by: Any) -> None:
    """Whoever read another's answer to a clip answers it no more blindly, should they take theirs back."""
    turns = RatingTurn.objects.filter(rater=by, clip__in=[each.clip_id for each in shown], revealed_at=None)
    turns.update(revealed_at=timezone.now())


@moderators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def void_answer(request: HttpRequest, rater_id: int, rating_id: UUID) -> HttpResponse:
    """What follows from voiding one answer, and the voiding."""
    found = listener(request, rater_id)
    chosen = open_answers(found, request.user).filter(pk=rating_id)
    rating = get_object_or_404(chosen)
    note_seen([rating], by=request.user)
    form = VoidForm(request.POST or None)
    refusal = ""
    if request.method == "POST":
        try:
            voids.void([rating], by=request.user, **why(form))
        except voids.NotVoidable as fault:
            refusal = fault.message
        else:
            messages.success(request, _("Voided: it counts no more, and is kept."))
            return redirect("rater-answers", rater_id=found.pk)
    facts = {**named(request, found), "form": form, "refusal": refusal, "answer": told.answer(rating)}
    facts |= {"foreseen": told.foreseen(voids.foresee(chosen))}
    return render(request, "listeners/void.html", facts, status=422 if refusal else 200)


def why(form: VoidForm) -> dict[str, str]:
    """The form's reason and note; raises NoReason where one is missing."""
    if not form.is_valid():
        raise voids.NoReason
    return form.why()


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def void_all(request: HttpRequest, rater_id: int) -> HttpResponse:
    """What follows from voiding all that a listener answered, or since a day, and the order to do it."""
    found = listener(request, rater_id)
    own = RaterStanding.objects.filter(rater=found)
    scope = ScopeForm(request.POST or request.GET, languages=languages_of(own))
    if not scope.is_valid():
        raise Http404
    form = VoidForm(request.POST or None)
    refusal = ""
    if request.method == "POST":
        try:
            voids.order(found, by=request.user, **(scope.scope() | why(form)))
        except voids.NotVoidable as fault:
            refusal = fault.message
        else:
            messages.success(request, _("Ordered: a worker voids the answers now, clip by clip."))
            return redirect("rater", rater_id=found.pk)
    foreseen = voids.foresee(voids.theirs(found, **scope.scope()))
    facts = {**named(request, found), "form": form, "scope": scope, "refusal": refusal}
    facts |= {"foreseen": told.foreseen(foreseen)}
    return render(request, "listeners/void.html", facts, status=422 if refusal else 200)


@curators_only
@never_cache
@require_POST
def pause(request: HttpRequest, rater_id: int) -> HttpResponse:
    """Ask somebody to rest from listening, or let them go on."""
    found = listener(request, rater_id)
    is_paused = request.POST.get("is_paused") == "yes"
    note = request.POST.get("note", "")[: voids.NOTE_LENGTH]
    try:
        voids.pause(found, by=request.user, is_paused=is_paused, note=note)
    except voids.NotVoidable as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request, _("They listen no more until you say so.") if is_paused else _("They may listen again.")
        )
    return redirect("rater", rater_id=found.pk)
