"""What screening measures, in words: a name, a unit, and what it means to somebody who never heard of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop


@dataclass(frozen=True)
class Unit:
    """How a number of this kind is written: the sentence with its unit, its digits, and what it is multiplied by."""

    text: str
    digits: int
    times: float = 1


SECONDS = Unit(gettext_noop("%(number)s s"), 2)
HERTZ = Unit(gettext_noop("%(number)s Hz"), 0)
DECIBELS = Unit(gettext_noop("%(number)s dB"), 1)
DBFS = Unit(gettext_noop("%(number)s dBFS"), 1)
LUFS = Unit(gettext_noop("%(number)s LUFS"), 1)
PERCENT = Unit(gettext_noop("%(number)s %%"), 2, times=100)
PLAIN = Unit("%(number)s", 2)
COUNT = Unit("%(number)s", 0)


@dataclass(frozen=True)
class Measure:
    """One measure by the name it is kept under; without a unit it is a word and no number."""

    name: str
    label: str | Promise
    meaning: str | Promise
    unit: Unit | None = None


MEASURES = (
    Measure(
        "speech_seconds",
        gettext_lazy("Speech"),
        gettext_lazy("How long somebody speaks, pauses left out, as a small detector of voices hears it."),
        SECONDS,
    ),
    Measure(
        "speech_ratio",
        gettext_lazy("Share of speech"),
        gettext_lazy("The part of the clip in which somebody speaks. Short words with pauses have a small one."),
        PERCENT,
    ),
    Measure(
        "silero_speech_seconds",
        gettext_lazy("Speech, second opinion"),
        gettext_lazy("The same by another detector, which is not taken in by hum and tones but may miss short words."),
        SECONDS,
    ),
    Measure(
        "leading_silence_seconds",
        gettext_lazy("Silence before"),
        gettext_lazy("From the beginning of the clip to the first speech."),
        SECONDS,
    ),
    Measure(
        "trailing_silence_seconds",
        gettext_lazy("Silence after"),
        gettext_lazy("From the last speech to the end of the clip."),
        SECONDS,
    ),
    Measure("duration_seconds", gettext_lazy("Length"), gettext_lazy("The whole clip."), SECONDS),
    Measure(
        "peak_dbfs",
        gettext_lazy("Loudest moment"),
        gettext_lazy("0 dBFS is the loudest that a file can hold; each 6 dB less is half as much."),
        DBFS,
    ),
    Measure(
        "rms_dbfs",
        gettext_lazy("Average level"),
        gettext_lazy("The strength of the sound over the whole clip, against the loudest that a file can hold."),
        DBFS,
    ),
    Measure(
        "integrated_lufs",
        gettext_lazy("Loudness"),
        gettext_lazy("How loud it seems to an ear, as broadcasters measure it. Too short a clip has none."),
        LUFS,
    ),
    Measure(
        "clipped_ratio",
        gettext_lazy("Cut off at the top"),
        gettext_lazy("The part of the sound that was too loud for the microphone, so that its peaks are missing."),
        PERCENT,
    ),
    Measure(
        "flattened_ratio",
        gettext_lazy("Flat at its own top"),
        gettext_lazy("The part of the sound at its loudest level: much where it was cut off, then turned down."),
        PERCENT,
    ),
    Measure(
        "dc_offset",
        gettext_lazy("Off centre"),
        gettext_lazy("How far the sound lies from the zero line, from -1 to 1: a sign of a faulty sound card."),
        Unit("%(number)s", 3),
    ),
    Measure(
        "snr_db",
        gettext_lazy("Voice over noise"),
        gettext_lazy("How far the voice stands above what is heard in its pauses. An estimate; too low for one word."),
        DECIBELS,
    ),
    Measure(
        "bandwidth_hz",
        gettext_lazy("Highest tones"),
        gettext_lazy("Where a wire, a codec or a telephone cut the sound off: a telephone does near 3,400 Hz."),
        HERTZ,
    ),
    Measure(
        "band_ratio",
        gettext_lazy("Part of the band that is used"),
        gettext_lazy(
            "Up to where there is sound, of what the file could hold. A small part tells of a lower rate before."
        ),
        PERCENT,
    ),
    Measure(
        "hum_db",
        gettext_lazy("Mains hum"),
        gettext_lazy("How loud the hum of the electric mains is against the voice; -120 dB is none."),
        DECIBELS,
    ),
    Measure(
        "tone_ratio",
        gettext_lazy("Steady tones"),
        gettext_lazy("The part of the sound that lies in tones which never stop, as of a fan or a beep."),
        PERCENT,
    ),
    Measure(
        "dnsmos_overall",
        gettext_lazy("Guessed opinion"),
        gettext_lazy("What a model thinks listeners would say of the sound, from 1 to 5. Advice only."),
        PLAIN,
    ),
    Measure(
        "sample_rate_hz",
        gettext_lazy("Sampling rate"),
        gettext_lazy("How often a second the microphone was read."),
        HERTZ,
    ),
    Measure("channels", gettext_lazy("Channels"), gettext_lazy("1 is mono, 2 is stereo."), COUNT),
    Measure("container", gettext_lazy("Kind of file"), gettext_lazy("Told from its first bytes, not from its name.")),
    Measure("codec", gettext_lazy("Coding"), gettext_lazy("How the sound is packed inside the file.")),
)
KNOWN = {measure.name: measure for measure in MEASURES}


def measure_of(name: str) -> Measure:
    """The measure of that name; one that we have no words for is called by its name."""
    return KNOWN.get(name) or Measure(name, name, "", PLAIN)


def told(name: str, value: Any) -> str:
    """The value with its unit, in the reader's language; empty where it was not measured."""
    unit = measure_of(name).unit
    if value is None or value == "":
        return ""
    if unit is None or not isinstance(value, (int, float)):
        return str(value)
    written = number_format(value * unit.times, decimal_pos=fewest_digits(value * unit.times, unit.digits))
    text: Callable[[str], str] = _ if unit.text != "%(number)s" else str
    return text(unit.text) % {"number": written}


def fewest_digits(value: float, digits: int) -> int:
    """As few digits as lose nothing: a threshold of 0.3 s is not written as 0.30 s."""
    rounded = round(value, digits)
    return next(few for few in range(digits + 1) if round(rounded, few) == rounded)
