"""Know a sound again: this very recording, in whatever container, codec, level or cut it comes back.

Of each moment is kept in which of sixteen pairs of neighbouring bands sound came or went: a sign, or that there was
too little to tell (after Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002; the third
answer is ours). To be found among a million, some moments give a number each, from the signs of a patch after them.
docs/benchmarks/fingerprint.md has the figures that the numbers below were chosen by.

It is no voiceprint. What a person's takes have in common is what it leaves out: a sign of change over time cancels
everything that lasts, as the timbre of a voice does, and bands of 100 mel are too broad to follow a pitch. Two takes of
one sentence by one person do not match, and that is tested; of one short word, said again at once, one pair in 3,150
did. It does not know a sound that was played faster, pitched or recorded again through the air. Whether somebody who
trained a model on very many fingerprints could guess at voices is not known, so that they are erased with their clip
and leave the site only for the one who spoke, in the archive of their own voice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

VERSION = "1"
SAMPLE_RATE_HZ = 16_000
# From this share of agreement on, two fingerprints are one sound; docs/benchmarks/fingerprint.md says why.
SAME_FROM = 0.93

WINDOW = 1_024  # samples: 64 ms
MOMENTS_AT_ONCE = 64  # so that what is between stays in the cache, and no page of memory is asked for anew each time
HOP = 128  # samples between the moments that are looked up; what is kept is twice as coarse
BANDS = 17
LOWEST_HZ, HIGHEST_HZ = 250, 3_600  # what sampling at 8 kHz leaves
LOUD_MOMENTS = 16  # an eighth of a second: the loudest so much sets the level of the clip
FLOOR = 10**-2.2  # 22 dB below that: changes further down are noise or the codec's
CHANGE_FRAMES = 2  # 32 ms
CHANGE_AT_LEAST = 0.2  # of log10 of power, 2 dB; a smaller change has no sign

FEWEST_SIGNS = 100  # that two fingerprints must both have where they overlap, to say anything
LEAST_OVERLAP = 0.5  # of the signs of the one that has fewer

PATCH_FRAMES = 16  # 0.3 s, so that a clip of one second cut at both ends still holds several
KEY_BITS = 40
KEY_EVERY_FRAMES = 6  # one number in 96 ms is kept
MOST_PROBES = 4_000  # so that a long clip costs no more than one of ten seconds
UNSURE_BITS = range(2, 6)  # so many of a moment's weakest bits are looked up both ways: more where there is room
KEPT_FROM, LOOKED_UP_FROM = 0.40, 0.35  # how much must change in a patch, in log10 of power


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """One sound: signs to compare it by, keys to be found by, probes to find others by."""

    signs: np.ndarray  # (frames, 16) int8 of -1, 0, 1; 16 ms a frame
    between: np.ndarray  # (frames, 16) the same, half a frame later; not kept
    keys: np.ndarray  # (keys,) int64 below 2**40, each once
    probes: np.ndarray  # (probes,) int64 below 2**40, each once

    def packed(self) -> bytes:
        """The signs as four bytes a frame."""
        return np.packbits(np.hstack([self.signs > 0, self.signs < 0]), axis=1).tobytes()


def unpacked(content: bytes) -> Fingerprint:
    """The fingerprint whose signs were packed so; something newly made can be matched with it."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8).reshape(-1, (BANDS - 1) // 4), axis=1).astype(np.int8)
    rose, fell = np.split(bits, 2, axis=1)
    none = np.zeros(0, np.int64)
    return Fingerprint(signs=rose - fell, between=np.zeros_like(rose[:0]), keys=none, probes=none)


def fingerprint(waveform: np.ndarray) -> Fingerprint:
    """The fingerprint of a float32 mono waveform at 16 kHz, of any level; empty where nothing in it changes."""
    levels = band_levels(waveform)  # (moments, bands)
    return Fingerprint(
        signs=signs_of(levels[::2]),
        between=signs_of(levels[1::2]),
        keys=keys_of(levels[::2]),
        probes=probes_of(levels),
    )


def match(one: Fingerprint, other: Fingerprint) -> float:
    """How far two fingerprints agree where they overlap best: 1 in every sign that both have, 0 as chance would.

    The overlap must hold half of the signs of the one that has fewer, so that a shared beep or half a second matters
    not; with fewer than 100 signs in common nothing is said, which is 0. `one` must be newly made: a cut falls between
    two frames, and only such a one has the signs from there.
    """
    return max(agreement(one.signs, other.signs), agreement(one.between, other.signs))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """How far (frames, 16) signs agree at the best shift of whole frames."""
    agreed = correlated(one, other)
    told = np.rint(correlated(np.abs(one), np.abs(other)))
    counts = told >= max(FEWEST_SIGNS, LEAST_OVERLAP * min(np.abs(one).sum(), np.abs(other).sum()))
    return max(0.0, float((agreed[counts] / told[counts]).max())) if counts.any() else 0.0


