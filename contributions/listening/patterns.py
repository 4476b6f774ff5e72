"""Patterns in one listener's answers that a person should look at; pure functions, no database and no clock.

A pattern is no verdict. Somebody of another culture, or who hears everything weaker, answers otherwise than the others
and yet says something about the clip; the tests ask whether the answers hang on the clips at all, and only then how
often they agree. How often each is wrong is measured in docs/benchmarks/patterns.md. What it does not know: whether
somebody who swaps every word for another mocks us or took the buttons for others; both are AGAINST.
"""

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean, pvariance

from contributions.listening.intervals import above, at_least, at_most, share

UNUSABLE = "UNUSABLE"
# No claim about the clip, so neither agreement nor disagreement.
CLAIMLESS = frozenset({"cannot_tell", "other"})
# The newest so many are looked at: the few, for somebody who has just begun or changed, and the many, for the subtle.
WINDOWS = (50, 200)
# Fewer answers beside others' say nothing about agreement.
FEWEST = 30
# Where the others hardly agree among themselves, nobody can be told apart from them.
LEAST_COMMON = 0.1
# Of what the others reach among themselves, above chance: who is surely below so much does not hear with them.
HONEST_REACH = 0.75
# Less than this by somebody whose answers do hang on the clips is more than a few words understood otherwise.
OPPOSED_REACH = 0.25
PERMUTATIONS = 499
INDEPENDENT = 0.01
SURE = 0.001
# A session ends where nothing was answered for so long; as contributions.asking.pacing has it.
REST = timedelta(minutes=20)
# After the sound has ended nobody finds and presses an answer sooner (Card, Moran, Newell 1980: one thought, one key).
LEAST_SECONDS = 1.0
OFTEN_FAST = 0.05
MOSTLY = 0.8
NEARLY_ALWAYS = 0.95
SELDOM_RUN = 1e-4
FEWEST_GOLD = 5
GOLD_HALF = 0.5
GOLD_SURE = 0.01
FEWEST_SECOND = 8
FOLLOWING = (0.5, 0.8)
FEWEST_OF_A_SESSION = 20
# A first session alone may begin with easier clips.
FEWEST_DRIFTING = 80
LEAST_DRIFT = 0.15


class Name(StrEnum):
    """What was found."""

    SAME_ANSWER = "SAME_ANSWER"
    AT_RANDOM = "AT_RANDOM"
    AGAINST = "AGAINST"
    TOO_FAST = "TOO_FAST"
    RUBBER_STAMP = "RUBBER_STAMP"
    GOLD_FAILED = "GOLD_FAILED"
    DRIFT = "DRIFT"


@dataclass(frozen=True)
class Second:
    """What became of an answer in the step after it: whether the suggestion was shown, what it was, and the new one."""

    is_shown: bool
    suggested: str
    emotion: str


@dataclass(frozen=True)
class Heard:
    """One blind answer (an emotion or UNUSABLE), the others' to the same clip, and how it was given."""

    answer: str
    others: tuple[str, ...]
    at: datetime
    seconds: float | None = None
    duration_seconds: float | None = None
    # Of a gold item: whether it lay within the band.
    is_right: bool | None = None
    second: Second | None = None


@dataclass(frozen=True)
class Usual:
    """How often everybody in the language moves to a suggestion that they see, and to one that they do not."""

    toward_shown: float | None = None
    toward_hidden: float | None = None


@dataclass(frozen=True)
class Pattern:
    """One pattern, in how many of the newest answers it lies, and the numbers that show it."""

    name: Name
    looked_at: int
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Concord:
    """How one listener agrees with the others: shares of the others' answers that are theirs, per clip and on average.

    `chance` is what the same answers would reach dealt out to the clips at random, `z` how many standard errors above
    it they are; `usual` and `usual_chance` the same of the others among themselves.
    """

    scores: tuple[float, ...]
    chance: float
    z: float
    usual: float | None
    usual_chance: float

    @property
    def share(self) -> float:
        """Their agreement on average."""
        return fmean(self.scores)

    @property
    def error(self) -> float:
        """The standard error of the agreement."""
        return math.sqrt(pvariance(self.scores) / len(self.scores))

    @property
    def common(self) -> float | None:
        """How far above chance the others agree among themselves; None where too few clips have two of them."""
        return None if self.usual is None else self.usual - self.usual_chance


