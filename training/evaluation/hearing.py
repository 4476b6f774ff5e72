"""What a CLARA makes of some clips, listened to once: every block of the evaluation reads from here.

What its frozen layers heard of the clips while it learnt is read in place of the sound, where it was kept: of float16,
which moves an embedding by less than a thousandth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from training.clara import Clara
from training.evaluation.disturbances import Disturbed
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip

CLIPS_AT_ONCE = 256


class Heard:
    """Labelled clips of a packing and what one CLARA makes of them; sound is read when it is first asked for."""

    def __init__(
        self,
        clara: Clara,
        packed: Packed,
        clips: Sequence[PackedClip],
        *,
        cache: FeatureCache | None = None,
        disturbed: Disturbed | None = None,
    ) -> None:
        self.clara, self.packed, self.clips = clara, packed, tuple(clips)
        self.disturbed = disturbed or Disturbed(packed, [clara])
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
        if self.cache and self.clips:
            return self._read[0]
        return self.clara.embed_audio([self.packed.waveform(clip) for clip in self.clips]).cpu().numpy()

    @cached_property
    def probabilities(self) -> np.ndarray:
        """What a suggestion says of each clip (clips, labels), in the order of `clara.labels`."""
        if self.cache and self.clips:
            return self._read[1]
        return self.clara.scores([self.packed.waveform(clip) for clip in self.clips]).cpu().numpy()

    @property
    def suggested(self) -> list[str]:
        """The likeliest emotion of each clip, as a suggestion would name it."""
        names = list(self.clara.labels)
        return [names[index] for index in self.probabilities.argmax(axis=1)]

    def under(self, disturbance: str) -> np.ndarray:
        """What a suggestion would say of each clip (clips, labels) after the disturbance of that name."""
        return self.disturbed.probabilities(self.clara, self.clips, name=disturbance)

    def where(self, keep: Callable[[PackedClip], bool]) -> Heard:
        """The same for some of the clips; what was heard already is not heard again."""
        rows = [row for row, clip in enumerate(self.clips) if keep(clip)]
        chosen = Heard(
            self.clara, self.packed, [self.clips[row] for row in rows], cache=self.cache, disturbed=self.disturbed
        )
        for name in ("embeddings", "probabilities"):
            if name in self.__dict__:
                setattr(chosen, name, self.__dict__[name][rows])
        return chosen

    @cached_property
    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (clips, width) and probabilities (clips, labels) of what the cache holds, some at a time."""
        assert self.cache  # noqa: S101 - for the types; who asks has looked
        parts = []
        for start in range(0, len(self.clips), CLIPS_AT_ONCE):
            tokens = [self.cache.tokens(clip) for clip in self.clips[start : start + CLIPS_AT_ONCE]]
            parts.append([made.cpu().numpy() for made in self.clara.from_below(tokens)])
        embeddings, probabilities = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        return embeddings, probabilities
