"""From a clip to every release, run and checkpoint that it went into, and back; by digests, so that it knows no run.

A checkpoint counts as having heard every clip of its release. Those that were dropped while it trained are counted too:
it heard them until then. Withdrawn means taken back, or no longer allowed for training.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from contributions.models import Clip, Purpose, Release, ReleaseClip
from openempathic.registry.champion import PUBLISHED, SERVING
from openempathic.registry.models import Checkpoint

# Of how many checkpoints a contributor reads beside each clip.
NEWEST = 10


@dataclass(frozen=True)
class Held:
    """One release that a clip is or was in, and the checkpoints that were made from it, in order of publication."""

    member: ReleaseClip
    checkpoints: tuple[Checkpoint, ...]

    @property
    def release(self) -> Release:
        """The release itself."""
        return self.member.release


def of_clip(clip: Clip) -> list[Held]:
    """The whole way of one clip, the oldest release first; two questions whatever it went through."""
    members = ReleaseClip.objects.filter(clip=clip).select_related("release").order_by("release__frozen_at")
    made = made_from(member.release.digest for member in members)
    return [Held(member, tuple(made.get(member.release.digest, ()))) for member in members]


def helped_by(clips: Iterable[Clip]) -> dict[UUID, list[Checkpoint]]:
    """For many clips at once which of the newest published checkpoints heard each, the oldest first.

    Two questions, and no more rows after years than after the first ten checkpoints.
    """
    newest = list(Checkpoint.objects.filter(status__in=SERVING).order_by("-published_at", "-pk")[:NEWEST])
    made: dict[str, list[Checkpoint]] = defaultdict(list)
    for checkpoint in reversed(newest):
        made[checkpoint.release_digest].append(checkpoint)
    members = ReleaseClip.objects.filter(clip__in=[clip.pk for clip in clips], taken_out_at=None)
    helped: dict[UUID, list[Checkpoint]] = defaultdict(list)
    for clip, digest in members.filter(release__digest__in=made).values_list("clip", "release__digest"):
        helped[clip] += made[digest]
    return {clip: sorted(found, key=lambda each: (each.published_at, each.pk)) for clip, found in helped.items()}


def made_from(digests: Iterable[str]) -> Mapping[str, list[Checkpoint]]:
    """The published checkpoints that learnt from each of these releases, by its digest, the oldest first."""
    made: dict[str, list[Checkpoint]] = defaultdict(list)
    published = Checkpoint.objects.filter(release_digest__in=set(digests), status__in=PUBLISHED)
    for checkpoint in published.order_by("published_at", "pk"):
        made[checkpoint.release_digest].append(checkpoint)
    return made


def releases_holding(clip: Clip) -> QuerySet[Release]:
    """The releases that the clip is or was in."""
    return Release.objects.filter(members__clip=clip).order_by("frozen_at")


def checkpoints_that_heard(clip: Clip) -> QuerySet[Checkpoint]:
    """The checkpoints that learnt from a release with the clip."""
    digests = releases_holding(clip).order_by().values("digest")
    return Checkpoint.objects.filter(release_digest__in=digests).order_by("published_at")


def members_heard_by(checkpoint: Checkpoint) -> QuerySet[ReleaseClip]:
    """The places of the clips that the checkpoint's release holds or held, by their keys."""
    return ReleaseClip.objects.filter(release__digest=checkpoint.release_digest).order_by("key")


def clips_heard_by(checkpoint: Checkpoint) -> set[UUID]:
    """Every clip that the checkpoint's release holds or held, as its manifest says."""
    return set(members_heard_by(checkpoint).order_by().values_list("clip_id", flat=True))


def withdrawn_heard_by(checkpoint: Checkpoint) -> int:
    """How many clips that the checkpoint has heard were withdrawn since."""
    return withdrawn_by_release([checkpoint.release_digest]).get(checkpoint.release_digest, 0)


def withdrawn_by_release(digests: Iterable[str]) -> dict[str, int]:
    """The same for many checkpoints in one question, by the digest of their release; none is left out."""
    allowed = Clip.objects.covered_by(Purpose.TRAIN_MODELS).values("pk")
    gone = ReleaseClip.objects.filter(release__digest__in=list(digests)).exclude(clip__in=allowed)
    return dict(gone.values_list("release__digest").annotate(count=Count("pk")).order_by())
