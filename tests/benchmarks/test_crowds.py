"""Ways of aggregating, and asking less where listeners agree: `./run bench tests/benchmarks/test_crowds.py -s`.

Prints the tables of docs/benchmarks/crowds.md, from simulated crowds alone. In the tests it runs with one seed.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import MACE, DawidSkene, OneCoinDawidSkene

from contributions.listening import aggregation, enough, labels
from tests import crowds
from tests.benchmarks.tables import markdown
from tests.contributions.listening.test_crowds import BAD, GOOD, MIXED, by_estimate, by_majority, votes_of
from tests.contributions.listening.test_crowds import without_the_useless as without
from tests.crowds import Crowd

IS_BENCHMARK = "OE_BENCH" in os.environ
SEEDS = range(4 if IS_BENCHMARK else 1)
CROWDS = {"good": GOOD, "mixed": MIXED, "bad": BAD}
LANGUAGES = ("en", "sw", "pl")
SIZES = ((70, 3), (300, 3), (600, 5)) if IS_BENCHMARK else ((70, 3),)
PRIORS = (1.0, 4.0, 16.0)
SHARPNESSES = (1.0, 0.8, 0.6, 0.4)
# What a label gives to an emotion that it does not name, where the logarithm is taken.
LEAST = 0.01
CLEARNESS = {"plain": (6.0, 1.0), "unclear": (2.0, 1.0)}
SURE_OF = [("good", 300, 3, "plain"), ("mixed", 600, 5, "plain"), ("mixed", 600, 5, "unclear")]
ASKED = [("good", "plain")]
CLIPS_ASKED = 600 if IS_BENCHMARK else 150
if IS_BENCHMARK:
    SURE_OF += [("good", 600, 5, "plain"), ("good", 600, 5, "unclear"), ("mixed", 300, 3, "plain")]
    ASKED += [("good", "unclear"), ("mixed", "plain"), ("mixed", "unclear"), ("bad", "plain"), ("bad", "unclear")]


def test_which_way_of_aggregating_finds_most_of_the_truth(monkeypatch):
    rows = []
    for name, raters in CROWDS.items():
        for clips, each in SIZES:
            found = defaultdict(list)
            for seed in SEEDS:
                crowd = uneven(seed, raters, clips, each)
                for way, share in ways(crowd, monkeypatch).items():
                    found[way].append(share)
            rows.append((name, clips, clips * each, *(percent(np.mean(found[way])) for way in found)))
    say("\n" + markdown(("crowd", "clips", "answers", *found), rows))

    assert float(rows[0][-1]) > 80


def uneven(seed: int, raters: list, clips: int, each: int) -> Crowd:
    """A crowd in which a few give most of the answers, as in every crowd, and some give five."""
    rng = np.random.default_rng(seed)
    activity = rng.pareto(1.5, size=len(raters)) + 0.2
    language = LANGUAGES[seed % len(LANGUAGES)]
    return crowds.simulate(rng, clips=clips, raters=raters, ratings_per_clip=each, activity=activity, language=language)


def ways(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The share of clips that each way of aggregating names rightly."""
    told = [(said.clip, said.rater, said.emotion) for said in crowd.answers]
    data = pd.DataFrame(told, columns=["task", "worker", "label"])
    found = {"majority": float(by_majority(crowd).mean())}
    if IS_BENCHMARK:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A minute for 3,000 answers, and the last of all where there are fewer.
            small = len(data) <= 900
            found["one coin"] = share_right(crowd, OneCoinDawidSkene(n_iter=20).fit_predict(data)) if small else np.nan
            found["MACE"] = share_right(crowd, MACE(n_restarts=3, n_iter=25, random_state=0).fit_predict(data))
            found["Dawid-Skene"] = share_right(crowd, DawidSkene(n_iter=50).fit_predict(data))
    for prior in PRIORS:
        monkeypatch.setattr(aggregation, "PRIOR_ANSWERS", prior)
        found[f"ours, prior {prior:.0f}"] = float(by_estimate(crowd).mean())
    return found


def share_right(crowd: Crowd, named: pd.Series) -> float:
    """How many of the clips are called what they are."""
    return float(np.mean([named.get(clip) == truth for clip, truth in enumerate(crowd.truth)]))