def correlated(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of the products of (frames, 16) arrays at every shift, in an order of its own."""
    size = 1 << (len(one) + len(other)).bit_length()
    product = (np.fft.rfft(one, size, axis=0) * np.fft.rfft(other, size, axis=0).conj()).sum(axis=1)
    return np.fft.irfft(product, size)


def band_levels(waveform: np.ndarray) -> np.ndarray:
    """log10 of the power in each band of each moment, nowhere far below the loudest eighth of a second."""
    samples = np.pad(waveform, (0, max(0, WINDOW - len(waveform))))
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]  # (moments, samples)
    pieces = range(0, len(windows), MOMENTS_AT_ONCE)
    bands = np.concatenate([band_power(windows[first : first + MOMENTS_AT_ONCE]) for first in pieces])
    loudest = np.sort(bands.mean(axis=1))[-LOUD_MOMENTS:][0]
    levels: np.ndarray = np.log10(bands + FLOOR * loudest + 1e-12)  # the last stands for digital silence
    return levels


def band_power(windows: np.ndarray) -> np.ndarray:
    """The mean power in each band of each of these windows, as (moments, bands)."""
    spectra = np.fft.rfft(windows * np.hanning(WINDOW).astype(np.float32), axis=1)
    power = spectra.real**2 + spectra.imag**2
    edges = band_edges()
    bands: np.ndarray = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1) / np.diff(edges)
    return bands


@cache
def band_edges() -> np.ndarray:
    """The bins where the bands begin and the last ends, equally far apart in mel."""
    lowest, highest = (2_595 * np.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    hertz = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 1) / 2_595) - 1)
    edges: np.ndarray = np.rint(hertz * WINDOW / SAMPLE_RATE_HZ).astype(int)
    return edges


def signs_of(levels: np.ndarray) -> np.ndarray:
    """Where a band rose or fell against the next above it: (frames, 16) of -1, 0, 1."""
    tilt = np.diff(levels, axis=1)
    change = tilt[CHANGE_FRAMES:] - tilt[:-CHANGE_FRAMES]
    signs: np.ndarray = (np.sign(change) * (np.abs(change) > CHANGE_AT_LEAST)).astype(np.int8)
    return signs


def keys_of(levels: np.ndarray) -> np.ndarray:
    """The numbers of the surest moments, one for each stretch of 96 ms."""
    shapes = shapes_of(levels, step=1)
    weakest = np.abs(shapes).min(axis=1, initial=np.inf)
    stretches = range(0, len(shapes), KEY_EVERY_FRAMES)
    best = [first + int(weakest[first : first + KEY_EVERY_FRAMES].argmax()) for first in stretches]
    chosen = shapes[best]
    return np.unique(numbers(chosen[np.abs(chosen).mean(axis=1) >= KEPT_FROM] > 0))


def probes_of(levels: np.ndarray) -> np.ndarray:
    """The numbers of every moment, its weakest bits both ways; of a long clip only those of its surest moments."""
    shapes = shapes_of(levels, step=2)
    shapes = shapes[np.abs(shapes).mean(axis=1) >= LOOKED_UP_FROM]
    order = np.argsort(np.abs(shapes), axis=1)  # (moments, bits) weakest first
    unsure = max([bits for bits in UNSURE_BITS if len(shapes) << bits <= MOST_PROBES], default=UNSURE_BITS[0])
    sureness = np.take_along_axis(np.abs(shapes), order, axis=1)[:, unsure]
    surest = np.argsort(sureness, kind="stable")[-(MOST_PROBES >> unsure) :]
    found = [numbers(shapes[surest] > 0)]
    for bit in order[surest, :unsure].T:
        found += [number ^ (1 << bit) for number in found]
    return np.unique(np.concatenate(found))


def shapes_of(levels: np.ndarray, *, step: int) -> np.ndarray:
    """How the patch from each moment on changes: (moments, bits), none of which knows what stays the same."""
    span = (PATCH_FRAMES - 1) * step + 1
    if len(levels) < span:
        return np.zeros((0, KEY_BITS))
    patches = np.lib.stride_tricks.sliding_window_view(levels, span, axis=0)[:, :, ::step]  # (moments, bands, frames)
    shapes: np.ndarray = patches.reshape(len(patches), -1) @ waves()
    return shapes


@cache
def waves() -> np.ndarray:
    """The broadest cosine waves over a patch, all of which change over time: (bands * frames, bits)."""
    orders = sorted(((i, j) for i in range(1, 7) for j in range(7)), key=lambda ij: (ij[0] / 6 + ij[1] / 7, ij))
    band, frame = np.arange(BANDS) + 0.5, np.arange(PATCH_FRAMES) + 0.5
    made = [
        np.outer(np.cos(np.pi * band * j / BANDS), np.cos(np.pi * frame * i / PATCH_FRAMES)).ravel()
        for i, j in orders[:KEY_BITS]
    ]
    return np.stack([wave / np.linalg.norm(wave) for wave in made], axis=1)


def numbers(bits: np.ndarray) -> np.ndarray:
    """Rows of bits as integers, the first bit lowest."""
    values: np.ndarray = bits.astype(np.int64) @ (1 << np.arange(bits.shape[1], dtype=np.int64))
    return values
