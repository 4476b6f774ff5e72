"""What is there and what is missing, for everybody to see."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contributions.asking import gaps
from contributions.views import words


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Each language with its voices and clips by feeling, and what it still needs."""
    picture = gaps.picture()
    facts = {
        "tongues": [described(tongue) for tongue in picture.tongues],
        "waiting": [words.tongue(tag) for tag in picture.waiting],
        "feelings": words.core_feelings(),
        "counted_at": picture.counted_at,
        "fewest": gaps.FEWEST_VOICES,
        "wanted": settings.VOICES_WANTED,
    }
    return render(request, "pages/coverage.html", facts)


def described(tongue: gaps.Tongue) -> dict[str, Any]:
    """One language in the reader's words."""
    return {
        "facts": tongue,
        "language": words.tongue(tongue.tag),
        "missed": [words.feeling(emotion).label for emotion in tongue.missed],
    }
