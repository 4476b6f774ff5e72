"""What a changed rule would do to the clips already here, told before it is saved.

Nothing is decoded: the rules are asked again of what the last screening of each clip measured. Verdicts that were given
stay; only clips that a rule alone called unusable may be sent to be screened again, by a person who says so.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Count, JSONField, Max, OuterRef, Q, QuerySet, Subquery

from contributions import states
from contributions.models import Clip, Examination, SelfReport
from contributions.screening import rules, verdicts
from contributions.taxonomy.screening import Comparison, Rule
from openempathic import moves

SHOWN = 20
ROWS_AT_ONCE = 500
AGAIN_AT_ONCE = 500


class Effect(StrEnum):
    """What a change would do to a clip."""

    UNUSABLE = "UNUSABLE"  # would not be heard any more
    FREED = "FREED"  # would be heard
    WARNED = "WARNED"  # would be told something new
    UNWARNED = "UNWARNED"  # would be told less


@dataclass(frozen=True)
class Touched:
    """One clip that a change would touch, where it is now, and why."""

    clip_id: UUID
    status: str
    language: str
    emotion: str
    value: float
    reasons: tuple[str, ...]


@dataclass
class Touching:
    """The clips that a change would touch in one way: how many by emotion and by language, and some of them."""

    effect: Effect
    emotions: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    shown: list[Touched] = field(default_factory=list)

    @property
    def count(self) -> int:
        """All of them."""
        return self.languages.total()

    def add(self, touched: Touched) -> None:
        """Count one, and keep it to be shown while there are few."""
        self.emotions[touched.emotion] += 1
        self.languages[touched.language] += 1
        if len(self.shown) < SHOWN:
            self.shown.append(touched)


@dataclass(frozen=True)
class Foresight:
    """What a change would do, and of how many clips that is told, by emotion and by language."""

    touching: dict[Effect, Touching]
    emotions: Counter[str]
    languages: Counter[str]

    @property
    def count(self) -> int:
        """How many clips have measures to ask."""
        return self.languages.total()


def foresee(change: rules.Change, table: tuple[Rule, ...]) -> Foresight:
    """What the change would do to the live clips, were they screened now; raises LookupError for an unknown rule."""
    after = rules.changed(table, change)
    touching = {effect: Touching(effect) for effect in Effect}
    rule = rules.named(change.name, table)
    for row in measured(is_between(rule, rules.named(change.name, after))):
        was, would_be = (judged(row, held) for held in (table, after))
        if effect := effect_of(was, would_be):
            touching[effect].add(touched(row, rule.measure, at_stake(effect, was, would_be)))
    return Foresight(touching, *totals())


def measured(asked: Q) -> Iterator[dict[str, Any]]:
    """The last screening of each live clip that it is asked of, with what the clip and its speaker say; a stream."""
    said = SelfReport.objects.filter(clip=OuterRef("clip")).order_by("-said_at", "-pk").values("styles")[:1]
    rows = last_screenings().filter(asked).order_by("pk")
    return rows.values(
        *("clip_id", "measures", "clip__status", "clip__mode", "clip__language", "clip__intended_emotion"),
        styles=Subquery(said, output_field=JSONField()),
    ).iterator(chunk_size=ROWS_AT_ONCE)


def last_screenings() -> QuerySet[Examination]:
    """The newest screening of each live clip."""
    newest = (
        Examination.objects.filter(agent=Examination.Agent.SCREENING).order_by().values("clip").annotate(last=Max("pk"))
    )
    gone = (Clip.Status.WITHDRAWN, Clip.Status.PURGED)
    return Examination.objects.filter(pk__in=newest.values("last")).exclude(clip__status__in=gone)


def is_between(was: Rule, would_be: Rule) -> Q:
    """The clips to which the rule may mean something else than before, so that the others are not even read."""
    laxer, stricter = sorted((was, would_be), key=lambda rule: rule.threshold, reverse=is_below(was))
    if was.consequence == would_be.consequence:
        return is_crossed(laxer) & ~is_crossed(stricter)
    return is_crossed(laxer)


def is_below(rule: Rule) -> bool:
    """Whether small values break the rule."""
    return rule.comparison is Comparison.BELOW


def is_crossed(rule: Rule) -> Q:
    """Whether a measure breaks the rule, asked of the database."""
    key = f"measures__{rule.measure}"
    if is_below(rule):
        return Q(**{f"{key}__lt": rule.threshold})
    above = Q(**{f"{key}__gt": rule.threshold})
    return above | Q(**{f"{key}__lt": -rule.threshold}) if rule.comparison is Comparison.BEYOND else above


def judged(row: dict[str, Any], table: tuple[Rule, ...]) -> rules.Finding:
    """What the rules say of the row's measures."""
    return rules.judge(row["measures"], rules=table, mode=row["clip__mode"], styles=row["styles"] or ())


def effect_of(was: rules.Finding, would_be: rules.Finding) -> Effect | None:
    """What becomes of a clip whose finding changes; None where its speaker and its listeners see no difference."""
    if was.is_usable != would_be.is_usable:
        return Effect.FREED if would_be.is_usable else Effect.UNUSABLE
    if set(would_be.warnings) - set(was.warnings):
        return Effect.WARNED
    return Effect.UNWARNED if set(was.warnings) - set(would_be.warnings) else None


def touched(row: dict[str, Any], measure: str, reasons: Iterable[str]) -> Touched:
    """The row as it is shown."""
    return Touched(
        clip_id=row["clip_id"],
        status=row["clip__status"],
        language=row["clip__language"],
        emotion=row["clip__intended_emotion"],
        value=row["measures"][measure],
        reasons=tuple(reasons),
    )


def at_stake(effect: Effect, was: rules.Finding, would_be: rules.Finding) -> list[str]:
    """The reasons that the effect is about: those that come, or those that go."""
    if effect in (Effect.UNUSABLE, Effect.FREED):
        return [was.reason or would_be.reason]
    then, now = (was, would_be) if effect is Effect.WARNED else (would_be, was)
    return [reason for reason in now.warnings if reason not in then.warnings]


def totals() -> tuple[Counter[str], Counter[str]]:
    """How many clips there are to ask, by emotion and by language."""
    emotions: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    pairs = last_screenings().order_by().values_list("clip__intended_emotion", "clip__language")
    for emotion, language, count in pairs.annotate(Count("pk")):
        emotions[emotion] += count
        languages[language] += count
    return emotions, languages


def freed(table: tuple[Rule, ...], *, by: Any) -> Iterator[Clip]:
    """The clips that a rule alone called unusable and that these rules would not, never the person's own voice."""
    reasons = [rule.reason for rule in table]
    refused = Q(clip__status=Clip.Status.UNUSABLE, clip__status_reason__in=reasons)
    for row in measured(refused):
        if row["measures"] and judged(row, table).is_usable:
            # Asked one by one: they are few, and none may be moved that has left meanwhile.
            yield from Clip.objects.not_of(by).filter(pk=row["clip_id"], status=Clip.Status.UNUSABLE)


def screen_again(table: tuple[Rule, ...], *, by: Any, at_most: int = AGAIN_AT_ONCE) -> int:
    """Send the clips that these rules would free to be screened again, each in the log; returns how many."""
    sent = 0
    for clip in list(islice(freed(table, by=by), at_most)):
        try:
            owed = verdicts.columns_owed(Clip.Status.STORED)
            states.move(clip, to=Clip.Status.STORED, by=by, reason="RULES_CHANGED", **owed)
        except moves.MovedMeanwhile:
            continue
        sent += 1
    return sent
