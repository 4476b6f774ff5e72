"""Screening: what a machine may decide about a clip, which is physics only.

The row is the obligation: a STORED clip that is due is examined by whoever claims it, its outcome is written behind
the fence, and three failed attempts bring it to a moderator. Emotion is never judged here: strict rules reject calm
and sad voices first, so accents, pauses and quiet voices pass.
"""

import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions import prelabelling, rules, self_reports, states, verdicts, withdrawal
from contributions.audio import decode, dnsmos, examiner, quality, spectrogram
from contributions.lengths import longest_seconds
from contributions.models import Clip, Examination, RulesVersion
from contributions.taxonomy.screening import Rule
from openempathic import leases, moves, storage

log = logging.getLogger(__name__)

AGENT = Examination.Agent.SCREENING.value
ATTEMPTS_MAX = 3
RETRY_SECONDS = 10
PEAK_POINTS = 400


@dataclass(frozen=True)
class Screened:
    """What was found of a clip, and the version of the rules that it was held against."""

    finding: rules.Finding
    version: RulesVersion


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
    """Measure the clip's sound, keep what the pages show of it, and move it where the rules say."""
    with tempfile.TemporaryDirectory(prefix="examination-") as folder:
        screened = screen(clip, Path(folder))
    settle(clip, screened, claim)


def screen(clip: Clip, folder: Path) -> Screened:
    """Decode in a contained child, measure, judge, and store what is derived from a clip that can be heard at all."""
    original, archive = storage.fetch(clip.original, folder / "original"), folder / "archive.flac"
    version = rules.current()
    try:
        decoded = decode.decode(original, longest_seconds=longest_seconds(clip.mode), archive=archive)
    except decode.Undecodable as fault:
        return Screened(rules.Finding({}, reason=fault.reason), version)
    keep_derived(clip, decoded, archive)
    return Screened(judged(clip, decoded, rules.table(version)), version)


def keep_derived(clip: Clip, decoded: decode.Decoded, archive: Path) -> None:
    """Store what the pages play and draw, of unusable clips too: a moderator may have to hear them.

    Each run over the same original gives the same bytes.
    """
    storage.put(clip.archive, archive)
    storage.put(clip.peaks, json.dumps(quality.peaks(decoded.waveform, points=PEAK_POINTS)).encode())
    storage.put(clip.spectrogram, spectrogram.picture(decoded.waveform))


def judged(clip: Clip, decoded: decode.Decoded, table: tuple[Rule, ...]) -> rules.Finding:
    """Measure and judge; what a moderator heard and found no fault is held against the clip no more.

    Advice is dear and read by moderators only, so it is asked of a clip that some rule has stumbled over.
    """
    asked = {"rules": table, "mode": clip.mode, "styles": styles_of(clip), "passed": verdicts.overturned(clip)}
    measures = examiner.measure(decoded, second_opinion=True)
    finding = rules.judge(measures, **asked)
    if finding.is_usable and not finding.warnings:
        return finding
    return rules.judge(measures | {"dnsmos_overall": dnsmos.overall(decoded.waveform)}, **asked)


def styles_of(clip: Clip) -> tuple[str, ...]:
    """In what manners its speaker says that they spoke, as far as they have said it yet."""
    said = self_reports.newest([clip.pk]).get(clip.pk)
    return tuple(said.styles) if said else ()


def settle(clip: Clip, screened: Screened, claim: leases.Claim) -> None:
    """Write the outcome behind the fence, in one transaction: examination, status, and what is owed next."""
    finding = screened.finding
    to = Clip.Status.IN_REVIEW if finding.is_usable else Clip.Status.UNUSABLE
    with transaction.atomic():
        states.move(
            clip,
            to=to,
            by=f"worker:{AGENT}",
            reason=finding.reason,
            claim=claim,
            duration_seconds=finding.measures.get("duration_seconds"),
            attempts=0,
            next_attempt_at=None,
            lease_owner="",
            lease_expires_at=None,
        )
        Examination.objects.create(
            clip=clip,
            agent=AGENT,
            version=examiner.VERSION,
            fence=claim.fence,
            rules=screened.version,
            measures=finding.measures,
            is_usable=finding.is_usable,
            reason=finding.reason,
            warnings=list(finding.warnings),
            notes=list(finding.notes),
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
