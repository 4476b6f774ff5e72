"""What a CLARA makes of some clips, listened to once: every block of the evaluation reads from here.

What its frozen layers heard of the clips while it learnt is read in place of the sound, where it was kept: of float16,
which moves an embedding by less than a thousandth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from training.clara import Clara
from training.evaluation.disturbances import disturbed
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip

CLIPS_AT_ONCE = 256
# What a base made of so many sounds is held in memory: about half a megabyte each.
SOUNDS_AT_ONCE = 64


class Heard:
    """Labelled clips of a packing and what one CLARA makes of them; sound is read when it is first asked for."""

    def __init__(
        self,
        clara: Clara,
        packed: Packed,
        clips: Sequence[PackedClip],
        *,
        cache: FeatureCache | None = None,
        listening: Listening | None = None,
    ) -> None:
        self.clara, self.packed, self.clips = clara, packed, tuple(clips)
        self.listening = listening or Listening(packed, [clara])
        is_kept = cache is not None and all(clip in cache for clip in self.clips)
        self.cache = cache if is_kept else None

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def truth(self) -> list[str]:
        """Each clip's emotion."""
        return [clip.emotion for clip in self.clips]

    @property
    def speakers(self) -> list[str]:
        """Who speaks each clip."""
        return [clip.speaker for clip in self.clips]

    @property
    def languages(self) -> list[str]:
        """The language of each clip."""
        return [clip.language for clip in self.clips]

    @cached_property
    def embeddings(self) -> np.ndarray:
        """The clips in CLARA's space: unit rows (clips, width)."""
        return self._heard[0].cpu().numpy()

    @cached_property
    def probabilities(self) -> np.ndarray:
        """What a suggestion says of each clip (clips, labels), in the order of `clara.labels`."""
        return self.clara.scored(*self._heard).cpu().numpy()

    @property
    def suggested(self) -> list[str]:
        """The likeliest emotion of each clip, as a suggestion would name it."""
        names = list(self.clara.labels)
        return [names[index] for index in self.probabilities.argmax(axis=1)]

    def under(self, disturbance: str) -> np.ndarray:
        """What a suggestion would say of each clip (clips, labels) after the disturbance of that name."""
        return self.clara.scored(*self.listening.heard(self.clara, self.clips, name=disturbance)).cpu().numpy()

    def where(self, keep: Callable[[PackedClip], bool]) -> Heard:
        """The same for some of the clips; what was heard already is not heard again."""
        rows = [row for row, clip in enumerate(self.clips) if keep(clip)]
        some = [self.clips[row] for row in rows]
        chosen = Heard(self.clara, self.packed, some, cache=self.cache, listening=self.listening)
        for name in ("embeddings", "probabilities"):
            if name in self.__dict__:
                setattr(chosen, name, self.__dict__[name][rows])
        return chosen

    @cached_property
    def _heard(self) -> tuple[Tensor, Tensor]:
        """What `Clara.scored` reads: of what the cache holds, or of the sound."""
        if not self.cache or not self.clips:
            return self.listening.heard(self.clara, self.clips)
        parts = []
        for start in range(0, len(self.clips), CLIPS_AT_ONCE):
            tokens = [self.cache.tokens(clip) for clip in self.clips[start : start + CLIPS_AT_ONCE]]
            parts.append(self.clara.hear_below(tokens))
        embeddings, logits = (torch.cat(rows) for rows in zip(*parts, strict=True))
        return embeddings, logits


class Listening:
    """What some CLARAs make of clips, clean or on their way: every sound is made once, and heard once by each base.

    Most of the time goes into the base, which is the same for a candidate and its champion.
    """

    def __init__(self, packed: Packed, claras: Sequence[Clara]) -> None:
        self._packed, self._claras = packed, tuple(claras)
        self._heard: dict[tuple[str, str], list[tuple[Tensor, Tensor]]] = {}

    def heard(self, clara: Clara, clips: Sequence[PackedClip], *, name: str = "") -> tuple[Tensor, Tensor]:
        """What one of the CLARAs makes of the clips under a disturbance, for its `scored`, which may be calibrated yet.

        Unit embeddings (clips, width) and logits (clips, emotions). Without a name the clips are as they are. Raises
        ValueError where there is no clip.
        """
        unheard = [clip for clip in clips if (name, clip.key) not in self._heard]
        for start in range(0, len(unheard), SOUNDS_AT_ONCE):
            self._hear(unheard[start : start + SOUNDS_AT_ONCE], name)
        place = next(place for place, one in enumerate(self._claras) if one is clara)
        rows = [self._heard[name, clip.key][place] for clip in clips]
        embeddings, logits = (torch.stack(part) for part in zip(*rows, strict=True))
        return embeddings, logits

    def _hear(self, clips: Sequence[PackedClip], name: str) -> None:
        waveforms = [self._packed.waveform(clip) for clip in clips]
        if name:
            waveforms = [disturbed(one, clip.key, name=name) for one, clip in zip(waveforms, clips, strict=True)]
        below: dict[tuple[object, ...], list[np.ndarray]] = {}
        told = []
        for clara in self._claras:
            about = clara.config
            base = (about.base, about.base_taps, about.base_stride)
            if about.base and base not in below:
                below[base] = clara.below(waveforms)
            told.append(clara.hear_below(below[base]) if about.base else clara.hear(waveforms))
        for row, clip in enumerate(clips):
            self._heard[name, clip.key] = [(embeddings[row], logits[row]) for embeddings, logits in told]
