"""How each listener hears beside the others, in each language: reckoned in the background, read by their pages.

Agreement leaves the listener's own answers out of what they are held against. It is no virtue: who hears otherwise than
the rest is as welcome, and what they hear is kept. What it does not know: who is right.
"""

import hmac
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from statistics import fmean, median
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from contributions.listening import gold, intervals, labels, patterns
from contributions.listening.patterns import UNUSABLE, Heard, Pattern, Second, Usual
from contributions.models import Arm, Clip, Figure, GoldItem, RaterStanding, Rating, RatingVoid, Suggestion
from openempathic.pieces import in_pieces

METHOD = "standing-1"
# The newest so many answers are looked at, so that a listener of years costs no more than one of weeks.
LOOKED_AT = 500
WEEKS_TOLD = 12
# So long after somebody's last answer others may still hear the same clips; then their row is made anew once a day.
HEARD_BY_OTHERS_FOR, STALE_AFTER = timedelta(days=60), timedelta(days=1)
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
SYLLABLES = 3


@dataclass(frozen=True)
class Answered:
    """One standing blind answer of a listener, as patterns read it, and which clip it is of."""

    rating_id: UUID
    clip_id: UUID
    heard: Heard


def reckon(language: str) -> int:
    """Write the standing of every listener of the language of whom something may have changed; how many."""
    raters = changed(language)
    reliable = labels.reliabilities(language)
    usual = usually(language)
    for rater in raters:
        write(rater, language, reliability=reliable.get(rater), usual=usual)
    return len(raters)


def reckon_all() -> int:
    """Reckon every language in which anybody has answered; returns how many standings were written."""
    return sum(reckon(language) for language in languages_answered())


def changed(language: str) -> list[int]:
    """Listeners whose answers were given or voided since they were last reckoned, or whose clips others may have heard.

    The longest not reckoned come first: where the time of a task runs out, the next one goes on after it.
    """
    reckoned = dict(RaterStanding.objects.filter(language=language).values_list("rater", "reckoned_at"))
    given = Rating.objects.filter(clip__language=language, rater__isnull=False).order_by()
    newest = given.values("rater").annotate(given_at=Max("rated_at"), voided_at=Max("voids__voided_at"))
    now = timezone.now()
    due = []
    for row in newest:
        before = reckoned.get(row["rater"])
        last = max(filter(None, (row["given_at"], row["voided_at"])))
        is_moving = last > now - HEARD_BY_OTHERS_FOR
        if before is None or last >= before or (is_moving and before < now - STALE_AFTER):
            due.append((before is not None, before, row["rater"]))
    return [rater for _is_known, _before, rater in sorted(due)]


def usually(language: str) -> Usual:
    """How often everybody in the language moves to a suggestion, from the figure of assistance; unknown without it."""
    figure = Figure.objects.filter(name="assistance", language=language).first()
    bias = figure.content.get("bias", {}) if figure else {}
    return Usual(toward_shown=bias.get("shown", {}).get("share"), toward_hidden=bias.get("hidden", {}).get("share"))


def write(rater: int, language: str, *, reliability: float | None, usual: Usual) -> RaterStanding:
    """The listener's row, made anew from the newest of their standing answers."""
    # The moment before the first look, so that an answer given meanwhile is looked at again.
    at = timezone.now()
    answered = answers(rater, language)
    heard = [each.heard for each in answered]
    # The same answers give the same row: the lot of the permutations hangs on nothing else.
    found = patterns.find(heard, usual=usual, chance=random.Random(len(heard)))  # noqa: S311
    columns = {
        "method": METHOD,
        "rating_count": counted(rater, language),
        "reliability": reliability,
        "measures": measures(heard, found) | {"voided": voided(rater, language)},
        "patterns": [str(each.name) for each in found],
        "reckoned_at": at,
    }
    standing, _is_new = RaterStanding.objects.update_or_create(rater_id=rater, language=language, defaults=columns)
    return standing


def counted(rater: int, language: str) -> int:
    """How many of their blind answers stand."""
    return Rating.objects.counting().filter(rater=rater, clip__language=language).count()


def voided(rater: int, language: str) -> int:
    """How many of their blind answers others voided; what they undid themselves is nobody's business."""
    theirs = Rating.objects.filter(rater=rater, clip__language=language, phase=Rating.Phase.BLIND)
    return theirs.filter(voids__isnull=False).exclude(voids__reason=RatingVoid.Reason.UNDONE).count()


def answers(rater: int, language: str) -> list[Answered]:
    """The newest standing blind answers of the listener, the oldest first, with what the others said."""
    own = Rating.objects.counting().filter(rater=rater, clip__language=language)
    newest = list(own.select_related("clip").order_by("-rated_at", "-pk")[:LOOKED_AT])[::-1]
    clips = [rating.clip_id for rating in newest]
    others = said_by_others(rater, clips)
    seconds = steps_after(rater, clips)
    bands = {item.clip_id: item for item in GoldItem.objects.filter(clip__in=[r.clip_id for r in newest if r.is_gold])}
    return [
        Answered(
            rating.pk,
            rating.clip_id,
            Heard(
                answer=said(rating.is_usable, rating.emotion),
                others=tuple(others.get(rating.clip_id, ())),
                at=rating.rated_at,
                seconds=rating.seconds if not rating.round else None,
                duration_seconds=rating.clip.duration_seconds,
                is_right=is_right(rating, bands.get(rating.clip_id)),
                second=seconds.get(rating.clip_id),
            ),
        )
        for rating in newest
    ]


