"""Suggestions: what the champion hears in a clip, owed as a row and made by a worker.

A worker asks who the champion is for each clip, so a new version is used without a restart. Until the first champion
the seed head listens, unless the site has switched it off: then nothing is owed, and review goes on. A suggestion is
served by `ratings` only, after the blind answer.

A champion whose files or signature are not what was published is refused once, and the one before goes on; it is tried
again every minute. What a refused or retracted one still owed, whoever suggests now owes in its place.
"""

import logging
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from contributions.listening import queue, seed
from contributions.models import Clip, Purpose, Suggestion
from contributions.screening.lengths import longest_seconds
from openempathic import leases, storage
from openempathic.registry.champion import SERVING, NotFetchable, Unsound, accept, fetch, refuse, suggester
from openempathic.registry.models import Checkpoint

if TYPE_CHECKING:
    from training.clara import Clara

log = logging.getLogger(__name__)

AGENT = "prelabelling"
ATTEMPTS_MAX = 3
RETRY_SECONDS = 20
AWAITING = (Clip.Status.IN_REVIEW, Clip.Status.DISPUTED)


# So many rows are owed at once to clips that had waited before: one that has just come in is heard within moments.
BACKLOG_AT_ONCE = 100
TRIED_AT_ONCE = 3


class NotSuggestable(Exception):
    """The model could not listen: its files are missing, corrupt, or the clip is gone."""


class StorageAway(NotSuggestable):
    """The store does not answer, which is nobody's failed attempt."""


class NotSound(NotSuggestable):
    """The checkpoint itself is at fault: its files or its signature are not what was published."""


def owe(clip: Clip) -> None:
    """Note that the champion or the seed head should listen to the clip, if there is one."""
    if holder := suggester():
        Suggestion.objects.get_or_create(clip=clip, checkpoint=holder, defaults={"next_attempt_at": Now()})


def owe_backlog(*, at_most: int = BACKLOG_AT_ONCE) -> int:
    """Owe the suggestion of whoever suggests now for clips that still await an ear; returns how many were added.

    Called every sweep, a part at a time until nobody waits. What a seed head still owed before is owed no longer.
    """
    seed.plant()
    holder = suggester()
    forget_seeds(besides=holder)
    if holder is None:
        return 0
    owed = Suggestion.objects.filter(checkpoint=holder, scores__isnull=True, next_attempt_at__isnull=False)
    room = at_most - owed[:at_most].count()
    if room <= 0:
        return 0
    made = Suggestion.objects.filter(clip=OuterRef("pk"), checkpoint=holder)
    lacking = Clip.objects.filter(status__in=AWAITING).exclude(Exists(made))[:room]
    rows = [Suggestion(clip=clip, checkpoint=holder, next_attempt_at=Now()) for clip in lacking]
    # Two sweeps may see the same clips: the second adds nothing.
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def forget_seeds(*, besides: Checkpoint | None) -> None:
    """Owe no longer what a seed head has not heard yet, once a champion or another seed head suggests, or nobody."""
    theirs = Suggestion.objects.filter(
        checkpoint__status=Checkpoint.Status.SEED, scores__isnull=True, next_attempt_at__isnull=False
    )
    pks = theirs.exclude(checkpoint=besides) if besides else theirs
    # Asked first: an update takes the lock of the whole of SQLite, and this is swept every two seconds.
    if pks.exists():
        Suggestion.objects.filter(pk__in=pks.values("pk"), scores__isnull=True).update(next_attempt_at=None)


def give_up_exhausted() -> int:
    """Owe no longer what every attempt has failed at, also where each worker died of it; returns how many."""
    exhausted = Suggestion.objects.filter(
        attempts__gte=ATTEMPTS_MAX, next_attempt_at__isnull=False, scores__isnull=True
    )
    return exhausted.exclude(lease_expires_at__gt=Now()).update(next_attempt_at=None)


def prelabel_due(suggestion_id: int) -> Suggestion | None:
    """Claim the suggestion and make it; None when it is not due, another has it, or it is not wanted any more."""
    claim = leases.claim_owed(Suggestion.objects.filter(attempts__lt=ATTEMPTS_MAX), suggestion_id, by=AGENT)
    if claim is None:
        return None
    suggestion = Suggestion.objects.select_related("clip", "checkpoint").get(pk=suggestion_id)
    if is_out_of_service(suggestion.checkpoint):
        hand_on(suggestion, claim)
        return None
    try:
        scores = listen(suggestion.clip, suggestion.checkpoint)
    except NotSound as reason:
        refuse(suggestion.checkpoint, str(reason), by=f"worker:{AGENT}")
        hand_on(suggestion, claim)
        return None
    except NotSuggestable as reason:
        log.warning("No suggestion for %s: %s", suggestion.clip_id, reason)
        leases.fenced(claim).update(failure=str(reason)[:200])
        is_away = isinstance(reason, StorageAway)
        pause = RETRY_SECONDS if is_away else retry_after(suggestion.attempts)
        leases.give_back(claim, retry_in_seconds=pause, is_forgiven=is_away)
        return None
    keep(scores, claim)
    # How much it doubts decides how soon people should hear it; a worker that dies before leaves it where it was.
    queue.follow(suggestion.clip)
    # Not there where the clip was purged meanwhile.
    return Suggestion.objects.filter(pk=suggestion_id).first()


