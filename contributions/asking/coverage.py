"""What is asked next: what is missing most, never twice the same of one person while something else remains.

What is missing is counted by language, kind of prompt, emotion, intensity and style, in voices, since ten clips of one
person teach less than one clip of ten. First the sentence is chosen; now and then a manner of speaking is wished for
with it, which nobody has to follow. The counts are some minutes old; what the person gave, skipped or does not want is
looked up each time. It does not know whether a clip sounds like what was asked for: listeners tell.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from contributions.models import (
    Clip,
    Contributor,
    CoverageCount,
    Prompt,
    PromptReport,
    PromptSkip,
    SelfReport,
    StyleSkip,
)
from contributions.releasing import splits
from contributions.taxonomy import styles

# Not the same emotion so often running.
RUNNING_MAX = 2
# Whoever skips for one of these reasons is not asked for those words again; for the others, only after all the rest.
FOR_GOOD = (PromptSkip.Reason.NOT_UNDERSTOOD, PromptSkip.Reason.UPSETTING, PromptSkip.Reason.NOT_MY_DIALECT)
# One sentence in so many comes with a manner, none of the first two; whoever left one out so often is asked no more.
STYLED_EVERY = 3
STYLE_SKIPS_MAX = 2
LOST = (Clip.Status.UNUSABLE, Clip.Status.REJECTED)

CELL = ("language", "emotion", "kind", "intensity")
Cell = tuple[str, int]
Manner = tuple[str, int, str]


class Mode(StrEnum):
    """How somebody wants to speak."""

    ACTED = "ACTED"
    OWN_WORDS = "OWN_WORDS"
    CONTRAST = "CONTRAST"

    @property
    def kind(self) -> str:
        """The prompts it is made of: a contrast is the same sentence, acted in another way."""
        return Prompt.Kind.OWN_WORDS if self is Mode.OWN_WORDS else Prompt.Kind.ACTED


@dataclass(frozen=True)
class Situation:
    """What there is to ask one person in one language, and what they and others have given."""

    prompts: list[Prompt]
    voices: Counter[Cell] = field(default_factory=Counter)
    takes: Counter[str] = field(default_factory=Counter)
    # By sentence, since another feeling does not make its words easier.
    put_off: Counter[str] = field(default_factory=Counter)
    # The prompts they spoke last, the newest at the end.
    recent: tuple[str, ...] = ()
    # Voices for each manner of a cell; what the person gave in which manner; and the manners they do not want.
    manners: Counter[Manner] = field(default_factory=Counter)
    styled: Counter[tuple[str, str]] = field(default_factory=Counter)
    plain: frozenset[str] = frozenset()
    # What a release can hold of them: a sentence of the test is heard from speakers of the test alone.
    holdable: frozenset[str] = frozenset()

    def times(self, prompt: Prompt) -> int:
        """How often the person has been asked for it."""
        return self.takes[prompt.pk] + self.put_off[prompt.sentence]


def next_prompt(
    voice: Contributor,
    language: str,
    *,
    mode: Mode = Mode.ACTED,
    besides: Sequence[str] = (),
    after: str | None = None,
    chance: random.Random | None = None,
) -> Prompt | None:
    """What to ask for now; not one of `besides` if others remain. With `after` a contrast to that prompt comes first.

    None where there is nothing of this kind that the person may be asked for.
    """
    chosen = upcoming(voice, language, at_most=1, mode=mode, besides=besides, after=after, chance=chance)
    return next(iter(chosen), None)


def upcoming(
    voice: Contributor,
    language: str,
    *,
    at_most: int,
    mode: Mode = Mode.ACTED,
    besides: Sequence[str] = (),
    after: str | None = None,
    chance: random.Random | None = None,
) -> list[Prompt]:
    """What would be asked one after the other, if each were spoken; no prompt twice."""
    found, chosen = situation(voice, language, kind=mode.kind), list[Prompt]()
    asked = [pk for pk in besides if pk in {prompt.pk for prompt in found.prompts}]
    # Seldom enough to be fair, not to be secret.
    chance = chance or random.Random()  # noqa: S311
    while len(chosen) < min(at_most, len(found.prompts)):
        prompt = choose(found, mode=mode, asked=asked, after=after, chance=chance)
        if prompt in chosen:
            break
        prompt.style = wish(found, prompt, asked=asked, chance=chance) if mode is Mode.ACTED else ""
        found.styled[prompt.pk, prompt.style] += 1
        chosen.append(prompt)
        asked, after = [*asked, prompt.pk], prompt.pk
    return chosen


def situation(voice: Contributor, language: str, *, kind: str) -> Situation:
    """Everything that the choice rests on, in a handful of queries that do not grow with the site."""
    voices = list(voices_beside(voice).values_list("pk", flat=True))
    offered = Prompt.objects.filter(language=language, kind=kind, is_offered=True)
    unheard = offered.exclude(emotion__in=voice.unwanted_emotions).exclude(sentence__in=refused(voices, language))
    # By the voice alone, whose clips are few: by the prompt a database would look through everybody's.
    given = Clip.objects.live().exclude(status=Clip.Status.UNUSABLE).filter(contributor__in=voices)
    spoken = given.filter(language=language, mode=kind, prompt__isnull=False)
    history = list(spoken.values_list("prompt").annotate(takes=Count("pk"), last=Max("stored_at")).order_by("last"))
    counts = list(CoverageCount.objects.filter(language=language, kind=kind))
    styled = spoken.exclude(intended_style="").values_list("prompt", "intended_style").annotate(takes=Count("pk"))
    prompts = list(unheard.order_by("pk"))
    return Situation(
        prompts=prompts,
        voices=Counter({(each.emotion, each.intensity or 0): each.voices for each in counts if not each.style}),
        takes=Counter({prompt: takes for prompt, takes, _last in history}),
        put_off=Counter(put_off(voices, language)),
        recent=tuple(prompt for prompt, _takes, _last in history),
        manners=Counter(
            {(each.emotion, each.intensity or 0, each.style): each.voices for each in counts if each.style}
        ),
        styled=Counter({(prompt, style): takes for prompt, style, takes in styled.order_by()}),
        plain=frozenset(voice.unwanted_styles) | left_out(voices),
        # What is told in one's own words is on no side.
        holdable=splits.sentences_for(voice.split, language, {prompt.sentence for prompt in prompts})
        if kind == Prompt.Kind.ACTED
        else frozenset(),
    )


def voices_beside(voice: Contributor) -> QuerySet[Contributor]:
    """All voices of the person who speaks: a prompt said as a guest is said."""
    owner = voice.user_id or voice.claimed_by_id
    if owner is None:
        return Contributor.objects.filter(pk=voice.pk)
    return Contributor.objects.filter(Q(user=owner) | Q(claimed_by=owner))


def refused(voices: list[UUID], language: str) -> set[str]:
    """The sentences that the person is not asked for again, with whatever feeling."""
    skips = PromptSkip.objects.filter(contributor__in=voices, prompt__language=language, reason__in=FOR_GOOD)
    reports = PromptReport.objects.filter(contributor__in=voices, prompt__language=language)
    return {*skips.values_list("prompt__sentence", flat=True), *reports.values_list("prompt__sentence", flat=True)}


def put_off(voices: list[UUID], language: str) -> Iterable[str]:
    """The sentences that the person skipped for now, each as often as they did."""
    skips = PromptSkip.objects.filter(contributor__in=voices, prompt__language=language)
    return skips.exclude(reason__in=FOR_GOOD).values_list("prompt__sentence", flat=True)


def left_out(voices: list[UUID]) -> frozenset[str]:
    """The manners that the person left out too often to be asked for again."""
    skips = StyleSkip.objects.filter(contributor__in=voices).values("style").annotate(times=Count("pk"))
    return frozenset(skips.filter(times__gte=STYLE_SKIPS_MAX).order_by().values_list("style", flat=True))


def choose(found: Situation, *, mode: Mode, asked: Sequence[str], after: str | None, chance: random.Random) -> Prompt:
    """One of the prompts: new to the person, of another feeling than the last ones, from the emptiest cell."""
    left = [prompt for prompt in found.prompts if prompt.pk not in asked] or found.prompts
    if mode is Mode.CONTRAST:
        left = contrasting(left, found, asked=asked, after=after)
    fewest = min(map(found.times, left))
    fresh = [prompt for prompt in left if found.times(prompt) == fewest]
    tired_of = running(found, asked)
    varied = [prompt for prompt in fresh if prompt.emotion != tired_of] or fresh
    return from_emptiest(varied, found, asked=asked, chance=chance)


def contrasting(left: list[Prompt], found: Situation, *, asked: Sequence[str], after: str | None) -> list[Prompt]:
    """The other ways to say what was just said; else what was said in one way before; else what has several ways."""
    ways = Counter(prompt.sentence for prompt in found.prompts)
    fresh = [prompt for prompt in left if not found.times(prompt) and ways[prompt.sentence] > 1]
    sentences = {prompt.pk: prompt.sentence for prompt in found.prompts}
    if same := [prompt for prompt in fresh if after and prompt.sentence == sentences.get(after)]:
        return same
    # What was asked and not spoken was skipped.
    new = [prompt for prompt in fresh if prompt.sentence not in {sentences[pk] for pk in asked}]
    said = {sentences.get(pk) for pk in found.takes}
    begun = [prompt for prompt in new if prompt.sentence in said]
    return begun or new or [prompt for prompt in left if ways[prompt.sentence] > 1] or left


def running(found: Situation, asked: Sequence[str]) -> str | None:
    """The emotion that was asked for again and again just now, if one was."""
    emotions = {prompt.pk: prompt.emotion for prompt in found.prompts}
    order = [*(pk for pk in found.recent if pk not in asked), *asked]
    last = [emotions.get(pk) for pk in order][-RUNNING_MAX:]
    return last[0] if len(last) == RUNNING_MAX and len(set(last)) == 1 else None


def from_emptiest(prompts: list[Prompt], found: Situation, *, asked: Sequence[str], chance: random.Random) -> Prompt:
    """By chance one of the cell that the person gave least to, and among these the fewest voices.

    Of a cell's sentences first those that a release can hold of this person.
    """
    by_cell: dict[Cell, list[Prompt]] = {}
    for prompt in prompts:
        by_cell.setdefault(cell_of(prompt), []).append(prompt)
    own: Counter[Cell] = Counter()
    for prompt in found.prompts:
        own[cell_of(prompt)] += found.takes[prompt.pk] + (prompt.pk in asked)
    need = {cell: (own[cell], found.voices[cell]) for cell in by_cell}
    emptiest = [cell for cell in sorted(need) if need[cell] == min(need.values())]
    chosen = by_cell[chance.choice(emptiest)]
    return chance.choice([prompt for prompt in chosen if prompt.sentence in found.holdable] or chosen)


def wish(found: Situation, prompt: Prompt, *, asked: Sequence[str], chance: random.Random) -> str:
    """The manner to wish for with the prompt, by its name: what the person gave least, then what fewest voices gave.

    Empty for most prompts, where none fits, and never one that the person gave to these words before.
    """
    turn = found.takes.total() + len({*asked} - {*found.takes})
    if (turn + 1) % STYLED_EVERY:
        return ""
    fitting = [name for name in styles.fitting(prompt.emotion, prompt.intensity) if name not in found.plain]
    fresh = [name for name in fitting if not found.styled[prompt.pk, name]]
    own: Counter[str] = Counter()
    for (_pk, name), takes in found.styled.items():
        own[name] += takes
    need = {name: (own[name], found.manners[(*cell_of(prompt), name)]) for name in fresh}
    emptiest = [name for name in fresh if need[name] == min(need.values())]
    return chance.choice(emptiest) if emptiest else ""


def cell_of(prompt: Prompt) -> Cell:
    """What is asked for with it; its language and kind are the situation's."""
    return prompt.emotion, prompt.intensity or 0


