"""How much of what a batch computes is sound: `./run bench tests/benchmarks/test_token_waste.py`.

Clips of the lengths that real corpora have are drawn into batches as a run draws them, and the tokens of the ear inside
each clip are set against the tokens that the batch computes. A second figure is taken after the augmentation has played
clips at other speeds, which makes those of one length differ again: every other clip by up to a tenth. The table is
left in var/benchmarks/token-waste.md.
"""

import logging
import os

import numpy as np
import torch

from tests.benchmarks import corpora
from tests.benchmarks.tables import markdown
from training.augmentation import speed
from training.batches import Batches
from training.packing import SAMPLE_RATE_HZ, PackedClip
from training.plan import FitPlan

log = logging.getLogger(__name__)
IS_BENCHMARK = "OE_BENCH" in os.environ
REPORT = corpora.CACHE / "token-waste.md"
CLIPS = 20_000 if IS_BENCHMARK else 600
# Some hundred clips cannot fill a large batch with clips of one length.
BATCHES_SECONDS = (FitPlan().batch_seconds, 600.0) if IS_BENCHMARK else (FitPlan().batch_seconds,)
AT_LEAST = 0.95
SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
# Seconds that so many of the clips are shorter than: measured, and as a site would have them that asks for free speech.
LENGTHS = {
    "RAVDESS (1,440 clips)": (2.94, 3.07, 3.2, 3.3, 3.47, 3.67, 3.87, 4.14, 4.3, 4.74, 5.27),
    "nEMO (4,481 clips)": (0.87, 1.16, 1.55, 1.71, 1.99, 2.39, 2.87, 3.36, 3.65, 4.26, 5.66),
    "0.3 to 60 s": (0.3, 0.5, 1, 1.3, 2.2, 4, 8, 15, 25, 45, 60),
}


def clips_of(lengths: tuple[float, ...], *, seed: int = 0) -> list[PackedClip]:
    """Clips whose lengths are spread so, of forty speakers, six emotions and ninety sentences."""
    random = np.random.default_rng(seed)
    seconds = np.interp(random.uniform(size=CLIPS), SHARES, lengths)
    return [
        PackedClip(
            key=f"clip{number:06d}",
            split="train",
            speaker=f"speaker{random.integers(40)}",
            language=("en", "pl", "de")[random.integers(3)],
            corpus="made",
            emotions={("anger", "fear", "happiness", "neutral", "sadness", "surprise")[random.integers(6)]: 1.0},
            intensity=None,
            texts=[],
            offset=0,
            sample_count=int(length * SAMPLE_RATE_HZ),
            transcript=f"sentence {random.integers(90)}",
        )
        for number, length in enumerate(seconds)
    ]


def tokens(samples: np.ndarray) -> np.ndarray:
    """The tokens of an ear at 25 a second: 100 frames a second, halved twice, each time rounded up."""
    return np.ceil(np.ceil(np.ceil(samples / 160) / 2) / 2).astype(int)


def epoch_of(clips: list[PackedClip], plan: FitPlan) -> list[np.ndarray]:
    """The sample counts of each batch until as many clips were drawn as there are."""
    batches = Batches(
        clips, seed=plan.seed, batch_seconds=plan.batch_seconds, longest_clip_seconds=plan.longest_clip_seconds
    )
    drawn: list[np.ndarray] = []
    while sum(map(len, drawn)) < len(clips):
        longest = int(plan.longest_clip_seconds * SAMPLE_RATE_HZ)
        drawn.append(np.array([min(clip.sample_count, longest) for clip in batches.next()]))
    return drawn


def share_inside(batches: list[np.ndarray]) -> float:
    """Tokens inside clips by all tokens that are computed."""
    inside = sum(int(tokens(counts).sum()) for counts in batches)
    return inside / sum(len(counts) * int(tokens(counts.max())) for counts in batches)


def sped(counts: np.ndarray) -> np.ndarray:
    """The batch's sample counts at speeds that the augmentation draws."""
    return -(-counts * 100 // speed.drawn(len(counts)).numpy())


def test_padding_is_counted_in_tokens_of_the_ear():
    batches = [np.array([16_000, 8_000]), np.array([640])]

    assert tokens(np.array([16_000, 8_000, 640, 641, 1])).tolist() == [25, 13, 1, 2, 1]
    assert share_inside(batches) == (25 + 13 + 1) / (25 + 25 + 1)


def test_nineteen_tokens_in_twenty_are_sound():
    torch.manual_seed(0)
    drawn = {
        (batch_seconds, name): epoch_of(clips_of(lengths), FitPlan(batch_seconds=batch_seconds))
        for batch_seconds in BATCHES_SECONDS
        for name, lengths in LENGTHS.items()
    }

    told = as_table(drawn)
    log.info("\n%s", told)
    if IS_BENCHMARK:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(told, encoding="utf-8")
    assert min(share_inside(batches) for batches in drawn.values()) >= AT_LEAST


def as_table(drawn: dict[tuple[float, str], list[np.ndarray]]) -> str:
    """What is sound in the batches of each size and corpus, as they are drawn and at other speeds."""
    rows = [
        (
            name,
            f"{batch_seconds:.0f} s",
            f"{np.mean([len(counts) for counts in batches]):.0f}",
            f"{share_inside(batches):.1%}",
            f"{share_inside([sped(counts) for counts in batches]):.1%}",
        )
        for (batch_seconds, name), batches in drawn.items()
    ]
    head = (f"{CLIPS:,} clips as long as in", "batch", "clips in one", "tokens of sound", "at other speeds")
    return markdown(head, rows)
