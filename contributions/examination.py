"""Screening: what a machine may decide about a clip, which is physics only.

The row is the obligation: a STORED clip that is due is examined by whoever claims it, its outcome is written behind
the fence, and three failed attempts bring it to a moderator. Emotion is never judged here: strict rules reject calm
and sad voices first, so accents, pauses and quiet voices pass.
"""

import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions import prelabelling, states, withdrawal
from contributions.audio import decode, quality, speech
from contributions.lengths import longest_seconds
from contributions.models import Clip, Examination
from openempathic import leases, moves, storage

log = logging.getLogger(__name__)

AGENT = "screening"
VERSION = "1"
ATTEMPTS_MAX = 3
RETRY_SECONDS = 10
PEAK_POINTS = 400


@dataclass(frozen=True)
class Rule:
    """One threshold on one measure: what it means to cross it, and where the number comes from."""

    reason: str
    measure: str
    is_broken: Callable[[float], bool]
    makes_unusable: bool
    source: str


# Starting rules, from a trial on acted clips in seven languages made before this code and not repeated with it.
RULES = (
    Rule("SILENT", "peak_dbfs", lambda x: x < -50, True, "no corpus of acted speech peaks below -50 dBFS"),
    Rule("NO_SPEECH", "speech_seconds", lambda x: x < 0.3, True, "webrtcvad level 1 on the raw level"),
    Rule("CLIPPED", "clipped_ratio", lambda x: x > 0.01, True, "over 1 % of samples at full scale"),
    Rule("QUIET", "peak_dbfs", lambda x: x < -40, False, "a rule at -40 dBFS would hit calm and sad voices only"),
    Rule("SLIGHTLY_CLIPPED", "clipped_ratio", lambda x: x > 0.001, False, "over 0.1 % of samples at full scale"),
)


@dataclass(frozen=True)
class Finding:
    """What was measured, and what follows."""

    measures: dict[str, Any]
    reason: str
    warnings: tuple[str, ...]
    duration_seconds: float | None

    @property
    def is_usable(self) -> bool:
        """Whether an ear should hear it."""
        return not self.reason


def examine_due(clip_id: UUID | str) -> Clip | None:
    """Claim the clip and screen it; None when it is not due or another worker has it."""
    owed = Clip.objects.filter(status=Clip.Status.STORED, next_attempt_at__isnull=False, attempts__lt=ATTEMPTS_MAX)
    claim = leases.claim(owed, clip_id, owner=leases.this_process(AGENT), seconds=settings.LEASE_SECONDS)
    if claim is None:
        return None
    clip = Clip.objects.get(pk=clip_id)
    try:
        examine(clip, claim)
    except moves.MovedMeanwhile:
        # Withdrawn, or taken over after our lease ran out: what we found is nobody's business now.
        withdrawal.erase_if_gone(clip)
        return None
    except Exception:
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        if withdrawal.erase_if_gone(clip):
            return None
        raise
    return clip


def examine(clip: Clip, claim: leases.Claim) -> None:
    """Measure the clip's sound, keep archive and outline, and move it where the rules say."""
    with tempfile.TemporaryDirectory(prefix="examination-") as folder:
        finding = screen(clip, Path(folder))
    settle(clip, finding, claim)


def screen(clip: Clip, folder: Path) -> Finding:
    """Decode in a contained child, measure, and store what is derived from a usable clip."""
    original, archive = storage.fetch(clip.original, folder / "original"), folder / "archive.flac"
    try:
        decoded = decode.decode(original, longest_seconds=longest_seconds(clip.mode), archive=archive)
    except decode.Undecodable as fault:
        return Finding(measures={}, reason=fault.reason, warnings=(), duration_seconds=None)
    finding = judge(measure(decoded), decoded.duration_seconds)
    if finding.is_usable:
        outline = quality.peaks(decoded.waveform, points=PEAK_POINTS)
        storage.put(clip.archive, archive)
        storage.put(clip.peaks, json.dumps([round(point, 3) for point in outline]).encode())
    return finding


def measure(decoded: decode.Decoded) -> dict[str, Any]:
    """Every measure with its unit in its name."""
    heard = speech.speech(decoded.waveform)
    return {
        "container": decoded.container,
        "codec": decoded.codec,
        "sample_rate_hz": decoded.sample_rate_hz,
        "channels": decoded.channels,
        "duration_seconds": decoded.duration_seconds,
        **{f"speech_{name}" if name in ("seconds", "ratio") else name: x for name, x in asdict(heard).items()},
        **asdict(quality.measure(decoded.waveform)),
    }


def judge(measures: dict[str, Any], duration_seconds: float) -> Finding:
    """Hold the measures against the rules; the first that makes a clip unusable names the reason."""
    broken = [rule for rule in RULES if rule.is_broken(measures[rule.measure])]
    fatal = [rule.reason for rule in broken if rule.makes_unusable]
    warnings = tuple(rule.reason for rule in broken if not rule.makes_unusable)
    return Finding(measures, fatal[0] if fatal else "", () if fatal else warnings, duration_seconds)


def settle(clip: Clip, finding: Finding, claim: leases.Claim) -> None:
    """Write the outcome behind the fence, in one transaction: examination, status, and what is owed next."""
    to = Clip.Status.IN_REVIEW if finding.is_usable else Clip.Status.UNUSABLE
    with transaction.atomic():
        states.move(
            clip,
            to=to,
            by=f"worker:{AGENT}",
            reason=finding.reason,
            claim=claim,
            duration_seconds=finding.duration_seconds,
            attempts=0,
            next_attempt_at=None,
            lease_owner="",
            lease_expires_at=None,
        )
        Examination.objects.create(
            clip=clip,
            agent=AGENT,
            version=VERSION,
            fence=claim.fence,
            measures=finding.measures,
            is_usable=finding.is_usable,
            reason=finding.reason,
            warnings=list(finding.warnings),
        )
        if finding.is_usable:
            prelabelling.owe(clip)
    log.info("Clip %s is %s %s", clip.pk, to, finding.reason)


def quarantine_exhausted() -> int:
    """Bring clips whose every attempt failed to a moderator; returns how many."""
    exhausted = Clip.objects.filter(
        status=Clip.Status.STORED, attempts__gte=ATTEMPTS_MAX, next_attempt_at__isnull=False
    ).exclude(lease_expires_at__gt=Now())
    moved = 0
    for clip in exhausted[:100]:
        try:
            states.move(clip, to=Clip.Status.QUARANTINED, by="sweep", reason="ATTEMPTS_FAILED", next_attempt_at=None)
        except moves.MovedMeanwhile:
            continue
        moved += 1
    return moved
