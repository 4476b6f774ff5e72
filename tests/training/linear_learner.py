"""The least that can learn from captions: a linear ear over given features and a linear reader over a bag of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import captions, loss
from training.packing import PackedClip
from training.truth import truth

WAYS = ("soft", "one-hot")
CAPTIONS_A_CLIP = 4


class Lesson:
    """Clips with their features (clips, width), four captions of each, and how true each caption is of each clip."""

    def __init__(
        self, clips: Sequence[PackedClip], features: Tensor, *, emotions: Sequence[str], seed: int, languages: list[str]
    ) -> None:
        random = np.random.default_rng(seed)
        nothing: frozenset[str] = frozenset()
        told = [
            captions.training_caption(clip, bins={}, falsified=nothing, random=random, languages=languages)
            for clip in clips
            for _ in range(CAPTIONS_A_CLIP)
        ]
        asked = [captions.evaluation_captions(emotion, languages=languages) for emotion in emotions]
        words = sorted({word for one in told for word in _words(one.text)})
        self._places = {word: place for place, word in enumerate(words)}
        self.features, self.seed = features, seed
        self.texts = self._bags([one.text for one in told])  # (captions, words)
        self.asked = torch.stack([self._bags(several) for several in asked])  # (emotions, templates, words)
        self.truth, self.known = truth(clips, told, emotions, bins={})  # (clips, captions) twice

    def _bags(self, texts: Sequence[str]) -> Tensor:
        """How often each text says each word (texts, words); a word that no caption said says nothing."""
        bags = torch.zeros(len(texts), len(self._places))
        for row, text in enumerate(texts):
            for word in _words(text):
                if word in self._places:
                    bags[row, self._places[word]] += 1
        return bags


class LinearLearner(nn.Module):
    """Learns a lesson in one of the `WAYS` of saying which answers are right.

    Soft takes `training.truth`; one-hot takes of each clip its own caption for right and all others for wrong, as CLIP
    does. Everything else is the same: the captions, the batches, the first weights.
    """

    def __init__(self, lesson: Lesson, *, width: int) -> None:
        super().__init__()
        torch.manual_seed(lesson.seed)
        self.lesson = lesson
        self.ear = nn.Linear(lesson.features.shape[1], width)
        self.reader = nn.Linear(lesson.texts.shape[1], width, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())

    def learn(self, way: str, *, steps: int, batch: int, rate: float) -> LinearLearner:
        """Take so many steps on batches drawn from the clips, with one caption of each."""
        random = np.random.default_rng(self.lesson.seed)
        optimizer = torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=0.01)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            rows = torch.from_numpy(random.permutation(len(self.lesson.features))[:batch])
            told = rows * CAPTIONS_A_CLIP + torch.from_numpy(random.integers(CAPTIONS_A_CLIP, size=len(rows)))
            right, known = self.lesson.truth[rows][:, told], self.lesson.known[rows][:, told]
            if way == "one-hot":
                right, known = torch.eye(len(rows)), torch.ones_like(known)
            audio, text = self.hear(self.lesson.features[rows]), self.read(self.lesson.texts[told])
            optimizer.zero_grad()
            loss.contrastive(audio, text, self.scale, truth=right, known=known).backward()
            optimizer.step()
        return self

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by, at most 100 as in CLARA."""
        return self.log_scale.exp().clamp(max=100)

    def hear(self, features: Tensor) -> Tensor:
        """Unit vectors (clips, width)."""
        return functional.normalize(self.ear(features), dim=-1)

    def read(self, bags: Tensor) -> Tensor:
        """Unit vectors (..., width) of bags of words (..., words)."""
        return functional.normalize(self.reader(bags), dim=-1)

    @torch.no_grad()
    def scores(self, features: Tensor) -> np.ndarray:
        """Zero-shot, by the mean of the held-out templates: probabilities (clips, emotions)."""
        labels = functional.normalize(self.read(self.lesson.asked).mean(dim=1), dim=-1)
        return (self.scale * self.hear(features) @ labels.T).softmax(dim=1).numpy()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s.,:“”]+", text.casefold())
