"""A moderator's way: one clip, one blind answer, and only then what the model heard."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.forms.listening import INTENSITIES, RatingForm
from contributions.listening import ratings
from contributions.models import Rating, RatingTurn
from contributions.permissions import may_moderate
from contributions.taxonomy import reasons
from contributions.views import words
from openempathic.accounts.doors import open_to

# How many of the model's guesses are shown: more would be read as more than they are.
GUESSES_SHOWN = 3


@dataclass(frozen=True)
class Guess:
    """One feeling that the model heard, and how sure it was."""

    feeling: words.Choice
    percent: int


moderators_only = open_to(
    may_moderate, otherwise=gettext_noop("Reviewing is for moderators. You can still give your voice.")
)


@moderators_only
@never_cache
@require_safe
def listen(request: HttpRequest) -> HttpResponse:
    """The next clip that waits for this pair of ears, or a friendly word that none does."""
    turn = ratings.open_turn(request.user)
    if turn is None:
        return render(request, "listen/empty.html")
    return clip_page(request, turn, RatingForm())


def clip_page(request: HttpRequest, turn: RatingTurn, form: RatingForm, **more: Any) -> HttpResponse:
    """The page on which one clip is heard and judged; neither prompt nor model is on it."""
    status = more.pop("status", 200)
    facts = {
        "turn": turn,
        "clip": turn.clip,
        "language": words.tongue(turn.clip.language),
        "form": form,
        "core": words.core_feelings(),
        "further": words.further_feelings(),
        "reasons": reasons.LISTENING,
        "intensities": [(str(level), label) for level, label in INTENSITIES],
        "is_further": form["emotion"].value() not in (None, "", *words.core_names()),
    }
    return render(request, "listen/clip.html", facts | more, status=status)


@moderators_only
@never_cache
@require_POST
def rating(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """Keep the blind answer; where it cannot be kept, say why, with what was filled in still there."""
    turn = get_object_or_404(RatingTurn.objects.select_related("clip"), pk=turn_id, rater=request.user)
    form = RatingForm(request.POST)
    try:
        kept = ratings.rate(turn, by=request.user, answer=complete(form))
    except ratings.IncompleteAnswer as refusal:
        return clip_page(request, turn, form, refusal=refusal.message, status=422)
    except ratings.TurnExpired as refusal:
        return clip_page(request, turn, form, refusal=refusal.message, is_expired=True, status=409)
    except ratings.NotRateable as refusal:
        messages.warning(request, refusal.message)
        return redirect("listen")
    if ratings.suggestion_for(kept):
        return redirect("listen-step", rating_id=kept.pk)
    return redirect("listen")


def complete(form: RatingForm) -> ratings.Answer:
    """The form's answer; raises IncompleteAnswer where something is missing or unknown."""
    if not form.is_valid():
        raise ratings.IncompleteAnswer
    return form.answer()


@moderators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, rating_id: UUID) -> HttpResponse:
    """What the model heard, to one's own stored answer: keep it or change it."""
    own = Rating.objects.filter(rater_id=request.user.pk, phase=Rating.Phase.BLIND)
    blind = get_object_or_404(own.select_related("clip"), pk=rating_id)
    heard = ratings.suggestion_for(blind)
    if heard is None:
        return redirect("listen")
    if request.method == "POST":
        return reconsidered(request, blind)
    facts = {
        "rating": blind,
        "mine": words.feeling(blind.emotion),
        "suggestion": heard,
        "guesses": [Guess(words.feeling(name), round(100 * p)) for name, p in heard.ranked()[:GUESSES_SHOWN]],
        "language": words.tongue(blind.clip.language),
        "core": words.core_feelings(),
        "further": words.further_feelings(),
    }
    return render(request, "listen/step.html", facts)


def reconsidered(request: HttpRequest, blind: Rating) -> HttpResponse:
    """Keep the second answer and go on to the next clip."""
    try:
        ratings.reconsider(blind, by=request.user, emotion=request.POST.get("emotion", ""))
    except ratings.IncompleteAnswer as refusal:
        messages.warning(request, refusal.message)
        return redirect("listen-step", rating_id=blind.pk)
    except ratings.NotRateable as refusal:
        messages.warning(request, refusal.message)
    return redirect("listen")