def find(heard: Sequence[Heard], *, usual: Usual, chance: random.Random) -> list[Pattern]:
    """Every pattern in the answers, which come oldest first; the one with the fewest answers where several windows."""
    found: dict[Name, Pattern] = {}
    for window in WINDOWS:
        if len(heard) <= window and found:
            break
        newest = heard[-window:]
        for pattern in (*sameness(newest, chance), *dissent(newest, chance), *haste(newest)):
            found.setdefault(pattern.name, pattern)
    for pattern in (*stamping(heard[-WINDOWS[-1] :], usual), *failing(heard[-WINDOWS[-1] :]), *drifting(heard)):
        found.setdefault(pattern.name, pattern)
    return [found[name] for name in Name if name in found]


def sameness(heard: Sequence[Heard], chance: random.Random) -> list[Pattern]:
    """The same answer nearly always, or in a row, far beyond what the others heard in these clips.

    The share is held against the others' by a binomial tail of one in a thousand, and where it leaves room for other
    answers these must tell nothing about their clips. A run is held against the own share of the answer, or the others'
    where that is higher: so many in a row come by lot once in ten thousand windows.
    """
    if len(heard) < FEWEST:
        return []
    answers = [each.answer for each in heard]
    answer, times = Counter(answers).most_common(1)[0]
    said = [likelihood(each, answer, heard) for each in heard]
    expected = fmean(said)
    found = {"times": float(times), "of": float(len(heard)), "expected": expected}
    part = times / len(heard)
    is_more = at_least(times, len(heard), expected) < SURE
    if is_more and (part >= NEARLY_ALWAYS or (part >= MOSTLY and not is_telling(heard, chance))):
        return [Pattern(Name.SAME_ANSWER, len(heard), found)]
    run, seldom = longest_run(heard)
    if seldom < SELDOM_RUN:
        return [Pattern(Name.SAME_ANSWER, len(heard), found | {"run": float(run), "p": seldom})]
    return []


def likelihood(one: Heard, answer: str, heard: Sequence[Heard]) -> float:
    """How probable the answer is to this clip: as the others said, drawn a little to what they say of all clips."""
    everything = [said for each in heard for said in each.others]
    base = (everything.count(answer) + 1) / (len(everything) + 10)
    return (one.others.count(answer) + base) / (len(one.others) + 1)


def longest_run(heard: Sequence[Heard]) -> tuple[int, float]:
    """The least probable run of one answer: how long it is, and how probable one like it is anywhere."""
    own = Counter(each.answer for each in heard)
    best, length, probability = (0, 1.0), 0, 1.0
    before = None
    for each in heard:
        if each.answer != before:
            length, probability, before = 0, 1.0, each.answer
        length += 1
        probability *= max(own[each.answer] / len(heard), share_of(each.others, each.answer))
        best = min(best, (length, probability), key=lambda run: run[1])
    return best[0], min(1.0, best[1] * len(heard))


def dissent(heard: Sequence[Heard], chance: random.Random) -> list[Pattern]:
    """Agreement no better than chance, or worse than chance.

    AT_RANDOM: neither the agreement nor any other dependence on what the others heard is significant at one in a
    hundred, and with 97.5 % certainty they reach less than HONEST_REACH of what the others reach among themselves; so
    two in a hundred who answer by lot escape. AGAINST: agreement below chance at one in a thousand, or surely below
    OPPOSED_REACH of what the others reach while the answers do hang on what these heard.
    """
    agreement = concord(heard)
    if agreement is None or agreement.common is None or agreement.common < LEAST_COMMON:
        return []
    highest = (agreement.share - agreement.chance + 1.96 * agreement.error) / agreement.common
    if highest >= HONEST_REACH or above(agreement.z) < INDEPENDENT:
        return []
    p = dependence(heard, chance)
    facts = {
        "share": agreement.share,
        "chance": agreement.chance,
        "usual": agreement.usual or 0.0,
        "items": float(len(agreement.scores)),
        "p": p,
    }
    is_worse = 1 - above(agreement.z) < SURE
    if is_worse or (highest < OPPOSED_REACH and p < INDEPENDENT):
        return [Pattern(Name.AGAINST, len(heard), facts)]
    return [Pattern(Name.AT_RANDOM, len(heard), facts)] if p >= INDEPENDENT else []


