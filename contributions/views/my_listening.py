"""One's own listening: what was answered, how it lies beside the others' answers, and what that does not mean."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions import permissions
from contributions.models import RaterStanding, Rating
from contributions.views import words

# Fewer answers beside others' say too little to be told.
FEWEST_TOLD = 20


@login_required
@never_cache
@require_safe
def my_listening(request: HttpRequest) -> HttpResponse:
    """One's own answers by language; no rank, no pattern, nobody else's numbers but the others' among themselves."""
    standings = RaterStanding.objects.filter(rater=request.user.pk).order_by("-rating_count")
    facts = {
        "languages": [described(each) for each in standings],
        "answered": Rating.objects.counting().filter(rater=request.user.pk).count(),
        "may_listen": permissions.may_listen_at_all(request.user),
        "is_resting": permissions.is_paused(request.user),
        "fewest": FEWEST_TOLD,
    }
    return render(request, "listeners/me.html", facts)


def described(standing: RaterStanding) -> dict[str, Any]:
    """One language in the reader's words; agreement only once there is enough to tell it from."""
    agreement = standing.measures.get("agreement", {})
    is_told = agreement.get("items", 0) >= FEWEST_TOLD
    return {
        "language": words.tongue(standing.language),
        "standing": standing,
        "agreement": percent(agreement.get("share")) if is_told else None,
        "usual": percent(agreement.get("usual")) if is_told else None,
        "items": agreement.get("items", 0),
        "seconds": standing.measures.get("seconds"),
        "gold": standing.measures.get("gold", {}),
    }


def percent(share: float | None) -> int | None:
    """A share in whole hundredths; None where it is not known."""
    return None if share is None else round(100 * share)
