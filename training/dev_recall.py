"""What a learner recalls of the dev speakers while it learns: a few clips, the same ones every time.

It tells a curator whether the run is on its way, and decides nothing: too few clips, and none of the test speakers.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence, Set

import numpy as np
import torch

from training import captions
from training.clara import Clara
from training.clara.inference import usable
from training.learner import Learner
from training.packing import PackedClip

CLIPS_MAX, SECONDS_MAX = 48, 120.0
TIMES_A_RUN = 20


class DevRecall:
    """Listens to some dev clips with the average of the weights; what frozen layers hear of them is heard once."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        known = [clip for clip in learner.packed.split("dev") if clip.emotion in learner.emotions]
        self._clips = some_of(known)
        self._tokens: dict[str, np.ndarray] = {}

    def is_due(self, step: int) -> bool:
        """Whether to listen after this step: so many times a run, and where progress is told anyway."""
        plan = self._learner.plan
        every = -(-plan.steps // (TIMES_A_RUN * plan.steps_per_progress)) * plan.steps_per_progress
        return bool(self._clips) and (step % every == 0 or step == plan.steps)

    def forget(self, keys: Set[str]) -> None:
        """Leave out clips that were withdrawn, and what was heard of them."""
        self._clips = [clip for clip in self._clips if clip.key not in keys]
        self._tokens = {key: tokens for key, tokens in self._tokens.items() if key not in keys}

    def measured(self) -> float | None:
        """The mean of the emotions' recalls, 0 to 1; None where no clip is left."""
        if not self._clips:
            return None
        learner = self._learner
        words = captions.labels(learner.emotions, languages={clip.language for clip in self._clips})
        clara = Clara(learner.config, learner.average, labels=words)
        said = self._scores(clara).argmax(axis=1)
        hits = defaultdict(list)
        for clip, place in zip(self._clips, said.tolist(), strict=True):
            hits[clip.emotion].append(list(clara.labels)[place] == clip.emotion)
        return round(float(np.mean([np.mean(each) for each in hits.values()])), 4)

    def _scores(self, clara: Clara) -> np.ndarray:
        packed = self._learner.packed
        if self._learner.model.base is None:
            return clara.scores([packed.waveform(clip) for clip in self._clips]).cpu().numpy()
        for clip in self._clips:
            if clip.key not in self._tokens:
                self._tokens[clip.key] = heard_below(clara, packed.waveform(clip))
        return clara.from_below([self._tokens[clip.key] for clip in self._clips])[1].cpu().numpy()


@torch.inference_mode()
def heard_below(clara: Clara, waveform: np.ndarray) -> np.ndarray:
    """What the frozen layers make of one clip (samples,), in float16 (tokens, taps, width)."""
    sound = usable(waveform).to(clara.device)
    tokens, counts = clara.model.below(sound[None], torch.tensor([len(sound)], device=clara.device))
    return tokens[0, : int(counts[0])].half().cpu().numpy()


def some_of(clips: Sequence[PackedClip]) -> list[PackedClip]:
    """Clips of every emotion in turn until there are enough; which ones hangs on their keys alone."""
    groups: dict[str, list[PackedClip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: hashlib.sha256(clip.key.encode()).digest()):
        groups[clip.emotion].append(clip)
    turns = sorted((turn, emotion) for emotion, group in groups.items() for turn in range(len(group)))
    chosen: list[PackedClip] = []
    seconds = 0.0
    for turn, emotion in turns:
        clip = groups[emotion][turn]
        seconds += clip.duration_seconds
        if len(chosen) == CLIPS_MAX or (chosen and seconds > SECONDS_MAX):
            break
        chosen.append(clip)
    return chosen