def is_telling(heard: Sequence[Heard], chance: random.Random) -> bool:
    """Whether the answers hang on the clips: with the others' answers, or in any other way."""
    agreement = concord(heard)
    return agreement is None or above(agreement.z) < INDEPENDENT or dependence(heard, chance) < INDEPENDENT


def claims(heard: Sequence[Heard]) -> list[tuple[str, tuple[str, ...]]]:
    """Answers that say something, each with those of the others that do; clips that nobody else answered left out."""
    spoken = ((each.answer, tuple(o for o in each.others if o not in CLAIMLESS)) for each in heard)
    return [(answer, others) for answer, others in spoken if others and answer not in CLAIMLESS]


def concord(heard: Sequence[Heard]) -> Concord | None:
    """The agreement with the others; None where fewer than FEWEST answers have others beside them.

    Chance and its variance are those of dealing the answers out at random (Hoeffding 1951).
    """
    said = claims(heard)
    count = len(said)
    if count < FEWEST:
        return None
    own = Counter(answer for answer, _ in said)
    shares = [{name: times / len(others) for name, times in Counter(others).items()} for _, others in said]
    names = set(own) | {name for each in shares for name in each}
    mean = {name: sum(each.get(name, 0.0) for each in shares) / count for name in names}
    scores = tuple(each.get(answer, 0.0) for (answer, _), each in zip(said, shares, strict=True))
    chance = sum(own[name] / count * mean[name] for name in own)
    spread = 0.0
    for each in shares:
        row = sum(own[name] / count * each.get(name, 0.0) for name in own)
        spread += sum(own[name] * (each.get(name, 0.0) - row - mean[name] + chance) ** 2 for name in own)
    z = (sum(scores) - count * chance) / math.sqrt(spread / (count - 1)) if spread > 1e-12 else 0.0
    pairs = [pair_agreement(others) for _, others in said if len(others) > 1]
    usual = fmean(pairs) if len(pairs) >= FEWEST // 2 else None
    return Concord(scores, chance, z, usual, sum(part * part for part in mean.values()))


def pair_agreement(answers: Sequence[str]) -> float:
    """The share of pairs of answers that are the same."""
    count = len(answers)
    return sum(times * (times - 1) for times in Counter(answers).values()) / (count * (count - 1))


def share_of(answers: Sequence[str], answer: str) -> float:
    """Which part of the answers it is; 0 of none."""
    return answers.count(answer) / len(answers) if answers else 0.0


def dependence(heard: Sequence[Heard], chance: random.Random) -> float:
    """How probable it is that answers which hang on nothing look as dependent on the others' as these (permutation).

    Dependent in any way: somebody who always says surprise where the others say fear is not at random. The statistic is
    the information that answers and others' answers share; its margins stay as they are under permutation.
    """
    said = claims(heard)
    answers = [answer for answer, _ in said]
    shares = [[(name, times / len(others)) for name, times in Counter(others).items()] for _, others in said]
    observed = information(answers, shares)
    dealt = list(answers)
    as_much = 0
    for _ in range(PERMUTATIONS):
        chance.shuffle(dealt)
        as_much += information(dealt, shares) >= observed - 1e-9
    return (as_much + 1) / (PERMUTATIONS + 1)


def information(answers: Sequence[str], shares: Sequence[Sequence[tuple[str, float]]]) -> float:
    """What of the mutual information changes when the answers are dealt out anew."""
    cells: dict[tuple[str, str], float] = {}
    for answer, others in zip(answers, shares, strict=True):
        for name, part in others:
            cells[answer, name] = cells.get((answer, name), 0.0) + part
    return sum(cell * math.log(cell) for cell in cells.values())


