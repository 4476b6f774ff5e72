"""Learning to listen: five examples in a language, one after the other, and what most people heard in each.

Whoever hears four of five within the band may listen. A try that fails is followed by another, with other examples
where there are any. Where somebody is, is told by their answers alone: nothing is lost between two visits, and the
example that is asked next is the same until it is answered. It does not know whether somebody hears well, only whether
they hear these clips as most did.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import taxonomy
from contributions.listening import gold, reveals
from contributions.models import GoldItem, ListenerPass, TutorialAnswer
from openempathic import audit

EXAMPLES, RIGHT_LEAST = 5, 4
TRIES_A_DAY = 3
DAY = timedelta(days=1)
CANNOT_TELL = "cannot_tell"


class NotAnswered(Exception):
    """The answer could not be kept; the message is for whoever learns."""

    text = gettext_noop("This answer could not be kept.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class AnotherExample(NotAnswered):
    text = gettext_noop("This example is not asked any more. Here is the one that is.")


class NoSuchFeeling(NotAnswered):
    text = gettext_noop("Please say which feeling you heard, or that you cannot tell.")


@dataclass(frozen=True)
class Progress:
    """Where somebody is in the tutorial of one language."""

    language: str
    is_passed: bool
    # How many examples there are for this person, of those that a try asks for.
    there: int
    # The try that runs, or the last one; 0 before the first.
    attempt: int
    answers: tuple[TutorialAnswer, ...]
    # What is asked now; None where nothing is.
    example: GoldItem | None
    tries_left: int
    # When the next try may begin, where today's are used up.
    opens_at: datetime | None

    @property
    def right(self) -> int:
        """How many answers of the try lie within the band."""
        return sum(answer.is_right for answer in self.answers)

    @property
    def is_over(self) -> bool:
        """Whether the try has had all its answers."""
        return len(self.answers) >= EXAMPLES

    @property
    def is_possible(self) -> bool:
        """Whether there are examples enough for a try."""
        return self.there >= EXAMPLES


def languages() -> list[str]:
    """Every language that has sentences or examples."""
    return sorted({*taxonomy.prompt_languages(), *GoldItem.objects.values_list("language", flat=True).distinct()})


def progress(person: Any, language: str, *, now: datetime) -> Progress:
    """Where the person is in the language's tutorial; without a person, what there is to begin with."""
    return progresses(person, [language], now=now)[language]


def progresses(person: Any, tags: Sequence[str], *, now: datetime) -> dict[str, Progress]:
    """The same for several languages, in as many queries."""
    items: dict[str, list[GoldItem]] = defaultdict(list)
    for item in examples(person).filter(language__in=tags):
        items[item.language].append(item)
    answers: dict[str, list[TutorialAnswer]] = defaultdict(list)
    given = TutorialAnswer.objects.filter(person=person, language__in=tags).select_related("gold")
    for each in given.order_by("attempt", "answered_at"):
        answers[each.language].append(each)
    passed = set(ListenerPass.objects.filter(person=person).values_list("language", flat=True))
    return {tag: reckoned(person, tag, items[tag], answers[tag], is_passed=tag in passed, now=now) for tag in tags}


def examples(person: Any) -> "QuerySet[GoldItem]":
    """The examples that may be played to the person now; to a stranger, who hears none, all that there are."""
    items = gold.usable().filter(is_for_tutorial=True)
    return gold.not_of(person, items) if person else items


def reckoned(
    person: Any,
    language: str,
    items: Sequence[GoldItem],
    answers: Sequence[TutorialAnswer],
    *,
    is_passed: bool,
    now: datetime,
) -> Progress:
    """The person's place, from the examples that there are and the answers that they gave."""
    tries: dict[int, list[TutorialAnswer]] = defaultdict(list)
    for each in answers:
        tries[each.attempt].append(each)
    attempt = max(tries, default=0)
    today = [given[0].answered_at for given in tries.values() if given[0].answered_at > now - DAY]
    tries_left = max(0, TRIES_A_DAY - len(today))
    is_running = 0 < len(tries[attempt]) < EXAMPLES
    may_begin = tries_left > 0 and len(items) >= EXAMPLES
    is_asked = person is not None and not is_passed and (is_running or may_begin)
    return Progress(
        language=language,
        is_passed=is_passed,
        there=len(items),
        attempt=attempt,
        answers=tuple(tries[attempt]),
        example=asked(person, items, answers, attempt=attempt if is_running else attempt + 1) if is_asked else None,
        tries_left=tries_left,
        opens_at=None if tries_left else min(today) + DAY,
    )


def asked(
    person: Any, items: Sequence[GoldItem], answers: Sequence[TutorialAnswer], *, attempt: int
) -> GoldItem | None:
    """The example that this try asks next: what was asked least before, then another feeling, then by lot.

    Another one only once it is answered, or once it may be heard no more.
    """
    now = [each for each in answers if each.attempt == attempt]
    before = Counter(each.gold_id for each in answers if each.attempt < attempt)
    felt = Counter(emotion for each in now for emotion in each.gold.emotions[:1])

    def turn(item: GoldItem) -> tuple[int, int, str]:
        lot = hashlib.sha256(f"{person.pk}/{attempt}/{item.pk}".encode()).hexdigest()
        return before[item.pk], felt[item.emotions[0]], lot

    done = {each.gold_id for each in now}
    return min((item for item in items if item.pk not in done), key=turn, default=None)


def answer(person: Any, language: str, *, clip_id: UUID, emotion: str, now: datetime) -> TutorialAnswer:
    """Keep what the person heard in the example that is asked now; with the last one perhaps their pass.

    Raises NotAnswered for another example, or no feeling that we know.
    """
    if emotion not in {CANNOT_TELL, *(each.name for each in taxonomy.emotions())}:
        raise NoSuchFeeling
    try:
        with transaction.atomic():
            before = progress(person, language, now=now)
            if before.example is None or before.example.clip_id != clip_id:
                raise AnotherExample
            kept = TutorialAnswer.objects.create(
                person=person,
                language=language,
                gold=before.example,
                attempt=before.attempt + (before.is_over or not before.attempt),
                emotion=emotion,
                is_right=gold.is_within(before.example, emotion),
            )
            # What others heard in it is told next: as a listener they are never asked for it.
            reveals.reveal(before.example.clip, to=person)
            let_pass(person, language, now=now)
    except IntegrityError as twice:
        raise AnotherExample from twice
    return kept


def let_pass(person: Any, language: str, *, now: datetime) -> None:
    """With the last answer of a try that was heard well enough the person may listen."""
    after = progress(person, language, now=now)
    if after.is_over and after.right >= RIGHT_LEAST and not after.is_passed:
        kept = ListenerPass.objects.create(person=person, language=language)
        audit.record("listener.passed", subject=kept, by=person, language=language, attempt=after.attempt)


def learning(person: Any, *, now: datetime) -> list[UUID]:
    """The clips that the person may hear to learn: in each language the one example that is asked now, no other."""
    tags = set(gold.usable().filter(is_for_tutorial=True).values_list("language", flat=True).distinct())
    if not tags:
        return []
    found = progresses(person, sorted(tags), now=now).values()
    return [each.example.clip_id for each in found if each.example is not None]