def test_how_sure_the_estimate_is_beside_how_often_it_is_right(monkeypatch):
    rows, losses = [], defaultdict(list)
    monkeypatch.setattr(aggregation, "SHARPNESS", 1.0)
    for name, clips, each, clear in SURE_OF:
        monkeypatch.setattr(crowds, "CLEARNESS", CLEARNESS[clear])
        told = defaultdict(list)
        for seed in SEEDS:
            crowd = uneven(seed, CROWDS[name], clips, each)
            told["right"].append(by_estimate(crowd).mean())
            made = aggregation.aggregated(votes_of(crowd)).probabilities
            for sharpness in SHARPNESSES:
                told[sharpness].append(surprise(crowd, {clip.int: to_the(sharpness, made[clip]) for clip in made}))
            counted = {clip: labels.counts(votes) for clip, votes in crowd.votes().items()}
            told["counts"].append(surprise(crowd, counted))
        right = percent(np.mean(told.pop("right")))
        means = {way: np.mean(some, axis=0) for way, some in told.items()}
        said = [f"{percent(sure)} / {lost:.2f}" for sure, lost in means.values()]
        rows.append((name, clear, clips * each, right, *said))
        for way, (_sure, lost) in means.items():
            losses[way].append(lost)
    say("\n" + markdown(("crowd", "clips are", "answers", "right", *map(str, told)), rows))

    assert np.mean(losses[0.6]) < min(np.mean(losses[1.0]), np.mean(losses["counts"]))


def to_the(power: float, shares: dict[str, float]) -> dict[str, float]:
    """The probabilities to a power, made to sum to 1 again."""
    blunted = {name: share**power for name, share in shares.items()}
    return {name: share / sum(blunted.values()) for name, share in blunted.items()}


def surprise(crowd: Crowd, made: dict[int, dict[str, float]]) -> tuple[float, float]:
    """How sure the labels are of what they name first, and the mean log loss of the truth by them."""
    sure = np.mean([max(shares.values()) for shares in made.values()])
    lost = np.mean([-np.log(max(LEAST, made[clip].get(truth, 0.0))) for clip, truth in enumerate(crowd.truth)])
    return float(sure), float(lost)


def test_what_asking_only_while_they_disagree_saves(monkeypatch):
    rows = []
    for how, prepared in (("as they come", as_they_come), ("the useless voided", without)):
        for name, clear in ASKED:
            monkeypatch.setattr(crowds, "CLEARNESS", CLEARNESS[clear])
            rows.append((how, name, clear, *saving(CROWDS[name], prepared)))
    say("\n" + markdown(
        ("listeners", "crowd", "clips are", "fewer answers", "right with 7", "of so many clips, 95 %", "with 3, 5, 7",
         "majority with 7"),
        rows,
    ))  # fmt: skip

    assert float(rows[0][3]) > 35


def as_they_come(crowd: Crowd) -> Crowd:
    """The crowd itself."""
    return crowd


def saving(raters: list, prepared: Callable[[Crowd], Crowd]) -> tuple[str, str, str, str, str]:
    """How many answers the rule saves, and what both ways find, over the seeds."""
    fewer, seven, adaptive, plain = [], [], [], []
    for seed in SEEDS:
        rng = np.random.default_rng(100 + seed)
        language = LANGUAGES[seed % len(LANGUAGES)]
        whole = crowds.simulate(rng, clips=CLIPS_ASKED, raters=raters, ratings_per_clip=12, language=language)
        crowd = prepared(whole)
        always, asked = (crowds.heard_until(crowd, rule) for rule in (lambda _votes: 7, enough.wanted))
        fewer.append(1 - len(asked.answers) / len(always.answers))
        seven.append(by_estimate(always).mean())
        adaptive.append(by_estimate(asked).mean())
        plain.append(by_majority(always).mean())
    share = float(np.mean(seven))
    half = 1.96 * np.sqrt(share * (1 - share) / CLIPS_ASKED)
    between = f"{percent(share - half)} to {percent(min(1.0, share + half))}"
    return percent(np.mean(fewer)), percent(share), between, percent(np.mean(adaptive)), percent(np.mean(plain))


def percent(share: float) -> str:
    """A share in percent; a dash where it was not measured."""
    return f"{100 * share:.1f}" if np.isfinite(share) else "-"


def say(text: str) -> None:
    """Into what -s shows."""
    sys.stdout.write(text + "\n")
