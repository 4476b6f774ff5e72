"""How high, loud and quick a clip is, measured once when it is packed.

`training.prosody` itself speaks of packed clips, so it is imported where it is needed and not before.
"""

from __future__ import annotations

import numpy as np


def prosody_of(waveform: np.ndarray) -> dict[str, float]:
    """What `training.prosody.measured` says of int16 (samples,) at 16 kHz."""
    from training.prosody import measured

    return measured(waveform)


def prosody_version() -> str:
    """What a packing's measures depend on: a corpus packed with another version is packed again."""
    from training import prosody

    return str(getattr(prosody, "VERSION", 0))
