"""My progress: what a person gave and heard, a goal if they set one, and the checkpoints that their clips helped.

Kind words go by clips that were accepted and clips that were listened to alike; how strong a feeling was counts for
nothing, so that nobody is paid for being upset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from contributions.models import Clip, Contributor, Goal, Rating, Release, ReleaseClip
from contributions.models.coming_back import CLIPS_A_WEEK_MAX
from openempathic import audit
from openempathic.registry.models import Checkpoint

S = Clip.Status
PUBLISHED = (Checkpoint.Status.CHAMPION, Checkpoint.Status.PREVIOUS)
# From so many clips accepted or heard on, these words.
REWARDS = ((0, "beginning"), (1, "first"), (10, "ten"), (50, "fifty"), (200, "two-hundred"), (1000, "thousand"))


class NotAGoal(Exception):
    """The number is none that a person could give in a week."""


@dataclass(frozen=True)
class Progress:
    """What one person did, with all their voices."""

    given: int
    accepted: int
    listened: int
    days: int
    this_week: int
    goal: int | None

    @property
    def reward(self) -> str:
        """Which kind words are due, by clips accepted and clips listened to alike."""
        return next(word for least, word in reversed(REWARDS) if self.accepted + self.listened >= least)

    @property
    def is_reached(self) -> bool:
        """Whether the week's goal, if there is one, is reached."""
        return self.goal is not None and self.this_week >= self.goal


@dataclass(frozen=True)
class Helped:
    """A published checkpoint, which of them it is in order, and how many of one person's clips its release holds."""

    checkpoint: Checkpoint
    number: int
    clips: int


def of(voices: list[Contributor], person: Any, *, now: datetime) -> Progress:
    """The progress of a person with these voices; a guest listens to nobody."""
    given = Clip.objects.of(voices).live().exclude(status=S.UNUSABLE)
    heard = Rating.objects.filter(rater=person.pk, phase=Rating.Phase.BLIND) if person.pk else Rating.objects.none()
    days = {*given.dates("stored_at", "day"), *heard.dates("rated_at", "day")}
    goal = Goal.objects.filter(contributor__in=voices).order_by("-set_at").first()
    return Progress(
        given=given.count(),
        accepted=given.filter(status=S.ACCEPTED).count(),
        listened=heard.count(),
        days=len(days),
        this_week=given.filter(stored_at__gt=now - timedelta(days=7)).count(),
        goal=goal.clips_a_week if goal else None,
    )


def set_goal(contributor: Contributor, clips_a_week: int | None, *, by: Any) -> None:
    """Keep the goal, or none; raises NotAGoal. The log tells nothing of it: it is the person's own affair."""
    if clips_a_week is not None and not 1 <= clips_a_week <= CLIPS_A_WEEK_MAX:
        raise NotAGoal
    with transaction.atomic():
        if clips_a_week is None:
            Goal.objects.filter(contributor=contributor).delete()
        else:
            Goal.objects.update_or_create(contributor=contributor, defaults={"clips_a_week": clips_a_week})
        audit.record("contributor.goal_set", subject=contributor, by=by)


def helped(voices: Iterable[Contributor]) -> list[Helped]:
    """The published checkpoints whose release holds live clips of these voices, the newest first."""
    counts = held_by_release(Clip.objects.of(voices))
    published = Checkpoint.objects.filter(status__in=PUBLISHED, release_digest__in=counts)
    newest_first = published.order_by("-published_at", "-pk")
    return [Helped(each, each.number or 0, counts[each.release_digest]) for each in newest_first]


def held_by_release(clips: "QuerySet[Clip]") -> dict[str, int]:
    """How many of these clips, as far as they live, each training release holds; by its digest."""
    held = ReleaseClip.objects.filter(clip__in=clips.exclude(status__in=(S.WITHDRAWN, S.PURGED)).values("pk"))
    held = held.filter(release__kind=Release.Kind.TRAINING, taken_out_at=None)
    return dict(held.values_list("release__digest").annotate(count=Count("pk")).order_by())
