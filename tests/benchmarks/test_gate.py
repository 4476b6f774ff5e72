"""The gate's honesty and its price: `./run bench tests/benchmarks/test_gate.py -s` (half an hour of one busy core).

How often an equal passes, alone and at the end of many looks; how often a true gain is seen, by the number of test
speakers; that a candidate of shuffled labels never passes; and what drawing in bulk saves. docs/benchmarks/gate.md
keeps the tables. `./run test` looks at a few rounds of each.
"""

import os
import random
import sys
import time

import numpy as np
import pytest

from tests.benchmarks import rounds
from tests.benchmarks.tables import markdown
from training.evaluation import figures
from training.gate import deciding, spending, weighing
from training.gate.weighing import Known

IS_BENCHMARK = "OE_BENCH" in os.environ
ROUNDS, DRAWS = (1000, 10_000) if IS_BENCHMARK else (12, 400)
SPEAKERS = (2, 3, 4, 5, 8, 20) if IS_BENCHMARK else (8,)
LOOKS, SITES = (20, 100) if IS_BENCHMARK else (3, 3)
GAIN_SPEAKERS = (10, 20, 50, 100, 200) if IS_BENCHMARK else (8,)
CHAMPION = 0.60


def told(table: str) -> None:
    sys.stderr.write(f"\n{table}\n")


def is_better(site, candidate, champion, *, looks=0.0):
    known = Known(draws=DRAWS, earlier_looks=looks)
    return weighing.against_champion(site.heard(candidate, champion), known)["primary"]


def share(passed: int, of: int) -> str:
    return f"{100 * passed / of:.1f}"


def test_an_equal_is_published_in_at_most_five_rounds_of_a_hundred():
    rows = []
    for speakers in SPEAKERS:
        passed = 0
        for seed in range(ROUNDS):
            site = rounds.Site(speakers, seed=seed)
            passed += is_better(site, site.model(CHAMPION), site.model(CHAMPION))["is_better"]
        rows.append([speakers, share(passed, ROUNDS)])
        assert passed <= (0.05 * ROUNDS if IS_BENCHMARK else 3)
    told(markdown(["test speakers", f"published of {ROUNDS} rounds of equals, %"], rows))


