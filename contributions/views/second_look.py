"""The step after a blind answer: *keep* or *change*, with what the model heard or, by lot, without it."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions.listening import ratings, refusals
from contributions.models import Rating, Suggestion
from contributions.views import hearing, words
from contributions.views.hearing import for_accounts

# How many of the model's guesses are shown: more would be read as more than they are.
GUESSES_SHOWN = 3


@dataclass(frozen=True)
class Guess:
    """One feeling that the model heard, and how sure it was."""

    feeling: words.Choice
    percent: int


@for_accounts
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, rating_id: UUID) -> HttpResponse:
    """One's own stored answer once more, to keep or to change; without a step the way to the next clip."""
    own = Rating.objects.filter(rater_id=request.user.pk, phase=Rating.Phase.BLIND)
    blind = get_object_or_404(own.select_related("clip__prompt"), pk=rating_id)
    if request.method == "POST":
        return reconsidered(request, blind)
    following = ratings.step_after(blind)
    if following is None:
        return redirect("listen")
    facts = {
        "rating": blind,
        **hearing.sound(blind.clip),
        "mine": words.feeling(blind.emotion),
        "suggestion": following.suggestion,
        "guesses": guesses(following.suggestion),
        "core": words.core_feelings(),
        "further": words.further_feelings(),
    }
    return render(request, "listen/step.html", facts)


def guesses(suggestion: Suggestion | None) -> list[Guess]:
    """What the model heard, most probable first; nothing where nothing is shown."""
    ranked = suggestion.ranked() if suggestion else []
    return [Guess(words.feeling(name), round(100 * p)) for name, p in ranked[:GUESSES_SHOWN]]


def reconsidered(request: HttpRequest, blind: Rating) -> HttpResponse:
    """Keep the second answer and go on to the next clip."""
    try:
        ratings.reconsider(blind, by=request.user, emotion=request.POST.get("emotion", ""))
    except refusals.IncompleteAnswer as refusal:
        messages.warning(request, refusal.message)
        return redirect("listen-step", rating_id=blind.pk)
    except refusals.NotRateable as refusal:
        messages.warning(request, refusal.message)
    return redirect("listen")
