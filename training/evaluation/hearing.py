"""What a CLARA makes of some clips, listened to once: every block of the evaluation reads from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from training.clara import Clara
from training.packing import Packed, PackedClip


class Heard:
    """Labelled clips of a packing and what one CLARA makes of them; sound is read when it is first asked for."""

    def __init__(self, clara: Clara, packed: Packed, clips: Sequence[PackedClip]) -> None:
        self.clara, self.packed, self.clips = clara, packed, tuple(clips)

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
        return self.clara.embed_audio([self.packed.waveform(clip) for clip in self.clips]).cpu().numpy()

    @cached_property
    def probabilities(self) -> np.ndarray:
        """What a suggestion says of each clip (clips, labels), in the order of `clara.labels`."""
        return self.clara.scores([self.packed.waveform(clip) for clip in self.clips]).cpu().numpy()

    @property
    def suggested(self) -> list[str]:
        """The likeliest emotion of each clip, as a suggestion would name it."""
        names = list(self.clara.labels)
        return [names[index] for index in self.probabilities.argmax(axis=1)]

    def where(self, keep: Callable[[PackedClip], bool]) -> Heard:
        """The same for some of the clips; what was heard already is not heard again."""
        rows = [row for row, clip in enumerate(self.clips) if keep(clip)]
        chosen = Heard(self.clara, self.packed, [self.clips[row] for row in rows])
        for name in ("embeddings", "probabilities"):
            if name in self.__dict__:
                setattr(chosen, name, self.__dict__[name][rows])
        return chosen