def test_an_equal_passes_the_whole_gate_as_seldom_and_its_guards_are_no_lottery():
    published = guarded = 0
    for seed in range(some := ROUNDS // 4 if IS_BENCHMARK else 3):
        site = rounds.Site(20, seed=10_000 + seed)
        told_of = site.comparison(site.model(CHAMPION), site.model(CHAMPION))
        faults = deciding.decide(told_of, rounds.CLEAN, Known(draws=DRAWS))["faults"]
        published += not faults
        guarded += any(fault["code"] == "worse" for fault in faults)
    told(f"Of {some} equals on 20 speakers the whole gate published {published}; a guard failed {guarded}.")

    assert published <= 0.05 * some
    assert guarded <= max(1, 0.1 * some)


def test_many_looks_at_the_same_speakers_do_not_let_luck_through():
    passed_at, any_passed = np.zeros(LOOKS), 0
    for seed in range(SITES):
        site = rounds.Site(20, seed=20_000 + seed)
        champion, lucky = site.model(CHAMPION), 0
        for look in range(LOOKS):
            candidate = site.model(CHAMPION)
            if is_better(site, candidate, champion, looks=float(look))["is_better"]:
                # What passed by luck is the champion that the next has to beat on these very speakers.
                champion, lucky = candidate, lucky + 1
                passed_at[look] += 1
        any_passed += lucky > 0
    per_round = passed_at.sum() / (LOOKS * SITES)
    least = spending.fooled_at_most(LOOKS - 1)
    told(
        f"{LOOKS} looks at 20 speakers on {SITES} sites: an equal was published in {100 * per_round:.2f} % of the "
        f"rounds, at least once on {100 * any_passed / SITES:.1f} % of the sites ({100 * least:.1f} % at most by the "
        f"sum of the tails)."
    )

    assert per_round <= 0.05
    assert any_passed <= max(1, 1.5 * least * SITES)


@pytest.mark.parametrize("alike", [0.0, 0.7] if IS_BENCHMARK else [0.7])
def test_a_true_gain_of_three_points_is_seen_the_oftener_the_more_speakers_there_are(alike):
    rows, some = [], ROUNDS // 10 if IS_BENCHMARK else 4
    for speakers in GAIN_SPEAKERS:
        seen = detected = 0
        least = []
        for seed in range(some):
            site = rounds.Site(speakers, seed=30_000 + seed, alike=alike)
            champion, candidate = site.model(CHAMPION), site.model(CHAMPION + 0.03)
            primary = is_better(site, candidate, champion)
            seen += primary["is_better"]
            least.append(primary["smallest_detectable_gain"])
            detected += primary["difference"]["high"] < 0
        rows.append([speakers, share(seen, some), f"{100 * float(np.median(least)):.1f}"])
        assert detected <= max(1, 0.02 * some)
    heads = ["test speakers", "power for 3 points, %", "smallest gain seen with 80 %, points"]
    told(f"Alike on {100 * alike:.0f} % of the clips\n\n" + markdown(heads, rows))


def test_a_candidate_of_shuffled_labels_never_passes():
    passed = some = 0
    for seed in range(ROUNDS // 10 if IS_BENCHMARK else 2):
        site = rounds.Site(20, seed=40_000 + seed)
        shuffled = site.model(1 / len(rounds.EMOTIONS))
        for champion in (None, site.model(CHAMPION)):
            decided = deciding.decide(site.comparison(shuffled, champion), rounds.CLEAN, Known(draws=DRAWS))
            passed, some = passed + (not decided["faults"]), some + 1
    told(f"Of {some} candidates of shuffled labels, with a champion and without, {passed} passed.")

    assert passed == 0


@pytest.mark.parametrize("speakers", (3, 20, 200, 2000) if IS_BENCHMARK else (200,))
def test_drawing_in_bulk_is_a_hundred_times_a_plain_loop(speakers):
    clips, draws, by_hand = (20_000, 10_000, 20) if IS_BENCHMARK else (4_000, 1_000, 3)
    chance = np.random.default_rng(0)
    truth = chance.choice(["a", "b", "c", "d"], clips).tolist()
    ours, theirs = (np.where(chance.random(clips) < right, truth, "e").tolist() for right in (0.7, 0.6))
    voices = [f"s{place % speakers}" for place in range(clips)]

    began = time.perf_counter()
    found = figures.paired(truth, ours, theirs, voices, draws=draws)
    bulk = time.perf_counter() - began
    began = time.perf_counter()
    values = [plainly_drawn(truth, ours, theirs, voices, random.Random(seed)) for seed in range(by_hand)]
    plain = (time.perf_counter() - began) / by_hand * draws

    told(f"{draws} draws over {clips} clips of {speakers} speakers: {bulk:.2f} s, a plain loop {plain:.0f} s: "
         f"{plain / bulk:.0f} times.")  # fmt: skip
    assert all(-1 <= value <= 1 for value in values)
    assert found["interval"]["low"] <= found["difference"] <= found["interval"]["high"]


def plainly_drawn(truth, ours, theirs, voices, chance):
    """One draw of speakers, and the difference of the recalls, as one would write it first."""
    own = {}
    for place, voice in enumerate(voices):
        own.setdefault(voice, []).append(place)
    names = sorted(own)
    counts, first, second = {}, {}, {}
    for _ in names:
        for place in own[chance.choice(names)]:
            emotion = truth[place]
            counts[emotion] = counts.get(emotion, 0) + 1
            first[emotion] = first.get(emotion, 0) + (ours[place] == emotion)
            second[emotion] = second.get(emotion, 0) + (theirs[place] == emotion)
    return sum((first[name] - second[name]) / count for name, count in counts.items()) / len(counts)