def is_out_of_service(checkpoint: Checkpoint) -> bool:
    """Whether nobody may use the checkpoint now."""
    return checkpoint.status == Checkpoint.Status.RETRACTED or bool(checkpoint.refused_reason)


def hand_on(suggestion: Suggestion, claim: leases.Claim) -> None:
    """Owe the clip the suggestion of whoever suggests now; the other's row goes, and is owed anew once it is sound."""
    leases.fenced(claim).filter(scores__isnull=True).delete()
    if suggestion.clip.status in AWAITING:
        owe(suggestion.clip)


def try_refused() -> int:
    """Try again the checkpoints that were refused; returns how many are sound again."""
    refused = Checkpoint.objects.filter(status__in=SERVING).exclude(refused_reason="")
    return sum(is_sound_again(checkpoint) for checkpoint in refused.order_by("-crowned_at")[:TRIED_AT_ONCE])


def is_sound_again(checkpoint: Checkpoint) -> bool:
    """Whether the refused checkpoint can be loaded now; then it serves again."""
    try:
        loaded(checkpoint)
    except NotSuggestable as reason:
        log.warning("Checkpoint %s stays refused: %s", checkpoint.version, reason)
        return False
    accept(checkpoint, by=f"worker:{AGENT}")
    return True


def retry_after(attempts: int) -> float | None:
    """Another try after a pause, until the attempts are spent; then review goes on without."""
    return RETRY_SECONDS if attempts < ATTEMPTS_MAX else None


def keep(scores: dict[str, float], claim: leases.Claim) -> None:
    """Write the scores behind the fence, unless the clip was withdrawn meanwhile; nothing is owed afterwards."""
    ours = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).values("pk")
    leases.fenced(claim).filter(clip__in=ours).update(
        scores=scores,
        emotion=max(scores, key=lambda emotion: scores[emotion]),
        failure="",
        made_at=Now(),
        next_attempt_at=None,
        lease_owner="",
        lease_expires_at=None,
    )


def listen(clip: Clip, checkpoint: Checkpoint) -> dict[str, float]:
    """The checkpoint's probability for each emotion it knows; raises NotSuggestable."""
    # Pages that give verdicts owe suggestions, and load no sound.
    from contributions.audio import decode

    if not Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=clip.pk).exists():
        raise NotSuggestable("the clip is no longer ours to hear")
    clara = loaded(checkpoint)
    with tempfile.TemporaryDirectory(prefix="prelabelling-") as folder:
        try:
            archive = storage.fetch(clip.archive, Path(folder) / "archive.flac")
            decoded = decode.decode(archive, longest_seconds=longest_seconds(clip.mode))
        except storage.AWAY as fault:
            raise StorageAway(f"its sound cannot be read now: {fault}") from fault
        except (storage.StorageError, decode.Undecodable) as fault:
            raise NotSuggestable(f"its sound cannot be read: {fault}") from fault
    return {emotion: round(float(score), 5) for emotion, score in clara.suggest(decoded.waveform).items()}


def loaded(checkpoint: Checkpoint) -> "Clara":
    """The checkpoint, ready to listen; raises NotSound when its files are missing or corrupt, else NotSuggestable."""
    from training.clara import CorruptCheckpoint

    try:
        if checkpoint.is_seed:
            return seed.loaded(checkpoint)
        return load_once(str(fetch(checkpoint, into=settings.VAR / "checkpoints")))
    except (Unsound, CorruptCheckpoint) as fault:
        raise NotSound(str(fault)) from fault
    except NotFetchable as away:
        raise StorageAway(str(away)) from away
    except seed.NotHere as fault:
        raise NotSuggestable(str(fault)) from fault


@lru_cache(maxsize=2)
def load_once(folder: str) -> Any:
    """A model is loaded once a process, and kept for the next clip; the folder's name is its digest."""
    import torch

    from training.clara import Clara

    torch.set_num_threads(1)
    return Clara.load(folder)