def is_right(rating: Rating, item: GoldItem | None) -> bool | None:
    """Whether an answer to gold lay within the band; None where it was none, or there is no band any more."""
    if item is None or not item.emotions:
        return None
    return rating.is_usable and gold.is_within(item, rating.emotion)


def said(is_usable: bool, emotion: str) -> str:
    """The answer in one word."""
    return emotion if is_usable else UNUSABLE


def said_by_others(rater: int, clips: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """The standing blind answers of everybody else to these clips."""
    told: dict[UUID, list[str]] = defaultdict(list)
    for some in in_pieces(clips):
        counting = Rating.objects.counting().filter(clip__in=some).exclude(rater=rater).order_by("rated_at")
        for clip, is_usable, emotion in counting.values_list("clip", "is_usable", "emotion"):
            told[clip].append(said(is_usable, emotion))
    return told


def steps_after(rater: int, clips: Sequence[UUID]) -> Mapping[UUID, Second]:
    """What became of the listener's blind answers in the step after them, where a model had suggested something."""
    told: dict[UUID, Second] = {}
    for some in in_pieces(clips):
        informed = Rating.objects.standing().filter(clip__in=some, rater=rater, phase=Rating.Phase.INFORMED)
        informed = informed.exclude(arm="")
        made: dict[UUID, str] = {}
        suggestions = Suggestion.objects.filter(clip__in=some, scores__isnull=False).order_by("made_at")
        made.update(suggestions.values_list("clip", "emotion"))
        for rating in informed.select_related("suggestion"):
            suggested = rating.suggestion.emotion if rating.suggestion else made.get(rating.clip_id, "")
            if suggested:
                told[rating.clip_id] = Second(rating.arm == Arm.SHOWN, suggested, rating.emotion)
    return told


def measures(heard: Sequence[Heard], found: Sequence[Pattern]) -> dict[str, Any]:
    """What the listener's page shows: agreement, speed, gold, drift, weeks, and the evidence of each pattern."""
    fall = patterns.drift(heard)
    return {
        "looked_at": len(heard),
        "agreement": agreement(heard),
        "seconds": median_seconds(heard),
        "gold": right(heard).facts(),
        "drift": fall and asdict(fall),
        "weeks": weeks(heard),
        "evidence": {str(each.name): {"looked_at": each.looked_at, **each.evidence} for each in found},
    }


def agreement(heard: Sequence[Heard]) -> dict[str, Any]:
    """The share of the others' answers that are theirs, clip by clip, with its interval, chance and what is usual."""
    scores = [patterns.share_of(others, answer) for answer, others in patterns.claims(heard)]
    if not scores:
        return {"items": 0, "share": None, "low": None, "high": None, "chance": None, "usual": None}
    low, high = intervals.wilson(fmean(scores), len(scores))
    beside = patterns.concord(heard)
    return {
        "items": len(scores),
        "share": fmean(scores),
        "low": low,
        "high": high,
        "chance": beside.chance if beside else None,
        "usual": beside.usual if beside else None,
    }


def median_seconds(heard: Sequence[Heard]) -> float | None:
    """How long an answer takes them from the clip's first sight."""
    timed = [each.seconds for each in heard if each.seconds is not None]
    return median(timed) if timed else None


def right(heard: Sequence[Heard]) -> intervals.Share:
    """How many of the gold items they answered within the band."""
    known = [each.is_right for each in heard if each.is_right is not None]
    return intervals.share(sum(known), len(known))


def weeks(heard: Sequence[Heard]) -> list[dict[str, Any]]:
    """The same week by week, the newest first: the Monday, how many answers, agreement, seconds, gold."""
    told: dict[date, list[Heard]] = defaultdict(list)
    for each in heard:
        day = each.at.date()
        told[day - timedelta(days=day.weekday())].append(each)
    return [
        {
            "from": monday.isoformat(),
            "answers": len(some),
            "agreement": agreement(some)["share"],
            "seconds": median_seconds(some),
            "gold": right(some).facts(),
        }
        for monday, some in sorted(told.items(), reverse=True)[:WEEKS_TOLD]
    ]


def known_as(rater: int) -> str:
    """A word by which moderators speak of a listener without knowing who it is; keyed, so that nobody can undo it."""
    digest = hmac.digest(settings.SIGNING_KEY.encode(), f"rater:{rater}".encode(), "sha256")
    letters = [
        (CONSONANTS[digest[2 * place] % len(CONSONANTS)], VOWELS[digest[2 * place + 1] % len(VOWELS)])
        for place in range(SYLLABLES)
    ]
    # Two listeners in some three hundred thousand share a word; the number tells them apart.
    return "".join(consonant + vowel for consonant, vowel in letters).capitalize() + f" {digest[-1] % 90 + 10}"


def languages_answered() -> list[str]:
    """The languages in which anybody has answered."""
    answered = Clip.objects.filter(ratings__isnull=False).order_by()
    return sorted(answered.values_list("language", flat=True).distinct())


def of_languages(languages: Sequence[str] | None) -> Q:
    """The condition on standings that they are of one of the languages, or of one of their varieties; None: of any."""
    if languages is None:
        return Q()
    condition = Q(language__in=languages)
    for language in languages:
        condition |= Q(language__startswith=f"{language}-")
    return condition


def patterns_by_frequency(language: str) -> Counter[str]:
    """How many listeners of the language show each pattern."""
    rows = RaterStanding.objects.filter(language=language).values_list("patterns", flat=True)
    return Counter(name for names in rows for name in names)