def count(*, at: datetime) -> int:
    """Count again what volunteers gave, in all of its parts; returns how many parts there are."""
    parts = [
        CoverageCount(part="/".join(str(each) for each in named.values()), counted_at=at, **named, **numbers)
        for columns in (("language",), ("language", "emotion"), CELL)
        for named, numbers in counted(columns)
    ]
    parts += [
        CoverageCount(part="/".join(map(str, named.values())), counted_at=at, **named, **numbers)
        for style in styles.wished()
        for named, numbers in counted(CELL, style=style.name)
    ]
    columns = [each.name for each in CoverageCount._meta.fields if not each.primary_key]
    with transaction.atomic():
        CoverageCount.objects.bulk_create(parts, update_conflicts=True, unique_fields=["part"], update_fields=columns)
        CoverageCount.objects.filter(counted_at__lt=at).delete()
    return len(parts)


def counted(columns: tuple[str, ...], *, style: str = "") -> list[tuple[dict[str, Any], dict[str, int]]]:
    """Voices and clips for each value of these columns that was given; with a style those in that manner alone."""
    given: QuerySet[Clip] = Clip.objects.live().exclude(status__in=LOST).filter(licence__isnull=True)
    if style:
        given = in_manner(given, style)
    if "emotion" in columns:
        given = given.exclude(intended_emotion="")
    if "kind" in columns:
        given = given.exclude(mode="")
    is_accepted = Q(status=Clip.Status.ACCEPTED)
    numbers = {
        "voices": Count("contributor", distinct=True),
        "clips": Count("pk"),
        "accepted_voices": Count("contributor", distinct=True, filter=is_accepted),
        "accepted_clips": Count("pk", filter=is_accepted),
    }
    names = {"language": "language", "emotion": "intended_emotion", "kind": "mode", "intensity": "intended_intensity"}
    grouped = given.values(*(names[column] for column in columns)).annotate(**numbers).order_by()
    manner = {"style": style} if style else {}
    return [
        ({column: row[names[column]] for column in columns} | manner, {name: row[name] for name in numbers})
        for row in grouped
    ]


def in_manner(given: QuerySet[Clip], style: str) -> QuerySet[Clip]:
    """Those of the clips that were said in the manner: as it was wished for, or as their speaker says of them now."""
    newest = SelfReport.objects.filter(clip=OuterRef("pk")).order_by("-said_at", "-pk").values("styles")[:1]
    # Portable: SQLite has no containment for JSON.
    return given.annotate(said=Subquery(newest)).filter(Q(intended_style=style) | Q(said__icontains=f'"{style}"'))
