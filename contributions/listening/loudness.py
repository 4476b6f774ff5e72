"""How much louder or softer a clip is played, so that nobody takes a near microphone for a strong feeling.

Needs the measures of screening and nothing else. It does not know whether a voice was soft or far away; therefore every
page has a switch to the sound as it was recorded.
"""

from collections.abc import Mapping
from typing import Any

# The level of EBU R 128; its peak level is a decibel under full scale.
TARGET_LUFS = -23.0
CEILING_DBFS = -1.0


def gain_db(measures: Mapping[str, Any]) -> float:
    """By how many decibels to raise the clip; 0 where its loudness was not measured, as of very short ones."""
    loudness, peak = measures.get("integrated_lufs"), measures.get("peak_dbfs")
    if loudness is None or peak is None:
        return 0.0
    return min(TARGET_LUFS - loudness, CEILING_DBFS - peak)


def factor(measures: Mapping[str, Any]) -> float:
    """The same as a factor for the samples, to four digits."""
    return round(float(10 ** (gain_db(measures) / 20)), 4)
