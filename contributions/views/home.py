"""The first page with its live figures."""

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from contributions.models import Clip
from contributions.views.words import Choice, core_names, feeling
from openempathic.registry.champion import champion

# The page is everybody's first: however many come at once, each process counts once in so long.
KEPT_SECONDS = 60
MINUTE, HOUR = 60, 3600
WAITING = (Clip.Status.STORED, Clip.Status.IN_REVIEW, Clip.Status.DISPUTED)
# The picture's height and the height of nothing, in its own units.
PICTURE, DOT = 96, 8
NEEDED_MAX = 3


@dataclass(frozen=True)
class Heard:
    """One of the seven feelings, how much of it was accepted, and its bar in the picture."""

    feeling: Choice
    time: str
    height: int
    top: int


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is in one breath, and how far it has come."""
    figures = cache.get_or_set("figures-of-the-first-page", figures_now, KEPT_SECONDS) or figures_now()
    told = {"figures": figures, "time": time_in_words(figures["seconds"]), "champion": champion()}
    return render(request, "home.html", told | {"heard": heard(figures), "needed": needed(figures)})


def figures_now() -> dict[str, float]:
    """What volunteers have given and not taken back; of what was accepted the seconds, in all and for each feeling."""
    clips = Clip.objects.live().exclude(status=Clip.Status.UNUSABLE).filter(licence__isnull=True)
    given = clips.aggregate(
        languages=Count("language", distinct=True),
        contributors=Count("contributor", distinct=True),
        waiting=Count("pk", filter=Q(status__in=WAITING)),
        seconds=Sum("duration_seconds", filter=Q(status=Clip.Status.ACCEPTED), default=0.0),
    )
    accepted = clips.filter(status=Clip.Status.ACCEPTED, intended_emotion__in=core_names())
    by_emotion = accepted.values_list("intended_emotion").annotate(Sum("duration_seconds", default=0.0))
    return given | dict.fromkeys(core_names(), 0.0) | dict(by_emotion)


def heard(figures: dict[str, float]) -> list[Heard]:
    """The seven feelings, each with what was accepted of it."""
    most = max(figures[name] for name in core_names())
    return [bar(name, figures[name], most=most) for name in core_names()]


def bar(name: str, seconds: float, *, most: float) -> Heard:
    """The feeling's part of the picture; where nothing was given it is a dot."""
    height = DOT + round((PICTURE - DOT) * seconds / most) if most else DOT
    time = time_in_words(seconds) if seconds else _("nothing yet")
    return Heard(feeling(name), time, height=height, top=(PICTURE - height) // 2)


def needed(figures: dict[str, float]) -> list[Choice]:
    """The feelings that were given least; none while all are alike."""
    least_first = sorted(core_names(), key=lambda name: figures[name])
    fewer = [name for name in least_first if figures[name] < figures[least_first[-1]]]
    return [feeling(name) for name in fewer[:NEEDED_MAX]]


def time_in_words(seconds: float) -> str:
    """So much time in its largest fitting unit, rounded down: what is little is not made to look like more."""
    if seconds < MINUTE:
        return ngettext("%(count)s second", "%(count)s seconds", int(seconds)) % {"count": int(seconds)}
    if seconds < 2 * HOUR:
        minutes = int(seconds // MINUTE)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = int(seconds // HOUR)
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
