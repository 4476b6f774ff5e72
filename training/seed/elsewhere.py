"""What the finished seed head says of corpora that had no part in it: other people, sentences, rooms and microphones.

Voices held out of its own two corpora flatter it, since their studio, their sentences and their way of acting were
heard all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from training import packing
from training.clara import Clara
from training.packing import Packed
from training.seed import measuring
from training.seed.held_out import Unheard

# Nobody's training has a part in them; measured where they lie beside the two that it is made of.
CORPORA = ("polish_speech_emotions",)


def measured(clara: Clara, data: Path, folder: Path) -> dict[str, Any]:
    """By corpus in a folder of its name in `data`: what was packed, the recall, and how often it answers and errs."""
    there = [name for name in CORPORA if (data / name).is_dir()]
    return {name: _measured(clara, packing.pack_named(name, data / name, folder / name)) for name in there}


def _measured(clara: Clara, packed: Packed) -> dict[str, Any]:
    clips = [clip for clip in packed.clips if clip.emotion in clara.labels]
    scores = clara.scores([packed.waveform(clip) for clip in clips]).cpu().numpy()
    heard = Unheard(clips, tuple(clara.labels), scores)
    given = scores.max(axis=1) >= clara.config.sure_from
    is_right = scores.argmax(axis=1) == heard.truth
    return {
        "source": packed.source,
        "recall": measuring.recalled(heard.of_emotions({clip.emotion for clip in clips})),
        "coverage": float(given.mean()),
        "risk": float(1 - is_right[given].mean()) if given.any() else None,
        "risk_without_not_sure": float(1 - np.mean(is_right)),
    }
