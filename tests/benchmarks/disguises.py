"""The same sound as somebody else would send it, by real encoders; and real speech cut or joined to a length."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import av
import numpy as np

from contributions.audio import decoding_child, fingerprint
from contributions.audio.fingerprint import Fingerprint
from tests.benchmarks.corpora import Spoken
from tests.contributions.audio import sounds

RATE_HZ = 16_000
# Of the waveforms at the best shift; takes of the same words by one person stay below 0.5.
ONE_RECORDING = 0.7
ASKED = ("Opus 32 kb/s", "MP3 64 kb/s", "gain", "trim", "noise at 20 dB", "resampling")
KINDS = (*ASKED, "all of them")
LONGEST_SECONDS = 300  # a prompt of Asterisk reads a whole page

# Who says what, by the names that the corpora give their files: one voice saying one sentence again is the hard case.
RAVDESS = re.compile(r"\d\d-\d\d-\d\d-\d\d-(?P<words>\d\d)-\d\d-(?P<voice>\d\d)\.")
NEMO = re.compile(r"(?P<voice>[A-Z]+\d+)_[a-z]+_(?P<words>\d+)\.")
POLISH = re.compile(r"(?P<voice>m\d+)\.?[asn]_(?P<words>[^_]+)_\d+\.", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Take:
    """One real recording of at least the length asked, and who says what in it; empty words where nobody says."""

    name: str
    waveform: np.ndarray
    corpus: str
    voice: str
    words: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """A take's fingerprint, and that of each of its disguises."""

    take: Take
    known: Fingerprint
    again: dict[str, Fingerprint]


def said(clip: Spoken) -> tuple[str, str]:
    """Voice and words of a clip by its name; a clip of another corpus is by its source's voice, in words of its own."""
    for pattern in (RAVDESS, NEMO, POLISH):
        if match := pattern.search(clip.path.name):
            return f"{clip.source} {match['voice']}", match["words"]
    return clip.source, clip.name


def heard(path: Path) -> np.ndarray:
    """The clip's waveform, as the site decodes it."""
    with path.open("rb") as file:
        return waveform_in(file)


def waveform_in(file: IO[bytes]) -> np.ndarray:
    """What the site's decoder makes of it, without its walls: fifty thousand children would take an hour."""
    _facts, sound = decoding_child.decode(file, LONGEST_SECONDS, wants_archive=False)
    return np.frombuffer(sound.waveform, np.float32)


def cut(clips: Iterable[tuple[Spoken, np.ndarray]], seconds: float, *, at_most: int) -> list[Take]:
    """Takes of this length: the loudest stretch of a long enough clip, else clips of one voice one after another.

    No clip is in two takes.
    """
    length, takes = int(seconds * RATE_HZ), []
    waiting: dict[str, list[tuple[str, str, np.ndarray]]] = defaultdict(list)
    for clip, waveform in clips:
        voice, words = said(clip)
        waiting[voice].append((clip.name, words, waveform))
        if len(waveform) >= length:
            waiting[voice] = waiting[voice][-1:]
        if sum(len(piece) for _name, _words, piece in waiting[voice]) < length:
            continue
        pieces = waiting.pop(voice)
        joined = np.concatenate([piece for _name, _words, piece in pieces])
        name, words = (" + ".join(piece[column] for piece in pieces) for column in (0, 1))
        takes.append(Take(name, loudest(joined, length), clip.source, voice, words))
        if len(takes) == at_most:
            break
    return takes


def loudest(waveform: np.ndarray, length: int) -> np.ndarray:
    """The stretch of this many samples that has most energy."""
    energy = np.concatenate([[0], np.cumsum(waveform.astype(np.float64) ** 2)])
    start = int(np.argmax(energy[length:] - energy[: len(energy) - length]))
    return waveform[start : start + length]


def prepared(take: Take, seed: int) -> Prepared:
    """Encode, decode as the site does, and fingerprint a take and all its disguises."""
    chance = np.random.default_rng(seed)
    known = fingerprinted(encoded(take.waveform, "wav", "pcm_s16le", RATE_HZ))
    again = {kind: fingerprinted(disguised(take.waveform, kind, chance)) for kind in KINDS}
    return Prepared(take, known, again)


def fingerprinted(file: bytes) -> Fingerprint:
    """Of a file's bytes, by way of the site's decoder."""
    return fingerprint.fingerprint(waveform_in(io.BytesIO(file)))


def disguised(waveform: np.ndarray, kind: str, chance: np.random.Generator) -> bytes:
    """A file of the same sound."""
    match kind:
        case "Opus 32 kb/s":
            return encoded(waveform, "webm", "libopus", 48_000, 32_000)
        case "MP3 64 kb/s":
            return encoded(waveform, "mp3", "libmp3lame", 44_100, 64_000)
        case "gain":
            return encoded(gained(waveform, chance), "wav", "pcm_s16le", RATE_HZ)
        case "trim":
            return encoded(trimmed(waveform, chance, at_most=0.15), "wav", "pcm_s16le", RATE_HZ)
        case "noise at 20 dB":
            return encoded(noisy(waveform, chance), "wav", "pcm_s16le", 48_000)
        case "resampling":
            return encoded(waveform, "wav", "pcm_s16le", int(chance.choice([8_000, 22_050, 44_100])))
    everything = noisy(gained(trimmed(waveform, chance, at_most=0.1), chance), chance)
    first = encoded(everything, "mp3", "libmp3lame", 22_050, 48_000)
    return encoded(waveform_in(io.BytesIO(first)), "webm", "libopus", 48_000, 24_000)


def gained(waveform: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Up to 20 dB softer or 10 dB louder, never clipped."""
    headroom_db = -20 * np.log10(np.abs(waveform).max() + 1e-9)
    return waveform * 10 ** (chance.uniform(-20, min(10, headroom_db)) / 20)


def trimmed(waveform: np.ndarray, chance: np.random.Generator, *, at_most: float) -> np.ndarray:
    """Cut at both ends, by up to this share of the length at each."""
    start, end = (chance.uniform(0, at_most, 2) * len(waveform)).astype(int)
    return waveform[start : len(waveform) - end]


def noisy(waveform: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """With white noise 20 dB below the mean power of the whole."""
    return waveform + 0.1 * np.sqrt(np.mean(waveform**2)) * chance.normal(size=len(waveform))


def encoded(waveform: np.ndarray, muxer: str, encoder: str, rate_hz: int, bit_rate: int | None = None) -> bytes:
    """A file of this container and codec."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream = container.add_stream(encoder, rate=rate_hz, layout="mono")
        if bit_rate:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), format="flt", layout="mono")
        frame.sample_rate, frame.pts = sounds.RATE_HZ, 0
        size = stream.codec_context.frame_size or 1_024
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate_hz, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return file.getvalue()


def is_one_recording(one: Take, other: Take) -> bool:
    """Whether two takes are the same samples at some shift, by their waveforms: a judge that knows no fingerprint."""
    size = 2 * max(len(one.waveform), len(other.waveform))
    product = np.fft.rfft(one.waveform, size) * np.fft.rfft(other.waveform, size).conj()
    norms = np.linalg.norm(one.waveform) * np.linalg.norm(other.waveform)
    return bool(np.abs(np.fft.irfft(product, size)).max() > ONE_RECORDING * norms)
