"""What waits, how fast it is done, and when it may be done: for moderators and curators."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions.screening import backlog as queues
from contributions.screening.backlog import Pace, Queue
from contributions.views.moderating import moderators_only

NAMES = {
    "screening": (
        gettext_lazy("For screening"),
        gettext_lazy("A machine measures the sound. It takes seconds, and needs a worker."),
    ),
    "suggestions": (
        gettext_lazy("For a suggestion"),
        gettext_lazy("The model listens. What it hears is shown to a listener only after their own answer."),
    ),
    "ears": (gettext_lazy("For listeners"), gettext_lazy("People say what they hear.")),
    "moderators": (gettext_lazy("For a moderator"), gettext_lazy("Found unusable, set aside, or disputed.")),
}
HOUR, DAY = 60, 24 * 60
FEWEST_TOLD = 0.5


@moderators_only
@never_cache
@require_safe
def backlog(request: HttpRequest) -> HttpResponse:
    """Every queue of the site, as it stands now."""
    now = timezone.now()
    facts = {
        "queues": [described(each) for each in queues.queues(now=now)],
        "workers": queues.workers(now=now),
        "now": now,
    }
    return render(request, "moderate/backlog.html", facts)


def described(queue: Queue) -> dict[str, Any]:
    """One queue in the reader's words."""
    name, meaning = NAMES[queue.name]
    return {
        "queue": queue,
        "name": name,
        "meaning": meaning,
        "paces": [(window_in_words(pace), speed(pace)) for pace in queue.paces],
        "left": left_in_words(queue),
    }


def window_in_words(pace: Pace) -> str:
    """Over which time."""
    return {
        timedelta(minutes=5): _("Pace, last 5 minutes"),
        timedelta(hours=1): _("Pace, last hour"),
        timedelta(days=1): _("Pace, last day"),
    }[pace.window]


def speed(pace: Pace) -> str:
    """How many a minute; what is too slow for that, an hour or a day."""
    for times, text in (
        (1, gettext_noop("%(number)s a minute")),
        (HOUR, gettext_noop("%(number)s an hour")),
    ):
        if pace.per_minute * times >= FEWEST_TOLD:
            return _(text) % {"number": written(pace.per_minute * times)}
    return _("%(number)s a day") % {"number": written(pace.per_minute * DAY)}


def written(number: float) -> str:
    """As many digits as tell something."""
    digits = 0 if number >= 10 or number == int(number) else 1
    return number_format(number, decimal_pos=digits)


def left_in_words(queue: Queue) -> str:
    """When it may be done, as one would say it."""
    if not queue.waiting:
        return _("nothing waits")
    if queue.minutes_left is None:
        return _("nobody can say: nothing was done in the last day")
    left = about(queue.minutes_left)
    return _("at least %(time)s") % {"time": left} if queue.is_more else left


def about(minutes: float) -> str:
    """A stretch of time as one would say it."""
    if minutes < 1:
        return _("less than a minute")
    if minutes < 1.5 * HOUR:
        count = round(minutes)
        return ngettext("about %(count)s minute", "about %(count)s minutes", count) % {"count": count}
    if minutes < 2 * DAY:
        count = round(minutes / HOUR)
        return ngettext("about %(count)s hour", "about %(count)s hours", count) % {"count": count}
    count = round(minutes / DAY)
    return ngettext("about %(count)s day", "about %(count)s days", count) % {"count": count}