def haste(heard: Sequence[Heard]) -> list[Pattern]:
    """Answers sooner than the sound lasts and a button is found: more than one in twenty, sure at one in a thousand."""
    timed = [
        each.seconds < each.duration_seconds + LEAST_SECONDS
        for each in heard
        if each.seconds is not None and each.duration_seconds is not None
    ]
    fast = sum(timed)
    if not timed or at_least(fast, len(timed), OFTEN_FAST) >= SURE:
        return []
    return [Pattern(Name.TOO_FAST, len(heard), {"times": float(fast), "of": float(len(timed))})]


def stamping(heard: Sequence[Heard], usual: Usual) -> list[Pattern]:
    """Whatever the suggestion says becomes the answer, far more often than others do it, and than unseen.

    Among those that were shown another emotion than their own: a binomial tail of one in a thousand against what
    everybody in the language does, and at least against every second.
    """
    shown = [each.second for each in heard if each.second and each.second.suggested != each.answer]
    seen = [second for second in shown if second.is_shown]
    moved = sum(second.emotion == second.suggested for second in seen)
    bar = min(max(usual.toward_shown or 0.0, FOLLOWING[0]), FOLLOWING[1])
    if len(seen) < FEWEST_SECOND or at_least(moved, len(seen), bar) >= SURE:
        return []
    hidden = [second.emotion == second.suggested for second in shown if not second.is_shown]
    unseen = usual.toward_hidden if usual.toward_hidden is not None else 0.0
    facts = {"times": float(moved), "of": float(len(seen)), "usual": usual.toward_shown or 0.0, "unseen": unseen}
    low = share(moved, len(seen)).low or 0.0
    own_unseen = share(sum(hidden), len(hidden)).low or 0.0
    return [Pattern(Name.RUBBER_STAMP, len(heard), facts)] if low > max(unseen, own_unseen) else []


def failing(heard: Sequence[Heard]) -> list[Pattern]:
    """Gold items missed: so few right that one in a hundred who get every second would have so few."""
    gold = [each.is_right for each in heard if each.is_right is not None]
    if len(gold) < FEWEST_GOLD or at_most(sum(gold), len(gold), GOLD_HALF) >= GOLD_SURE:
        return []
    return [Pattern(Name.GOLD_FAILED, len(heard), {"right": float(sum(gold)), "of": float(len(gold))})]


def drifting(heard: Sequence[Heard]) -> list[Pattern]:
    """Agreement falls from the first to the second half of a session by LEAST_DRIFT, sure at one in a thousand."""
    fall = drift(heard)
    if fall is None or fall.items < FEWEST_DRIFTING or fall.p >= SURE or fall.early - fall.late < LEAST_DRIFT:
        return []
    facts = {"early": fall.early, "late": fall.late, "p": fall.p, "items": float(fall.items)}
    return [Pattern(Name.DRIFT, len(heard), facts)]


@dataclass(frozen=True)
class Drift:
    """Agreement in the first and second halves of sessions, in how many answers, and how probably it fell by lot."""

    early: float
    late: float
    items: int
    p: float


def drift(heard: Sequence[Heard]) -> Drift | None:
    """Agreement early and late in sessions of at least FEWEST_OF_A_SESSION answers; None without any such session."""
    early: list[float] = []
    late: list[float] = []
    for session in sessions(heard):
        scores = [share_of(others, answer) for answer, others in claims(session)]
        if len(scores) >= FEWEST_OF_A_SESSION:
            early += scores[: len(scores) // 2]
            late += scores[len(scores) // 2 :]
    if not early:
        return None
    error = math.sqrt(pvariance(early) / len(early) + pvariance(late) / len(late))
    p = above((fmean(early) - fmean(late)) / error) if error else 1.0
    return Drift(fmean(early), fmean(late), len(early) + len(late), p)


def sessions(heard: Sequence[Heard]) -> list[list[Heard]]:
    """The answers, divided where their listener rested."""
    told: list[list[Heard]] = []
    for each in heard:
        if told and each.at - told[-1][-1].at <= REST:
            told[-1].append(each)
        else:
            told.append([each])
    return told
