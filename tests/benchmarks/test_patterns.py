"""How often patterns are found in crowds whose ears are known: `./run bench tests/benchmarks/test_patterns.py -s`.

Everybody is looked at after their first 50 answers, as a new listener would be, and honest ones again after every 25
until 500. Beside the kinds of tests/crowds.py there are some that are made of an honest listener's answers by turning
them. In the tests a few seeds; as a benchmark many, and the table of docs/benchmarks/patterns.md.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from contributions.listening import patterns
from contributions.listening.patterns import Heard, Second, Usual
from tests import crowds
from tests.crowds import CORE, Crowd, Kind

IS_BENCHMARK = "OE_BENCH" in os.environ
BEGAN_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
SOUND_SECONDS = 3.0
# Two thirds honest, the others of every kind: as many spoilers as a site without a tutorial might draw.
MIXED = [Kind.HONEST] * 24 + [Kind.OUTLIER] * 4 + [Kind.CARELESS] * 3 + [Kind.SPAMMER] * 3 + [Kind.CONSTANT] * 2
MIXED += [Kind.ADVERSARY] * 2
PLAIN, UNCLEAR = (6.0, 1.0), (2.0, 1.0)
LOOKED_AT = 50
SPOILERS = ("SPAMMER", "CONSTANT", "ADVERSARY", "in turn", "always wrong", "from memory")
OUTLIERS = ("OUTLIER", "weaker", "three words turned", "doubtful")

Turned = Callable[[Sequence[str], Sequence[str], random.Random], list[str]]


def weaker(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """Every second emotion is heard as none."""
    return ["neutral" if chance.random() < 0.5 else answer for answer in answers]


def three_turned(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """Three words stand for one another, always in the same way."""
    one, two, three = chance.sample(CORE, 3)
    words = {one: two, two: three, three: one}
    return [words.get(answer, answer) for answer in answers]


def doubtful(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """Cannot tell of every third clip."""
    return ["cannot_tell" if chance.random() < 0.33 else answer for answer in answers]


def in_turn(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """One answer after the other, without listening."""
    return [CORE[place % len(CORE)] for place in range(len(answers))]


def always_wrong(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """Any answer but what was heard."""
    return [chance.choice([name for name in CORE if name != answer]) for answer in answers]


def from_memory(answers: Sequence[str], truth: Sequence[str], chance: random.Random) -> list[str]:
    """Without listening, but as often each as there are clips of it."""
    return chance.sample(list(truth), len(truth))


TURNED: dict[str, Turned] = {
    "weaker": weaker,
    "three words turned": three_turned,
    "doubtful": doubtful,
    "in turn": in_turn,
    "always wrong": always_wrong,
    "from memory": from_memory,
}


def heard_by(crowd: Crowd, rater: int, *, turn: Turned | None = None, seed: int = 0) -> list[Heard]:
    """What the rater answered, in order, with all that others said of the same clips."""
    votes: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for said in crowd.answers:
        votes[said.clip].append((said.rater, said.emotion))
    own = [said for said in crowd.answers if said.rater == rater]
    answers = [said.emotion for said in own]
    if turn:
        answers = turn(answers, [crowd.truth[said.clip] for said in own], random.Random(seed))
    return [
        Heard(
            answer, tuple(name for who, name in votes[said.clip] if who != rater), BEGAN_AT + timedelta(minutes=place)
        )
        for place, (said, answer) in enumerate(zip(own, answers, strict=True))
    ]


def found(heard: Sequence[Heard]) -> set[str]:
    """The names of the patterns in the answers; by what is answered alone, without the seconds."""
    return {str(each.name) for each in patterns.find(heard, usual=Usual(), chance=random.Random(1))}


def listeners(crowd: Crowd, *, seed: int) -> Iterator[tuple[str, list[Heard]]]:
    """Everybody in the crowd by kind, and every honest one turned in every way."""
    for rater, kind in enumerate(crowd.kinds):
        yield str(kind), heard_by(crowd, rater)
        if kind is Kind.HONEST:
            for name, turn in TURNED.items():
                yield name, heard_by(crowd, rater, turn=turn, seed=seed * 1000 + rater)


def simulated(seed: int, *, per_clip: int, clips: int) -> Crowd:
    """A mixed crowd."""
    return crowds.simulate(np.random.default_rng(seed), clips=clips, raters=MIXED, ratings_per_clip=per_clip)


def rates(seeds: Sequence[int], *, per_clip: int, items: int = LOOKED_AT) -> dict[str, tuple[int, int, Counter[str]]]:
    """By kind: how many were found in their first answers, of how many, and by which patterns."""
    caught: Counter[str] = Counter()
    of: Counter[str] = Counter()
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for seed in seeds:
        # Enough clips that nearly everybody comes to so many.
        crowd = simulated(seed, per_clip=per_clip, clips=round(items * 1.3 * len(MIXED) / per_clip))
        for kind, heard in listeners(crowd, seed=seed):
            if len(heard) >= items:
                told = found(heard[:items])
                of[kind] += 1
                caught[kind] += bool(told)
                names[kind].update(told)
    return {kind: (caught[kind], of[kind], names[kind]) for kind in of}


def ever_found(seeds: Sequence[int], *, per_clip: int, items: int = 500) -> tuple[int, int]:
    """How many honest listeners were found at any of the looks after every 25 answers, of how many."""
    caught = of = 0
    for seed in seeds:
        crowd = simulated(seed, per_clip=per_clip, clips=round(items * 1.2 * len(MIXED) / per_clip))
        for rater, kind in enumerate(crowd.kinds):
            heard = heard_by(crowd, rater)
            if kind is Kind.HONEST and len(heard) >= items:
                of += 1
                caught += any(found(heard[:so_far]) for so_far in range(50, items + 1, 25))
    return caught, of


def told_by_lot(seed: int, *, fast: float, follows: float, right: float, falls: float) -> list[Heard]:
    """Two hundred answers in sessions of forty by a listener of known haste, readiness, sureness and weariness."""
    chance = random.Random(seed)
    made = []
    for place in range(200):
        truth = chance.choice(CORE)
        knows = 0.75 - (falls if place % 40 >= 20 else 0.0)
        others = tuple(truth if chance.random() < 0.75 else chance.choice(CORE) for _ in range(4))
        is_shown = chance.random() < 0.9
        moves = chance.random() < (follows if is_shown else 0.05)
        made.append(
            Heard(
                truth if chance.random() < knows else chance.choice(CORE),
                others,
                BEGAN_AT + timedelta(days=place // 40, minutes=place % 40),
                seconds=1.5 if chance.random() < fast else 12.0,
                duration_seconds=SOUND_SECONDS,
                is_right=chance.random() < right if place % 10 == 0 else None,
                second=Second(is_shown, "suggested", "suggested" if moves else "kept") if place % 3 == 0 else None,
            )
        )
    return made


def manners(seeds: Sequence[int]) -> dict[str, tuple[Counter[str], int]]:
    """Of each manner of answering, how often each pattern was found in two hundred answers."""
    usual = Usual(toward_shown=0.3, toward_hidden=0.05)
    manner = {
        "honest": {"fast": 0.02, "follows": 0.3, "right": 0.85, "falls": 0.0},
        "at the bounds": {"fast": 0.05, "follows": 0.5, "right": 0.5, "falls": 0.1},
        "spoiling": {"fast": 0.4, "follows": 0.95, "right": 0.1, "falls": 0.5},
    }
    told = {}
    for name, facts in manner.items():
        names: Counter[str] = Counter()
        for seed in seeds:
            shown = patterns.find(told_by_lot(seed, **facts), usual=usual, chance=random.Random(1))
            names.update(str(each.name) for each in shown)
        told[name] = (names, len(seeds))
    return told


@pytest.mark.parametrize("clearness", [PLAIN, UNCLEAR], ids=["plain", "unclear"])
def test_spoilers_are_found_within_fifty_answers_and_outliers_are_not(clearness, monkeypatch, capsys):
    """Three listeners a clip tell less; docs/benchmarks/patterns.md says how much."""
    monkeypatch.setattr(crowds, "CLEARNESS", clearness)
    for per_clip in (3, 5, 7) if IS_BENCHMARK else (5,):
        told = rates(range(15 if IS_BENCHMARK else 1), per_clip=per_clip)
        if IS_BENCHMARK:
            with capsys.disabled():
                sys.stdout.write(as_table(f"{per_clip} listeners a clip, clearness {clearness}", told))
        if per_clip >= 5:
            assert of_all(told, SPOILERS) >= 0.95
        assert of_all(told, (*OUTLIERS, "HONEST")) <= 0.02


def test_haste_stamping_gold_and_drift_are_found_and_honest_listeners_are_not(capsys):
    told = manners(range(1000 if IS_BENCHMARK else 40))
    if IS_BENCHMARK:
        with capsys.disabled():
            for name, (names, of) in told.items():
                sys.stdout.write(f"| {name} | {of} | {dict(names)} |\n")

    honest, spoiling = told["honest"], told["spoiling"]
    assert sum(honest[0].values()) <= 0.02 * honest[1]
    for name in ("TOO_FAST", "RUBBER_STAMP", "GOLD_FAILED", "DRIFT"):
        assert spoiling[0][name] >= 0.9 * spoiling[1]


def test_an_honest_listener_who_is_looked_at_again_and_again_is_hardly_ever_found(capsys):
    caught, of = ever_found(range(3 if IS_BENCHMARK else 1), per_clip=5, items=500 if IS_BENCHMARK else 75)
    if IS_BENCHMARK:
        with capsys.disabled():
            sys.stdout.write(f"ever in 500 answers: {caught} of {of}\n")

    assert caught <= 0.03 * of


def of_all(told: dict[str, tuple[int, int, Counter[str]]], kinds: Sequence[str]) -> float:
    """Which share of these kinds was found."""
    return sum(told[kind][0] for kind in kinds) / sum(told[kind][1] for kind in kinds)


def as_table(title: str, told: dict[str, tuple[int, int, Counter[str]]]) -> str:
    """A table as the page has it."""
    lines = [
        f"| {kind} | {caught} of {of} | {100 * caught / of:.1f} % | {dict(names)} |"
        for kind, (caught, of, names) in told.items()
    ]
    return "\n".join([f"\n{title}", *lines, ""])
