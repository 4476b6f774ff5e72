"""Screening: what a machine may decide about a clip, which is physics only.

The row is the obligation: a STORED clip that is due is examined by whoever claims it, its outcome is written behind
the fence, and three failed attempts bring it to a moderator. Emotion is never judged here: strict rules reject calm
and sad voices first, so accents, pauses and quiet voices pass.
"""

import json
import logging
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions import self_reports, states
from contributions.audio import decode, dnsmos, examiner, fingerprint, quality, spectrogram
from contributions.leaving import withdrawal
from contributions.listening import prelabelling
from contributions.models import Clip, Examination, RulesVersion
from contributions.screening import duplicates, rules, verdicts
from contributions.screening.lengths import longest_seconds
from contributions.taxonomy.screening import Rule
from openempathic import leases, moves, storage

log = logging.getLogger(__name__)

AGENT = Examination.Agent.SCREENING.value
ATTEMPTS_MAX = 3
RETRY_SECONDS = 10
PEAK_POINTS = 400


@dataclass(frozen=True)
class Screened:
    """What was found of a clip, by which version of the rules, and the clip that is the same; no sound, no twin."""

    finding: rules.Finding
    version: RulesVersion
    decoded: decode.Decoded | None = None
    twin: duplicates.Twin | None = None
    passed: frozenset[str] = frozenset()

    @property
    def outcome(self) -> tuple[str, str]:
        """Where the clip goes, and why."""
        if not self.finding.is_usable:
            return Clip.Status.UNUSABLE, self.finding.reason
        return (Clip.Status.QUARANTINED, self.twin.kind) if self.twin else (Clip.Status.IN_REVIEW, "")


def examine_due(clip_id: UUID | str) -> Clip | None:
    """Claim the clip and screen it; None when it is not due or another worker has it."""
    claim = leases.claim_owed(
        Clip.objects.filter(status=Clip.Status.STORED, attempts__lt=ATTEMPTS_MAX), clip_id, by=AGENT
    )
    if claim is None:
        return None
    clip = Clip.objects.get(pk=clip_id)
    try:
        examine(clip, claim)
    except moves.MovedMeanwhile:
        # Withdrawn, or taken over after our lease ran out: what we found is nobody's business now.
        withdrawal.erase_if_gone(clip)
        return None
    except Exception as fault:
        # A store that is away is nobody's failed attempt: half a minute of it would bring every clip to a moderator.
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS, is_forgiven=isinstance(fault, storage.AWAY))
        if withdrawal.erase_if_gone(clip):
            return None
        raise
    return clip


def examine(clip: Clip, claim: leases.Claim) -> None:
    """Measure the clip's sound, keep what the pages show of it, and move it where the rules say."""
    with tempfile.TemporaryDirectory(prefix="examination-") as folder:
        screened = screen(clip, Path(folder))
    try:
        settle(clip, screened, claim)
    except duplicates.TwinKeptMeanwhile as same:
        # Another worker let the same sound in a moment before: the verdict was undone, but not in our copy of the row.
        clip.status = Clip.Status.STORED
        settle(clip, replace(screened, twin=same.twin), claim)


def screen(clip: Clip, folder: Path) -> Screened:
    """Decode in a contained child, measure, judge, and store what is derived from a clip that can be heard at all."""
    original, archive = storage.fetch(clip.original, folder / "original", sha256=clip.sha256), folder / "archive.flac"
    version = rules.current()
    try:
        decoded = decode.decode(original, longest_seconds=longest_seconds(clip.mode), archive=archive)
    except decode.Undecodable as fault:
        return Screened(rules.Finding({}, reason=fault.reason), version)
    keep_derived(clip, decoded, archive)
    passed = verdicts.overturned(clip)
    finding = judged(clip, decoded, rules.table(version), passed)
    return Screened(finding, version, decoded, twin_of(clip, decoded, passed) if finding.is_usable else None, passed)


