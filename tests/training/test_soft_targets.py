"""Where listeners disagree and captions collide, right answers by degrees beat one right answer a clip.

The generator makes clips whose sound is a mixture of emotions, and five listeners a clip who each hear one of them.
"""

import numpy as np
import pytest
import torch

from tests.training.clips import clip
from tests.training.linear_learner import WAYS, Lesson, LinearLearner
from training.evaluation.figures import uar

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
SEEDS = range(5)
LISTENERS, SOUND_WIDTH, NOISE = 5, 64, 1.5
STEPS, RATE = 100, 0.03
# 95 % of Student's t with four degrees of freedom lies within this.
T_OF_FIVE = 2.776


def heard(count, *, random, prototypes):
    """Mixtures (clips, emotions), their sounds (clips, width), and clips with the votes of five listeners."""
    mixtures = random.dirichlet([0.3] * len(EMOTIONS), count)
    sounds = mixtures @ prototypes + NOISE * random.standard_normal((count, SOUND_WIDTH)) / np.sqrt(SOUND_WIDTH)
    clips = [
        clip(
            str(number),
            language="en",
            emotions={name: n / LISTENERS for name, n in zip(EMOTIONS, votes, strict=True) if n},
            gender=["female", "male"][random.integers(2)],
        )
        for number, votes in enumerate(random.multinomial(LISTENERS, mixtures))
    ]
    return mixtures, torch.tensor(sounds, dtype=torch.float32), clips


def measured(seed):
    """By way, the unweighted average recall of the strongest emotion and the likeness to the mixture, on new clips."""
    random = np.random.default_rng(seed)
    prototypes = random.standard_normal((len(EMOTIONS), SOUND_WIDTH)) / np.sqrt(SOUND_WIDTH)
    _, sounds, clips = heard(200, random=random, prototypes=prototypes)
    mixtures, unheard, _ = heard(1000, random=random, prototypes=prototypes)
    strongest = [EMOTIONS[place] for place in mixtures.argmax(axis=1)]
    lesson = Lesson(clips, sounds, emotions=EMOTIONS, seed=seed, languages=["en"])
    told = {}
    for way in WAYS:
        scores = LinearLearner(lesson, width=16).learn(way, steps=STEPS, batch=128, rate=RATE).scores(unheard)
        named = [EMOTIONS[place] for place in scores.argmax(axis=1)]
        told[way] = (uar(strongest, named), np.minimum(scores, mixtures).sum(axis=1).mean())
    return told


@pytest.fixture(scope="module")
def differences():
    """Soft less one-hot (seeds, measures)."""
    told = [measured(seed) for seed in SEEDS]
    return np.array([np.subtract(one["soft"], one["one-hot"]) for one in told])


@pytest.mark.parametrize("measure", [0, 1], ids=["recall of the strongest emotion", "likeness to the mixture"])
def test_soft_targets_with_several_right_answers_beat_one_right_answer_each_over_five_seeds(differences, measure):
    own = differences[:, measure]

    assert own.mean() - T_OF_FIVE * own.std(ddof=1) / np.sqrt(len(own)) > 0
