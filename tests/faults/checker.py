"""Compares what clients were told with what the site has: rows, stored bytes, and effects that must be there once.

`check(stage, ledger)` asks the database and the storage themselves; `compared` is the judgement alone, on plain values,
so that it can be shown made-up ledgers.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.ledger import Entry, Ledger
from tests.faults.stage import Stage

# What screening leaves of every clip that can be decoded, beside its original.
DERIVED = ("archive.flac", "peaks.json", "spectrogram.png")
# Where a clip may stand when its screening is over; where a suggestion is owed as well; and what is a lost cause.
SCREENED = {"IN_REVIEW", "UNUSABLE", "QUARANTINED"}
GIVEN_UP = "ATTEMPTS_FAILED"

CLIPS = "SELECT CAST(id AS VARCHAR(36)), sha256, status, status_reason, fence FROM contributions_clip"
EXAMINATIONS = "SELECT CAST(clip_id AS VARCHAR(36)) FROM contributions_examination WHERE agent = 'screening'"
ACTS = "SELECT subject_id, act FROM audit_auditevent WHERE subject_type = 'contributions.clip'"
SUGGESTIONS = (
    "SELECT CAST(clip_id AS VARCHAR(36)), checkpoint_id, scores IS NOT NULL, fence FROM contributions_suggestion"
)


@dataclass(frozen=True)
class Row:
    """A clip as the database has it; `fence` counts how often it was claimed."""

    sha256: str
    status: str
    reason: str = ""
    fence: int = 1


@dataclass(frozen=True)
class Facts:
    """What the site has, clips by their id as people write it."""

    clips: dict[str, Row]
    # Storage key to the digest of the bytes there.
    objects: dict[str, str]
    examinations: Counter[str]
    # (clip, act) to how often the log of acts has it.
    acts: Counter[tuple[str, str]]
    # (clip, checkpoint) to how often it has scores; 0: owed, and not made.
    suggestions: Counter[tuple[str, str]]
    claims_of_suggestions: int = 0


@dataclass
class Outcome:
    """How it went, in numbers; `found` says each thing that was lost or doubled in words."""

    acknowledged: int
    lost: int
    doubled: int
    # Attempts that came to nothing: claims beyond the one that settled a clip or a suggestion.
    wasted: int
    # Clips that a moderator must look at because every attempt failed: here, and sound, but nobody's fault of theirs.
    given_up: int
    # Objects in storage, and rows, that no acknowledgement names.
    orphans: int
    errors_5xx: int
    unanswered: int
    p99_seconds: float
    added_p99_seconds: float
    recovery_seconds: float = 0.0
    recovery_limit_seconds: float = 0.0
    found: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """One JSON line; of what was lost or doubled the first ten."""
        numbers = {name: round(x, 3) if isinstance(x, float) else x for name, x in asdict(self).items()}
        told = numbers.pop("told")
        return json.dumps({**told, **numbers, "found": self.found[:10]})


def check(stage: Stage, ledger: Ledger, *, quiet_until: float = 0.0, **told: Any) -> Outcome:
    """Compare the clients' ledger with what database and storage hold at this moment.

    What was begun before `quiet_until` (seconds since the epoch) met no faults: its 99th percentile is the measure of
    what faults added. What is `told` besides goes into the line as it is.
    """
    outcome = compared(list(ledger.entries()), facts_of(stage), quiet_until=quiet_until)
    outcome.told = {"shape": stage.shape, "seed": stage.seed, **told}
    return outcome


def facts_of(stage: Stage) -> Facts:
    """Ask the database and the storage themselves, past any proxy."""
    suggestions: Counter[tuple[str, str]] = Counter()
    claims = 0
    for clip, checkpoint, is_made, fence in stage.rows(SUGGESTIONS):
        suggestions[dashed(clip), str(checkpoint)] += int(is_made)
        claims += fence
    return Facts(
        clips={dashed(pk): Row(*row) for pk, *row in stage.rows(CLIPS)},
        objects=stage.objects(),
        examinations=Counter(dashed(pk) for (pk,) in stage.rows(EXAMINATIONS)),
        acts=Counter((dashed(pk), act) for pk, act in stage.rows(ACTS)),
        suggestions=suggestions,
        claims_of_suggestions=claims,
    )


def compared(entries: list[Entry], facts: Facts, *, quiet_until: float = 0.0) -> Outcome:
    """The judgement: every acknowledged clip is there, with its bytes, screened, and each of its effects once."""
    lost = [word for entry in entries for word in lost_of(entry, facts)]
    doubled = list(doubled_in(facts))
    tries = [each for entry in entries for each in entry.tries]
    quiet = [entry.seconds for entry in entries if entry.acknowledged_at < quiet_until]
    during = [entry.seconds for entry in entries if entry.acknowledged_at >= quiet_until]
    return Outcome(
        acknowledged=len(entries),
        lost=len(lost),
        doubled=len(doubled),
        wasted=wasted_in(facts),
        given_up=sum(row.reason == GIVEN_UP for row in facts.clips.values()),
        orphans=orphans_in(facts, {entry.clip_id for entry in entries}),
        errors_5xx=sum(each.status >= 500 for each in tries),
        unanswered=sum(each.status == 0 for each in tries),
        p99_seconds=p99(during),
        added_p99_seconds=p99(during) - p99(quiet) if quiet and during else 0.0,
        found=lost + doubled,
    )


def lost_of(entry: Entry, facts: Facts) -> list[str]:
    """What is missing of one acknowledged clip, in words; the first thing only, for the rest follows from it."""
    row, name = facts.clips.get(entry.clip_id), entry.clip_id
    if row is None:
        return [f"{name} has no row"]
    if row.sha256 != entry.sha256:
        return [f"{name} has another digest in its row"]
    if (kept := facts.objects.get(f"clips/{name}/original")) != entry.sha256:
        return [f"{name} has {'no bytes' if kept is None else 'other bytes'}"]
    if row.status not in SCREENED:
        return [f"{name} is {row.status} still"]
    return [f"{name} lacks {effect}" for effect in owed_by(name, row, facts) if not effect_count(effect, facts)][:1]


def owed_by(name: str, row: Row, facts: Facts) -> list[tuple[str, ...]]:
    """Every effect that a screened clip must have had."""
    owed: list[tuple[str, ...]] = [("act", name, "clip.stored"), ("act", name, f"clip.{row.status.lower()}")]
    if row.reason == GIVEN_UP:
        return owed
    owed.append(("examination", name))
    if row.status == "IN_REVIEW":
        owed += [("object", f"clips/{name}/{derived}") for derived in DERIVED]
        owed += [("suggestion", name, checkpoint) for checkpoint in {of for _clip, of in facts.suggestions}]
    return owed


def effect_count(effect: tuple[str, ...], facts: Facts) -> int:
    """How often an effect is there."""
    kind, *about = effect
    if kind == "act":
        return facts.acts[about[0], about[1]]
    if kind == "suggestion":
        return facts.suggestions[about[0], about[1]]
    return facts.examinations[about[0]] if kind == "examination" else int(about[0] in facts.objects)


def doubled_in(facts: Facts) -> Iterable[str]:
    """Every effect that happened more than once, in words."""
    for kind, counts in (
        ("examination", facts.examinations),
        ("act", facts.acts),
        ("suggestion", facts.suggestions),
    ):
        yield from (f"{kind} {about} happened {count} times" for about, count in counts.items() if count > 1)
    moved = Counter(clip for (clip, act), count in facts.acts.items() for _ in range(count) if act != "clip.stored")
    # Two different verdicts upon one clip are a doubled screening too.
    for clip, count in moved.items():
        if count > 1 and not any(facts.acts[clip, act] > 1 for (of, act) in facts.acts if of == clip):
            yield f"{clip} was moved {count} times"


def wasted_in(facts: Facts) -> int:
    """Claims beyond the one that settled each clip and each suggestion."""
    screened = [row for row in facts.clips.values() if row.status in SCREENED]
    made = sum(count > 0 for count in facts.suggestions.values())
    return sum(row.fence for row in screened) - len(screened) + max(0, facts.claims_of_suggestions - made)


def orphans_in(facts: Facts, acknowledged: set[str]) -> int:
    """Clips in storage or in the database that no client was told of."""
    stored = {key.split("/")[1] for key in facts.objects}
    return len((stored | facts.clips.keys()) - acknowledged)


def p99(seconds: list[float]) -> float:
    """The 99th percentile, of few values the largest."""
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1] if seconds else 0.0


def dashed(number: object) -> str:
    """The id as clients write it; SQLite keeps it without dashes."""
    digits = str(number).replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