def keep_derived(clip: Clip, decoded: decode.Decoded, archive: Path) -> None:
    """Store what the pages play and draw, of unusable clips too: a moderator may have to hear them.

    Each run over the same original gives the same bytes.
    """
    storage.put(clip.archive, archive)
    storage.put(clip.peaks, json.dumps(quality.peaks(decoded.waveform, points=PEAK_POINTS)).encode())
    storage.put(clip.spectrogram, spectrogram.picture(decoded.waveform))


def judged(clip: Clip, decoded: decode.Decoded, table: tuple[Rule, ...], passed: frozenset[str]) -> rules.Finding:
    """Measure and judge; what a moderator heard and found no fault is held against the clip no more.

    Advice is dear and read by moderators only, so it is asked of a clip that some rule has stumbled over.
    """
    held = partial(rules.judge, rules=table, mode=clip.mode, styles=styles_of(clip), passed=passed)
    measures = examiner.measure(decoded, second_opinion=True)
    finding = held(measures)
    if finding.is_usable and not finding.warnings:
        return finding
    return held(measures | {"dnsmos_overall": dnsmos.overall(decoded.waveform)})


def styles_of(clip: Clip) -> tuple[str, ...]:
    """In what manners its speaker says that they spoke, as far as they have said it yet."""
    said = self_reports.newest([clip.pk]).get(clip.pk)
    return tuple(said.styles) if said else ()


def twin_of(clip: Clip, decoded: decode.Decoded, passed: frozenset[str]) -> duplicates.Twin | None:
    """The clip that is here already, unless a moderator heard both and let this one pass."""
    twin = duplicates.twin_of(clip, decoded) if settings.SEEK_DUPLICATES else None
    return None if twin and twin.kind in passed else twin


def settle(clip: Clip, screened: Screened, claim: leases.Claim) -> None:
    """Write the outcome behind the fence, in one transaction: examinations, status, fingerprint, what is owed next.

    Raises TwinKeptMeanwhile where the same sound was let in since it was looked for.
    """
    to, reason = screened.outcome
    with transaction.atomic():
        states.move(
            clip,
            to=to,
            by=f"worker:{AGENT}",
            reason=reason,
            claim=claim,
            duration_seconds=screened.finding.measures.get("duration_seconds"),
            attempts=0,
            next_attempt_at=None,
            lease_owner="",
            lease_expires_at=None,
        )
        keep_opinions(clip, screened, claim.fence)
        if screened.decoded is not None and settings.SEEK_DUPLICATES:
            keep_fingerprint(clip, screened.decoded, screened.passed)
        if to == Clip.Status.IN_REVIEW:
            prelabelling.owe(clip)
    log.info("Clip %s is %s %s", clip.pk, to, reason)


def keep_opinions(clip: Clip, screened: Screened, fence: int) -> None:
    """One row for what screening says of the sound, and one for the twin where there is one."""
    finding = screened.finding
    Examination.objects.create(
        clip=clip,
        agent=AGENT,
        version=examiner.VERSION,
        fence=fence,
        rules=screened.version,
        measures=finding.measures,
        is_usable=finding.is_usable,
        reason=finding.reason,
        warnings=list(finding.warnings),
        notes=list(finding.notes),
    )
    if twin := screened.twin:
        Examination.objects.create(
            clip=clip,
            agent=Examination.Agent.DUPLICATES,
            version=fingerprint.VERSION,
            fence=fence,
            score=twin.score,
            is_usable=False,
            reason=twin.kind,
            twin=twin.clip,
        )


def keep_fingerprint(clip: Clip, decoded: decode.Decoded, passed: frozenset[str]) -> None:
    """Keep what the clip is known again by; one whose twin a moderator let pass has kept its own already."""
    try:
        duplicates.keep(clip, decoded)
    except duplicates.TwinKeptMeanwhile as same:
        if same.twin.kind not in passed:
            raise


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
