"""Whether the figures can be believed: what the test shares with what was trained on, and what a blind probe finds.

The only look at voices as voices, and nothing of it is kept but counts: who is who is not told, and no print of a voice
leaves this module. What it does not know: a clip that was cut or moved, a speaker who comes again with another
microphone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import stdtrit
from sklearn.covariance import LedoitWolf
from sklearn.model_selection import StratifiedKFold

from training.evaluation import bootstrap, figures, probe, regressions
from training.evaluation.hearing import Heard
from training.packing import Packed, PackedClip

# The coarse picture of a clip by which copies are found, and how alike two must be: other speakers' clips come as near
# as 0.944, copies under noise, at another level or in a narrower band no further than 0.992. As the next number, from
# RAVDESS and nEMO; docs/guides/clara-command.md has the table.
SLICES, BANDS = 32, 20
ALIKE_FROM = 0.975
# A speaker must have this many clips on a side before a voice can be told from a mood.
FEWEST_CLIPS = 8
# In units of the largest distance between two halves of a training voice: planted voices came within 0.92, strangers
# no nearer than 1.55.
SAME_VOICE_UNDER = 1.2
SHUFFLES = 5


def measure(train: Heard, test: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """Every probe, and under `passes` whether none found that test voices or clips were trained on."""
    told: dict[str, Any] = {
        "speakers_on_both_sides": len(set(train.speakers) & set(test.speakers)),
        "copies": copies(pictures(train.packed, train.clips), pictures(test.packed, test.clips)),
        "voices_under_two_names": same_voices(
            regressions.mel_statistics(train.clara, train.packed, train.clips), train.speakers,
            regressions.mel_statistics(test.clara, test.packed, test.clips), test.speakers, seed=seed,
        ),
        "prompts": prompts(train.clips, test.clips),
        "speaker_probe": speaker_probe(test.embeddings, test.speakers, draws=draws, seed=seed),
        "shuffled_labels": shuffled(train, test, draws=draws, seed=seed),
    }  # fmt: skip
    counted = told["speakers_on_both_sides"], told["copies"]["clips"], told["voices_under_two_names"]["suspected"]
    return {"passes": not any(counted) and told["shuffled_labels"]["is_at_chance"], **told}


def pictures(packed: Packed, clips: Sequence[PackedClip]) -> np.ndarray:
    """A coarse spectrogram a clip, blind to level: unit rows (clips, slices x bands)."""
    return np.stack([_picture(packed.waveform(clip)) for clip in clips])


def copies(train: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """How many test clips are a copy of a training clip, and how near the nearest comes (a cosine)."""
    nearest = np.concatenate([(some @ train.T).max(axis=1) for some in np.array_split(test, len(test) // 1000 + 1)])
    return {"clips": int((nearest >= ALIKE_FROM).sum()), "nearest": float(nearest.max()), "alike_from": ALIKE_FROM}


def same_voices(
    train: np.ndarray, train_speakers: Sequence[str], test: np.ndarray, test_speakers: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """How many test speakers lie as near to a training speaker as the halves of one training speaker do to each other.

    Features (clips, width), whitened by how much the clips of one voice differ; `nearest` is in units of the largest
    distance between two halves. Nothing is told of speakers with few clips.
    """
    middles, spread = _middles(train, train_speakers), _spread(train, train_speakers)
    asked = _middles(test, test_speakers)
    if spread is None or not asked or not middles:
        return {"suspected": 0, "asked": 0, "nearest": None}
    usual = _between_halves(train, train_speakers, spread, np.random.default_rng(seed))
    apart = [min(_apart(middle, other, spread) for other in middles.values()) / usual for middle in asked.values()]
    return {
        "suspected": int(sum(distance < SAME_VOICE_UNDER for distance in apart)),
        "asked": len(asked),
        "nearest": float(min(apart)),
    }


def prompts(train: Sequence[PackedClip], test: Sequence[PackedClip]) -> dict[str, Any]:
    """How many test clips say words that a training clip says too; None where no words are known."""
    known = {clip.transcript for clip in train if clip.transcript}
    asked = [clip for clip in test if clip.transcript]
    if not known or not asked:
        return {"clips": None, "share": None}
    shared = sum(clip.transcript in known for clip in asked)
    return {"clips": shared, "share": shared / len(asked)}


def speaker_probe(embeddings: np.ndarray, speakers: Sequence[str], *, draws: int, seed: int = 0) -> dict[str, Any]:
    """How often a line through half of the clips tells who speaks the other half: what an embedding gives away.

    A figure to watch, not a fault: an emotion cannot be heard without hearing a voice.
    """
    fewest = min(speakers.count(name) for name in set(speakers)) if speakers else 0
    if len(set(speakers)) < 2 or fewest < 2:
        return {"accuracy": None, "chance": None}
    voices = np.array(speakers)
    is_right = np.zeros(len(voices))
    for train, test in StratifiedKFold(2, shuffle=True, random_state=seed).split(embeddings, voices):
        said = probe.predictions(embeddings[train], voices[train], embeddings[test], strength=probe.MIDDLE)
        is_right[test] = np.array(said) == voices[test]
    return {
        "accuracy": float(is_right.mean()),
        "interval": bootstrap.mean_interval(is_right, speakers, draws=draws, seed=seed),
        "chance": 1 / len(set(speakers)),
    }


def shuffled(train: Heard, test: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """The probe on shuffled training labels, several times: more than chance would mean that the measuring leaks."""
    return shuffled_labels(
        train.embeddings, train.truth, test.embeddings, test.truth, test.speakers, draws=draws, seed=seed
    )


def shuffled_labels(
    train: np.ndarray,
    emotions: Sequence[str],
    test: np.ndarray,
    truth: Sequence[str],
    speakers: Sequence[str],
    *,
    draws: int,
    seed: int = 0,
) -> dict[str, Any]:
    """The same on features (clips, width); at chance unless all of it lies above, over speakers and over shuffles.

    Few labels that are shuffled a few times fall well or badly for everybody alike, which no drawing of speakers shows.
    """
    random = np.random.default_rng(seed)
    names = sorted(set(truth))
    clips, _ = figures.cells(truth, truth)
    each = []
    for _ in range(SHUFFLES):
        mixed = [emotions[row] for row in random.permutation(len(emotions))]
        each.append(figures.cells(truth, probe.predictions(train, mixed, test, strength=probe.MIDDLE))[1])
    columns = np.hstack([clips, np.mean(each, axis=0)])

    def recall(sums: np.ndarray) -> np.ndarray:
        return figures.mean_recall(sums[:, : len(names)], sums[:, len(names) :])

    interval: dict[str, Any] = bootstrap.interval(columns, speakers, recall, draws=draws, seed=seed)
    chance = 1 / len(names)
    value = float(recall(columns.sum(axis=0, keepdims=True))[0])
    by_shuffle = [float(recall(np.hstack([clips, found]).sum(axis=0, keepdims=True))[0]) for found in each]
    lows = [low for low in (interval["low"], _low_over(by_shuffle)) if low is not None]
    return {
        "uar": value,
        "interval": interval,
        "by_shuffle": by_shuffle,
        "chance": chance,
        "is_at_chance": not lows or min(lows) <= chance,
    }


def _low_over(values: Sequence[float]) -> float:
    """The lower end of the 95 % interval of a mean of so few, after Student."""
    doubt = float(stdtrit(len(values) - 1, 0.975)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return float(np.mean(values)) - doubt


def _picture(waveform: np.ndarray) -> np.ndarray:
    """The means of log power in slices of time and bands of frequency, less their own mean; of length one."""
    sound = np.pad(waveform.astype(np.float64) / 32_768, (0, max(0, 512 * SLICES - len(waveform))))
    power = np.stack([_band_powers(piece) for piece in np.array_split(sound, SLICES)])
    # Against the loudest slice: what lies 50 dB below it is the recording's noise, which an encoder rewrites.
    log = np.log10(np.maximum(power, power.max() * 1e-5 + 1e-20)).ravel()
    log -= log.mean()
    return np.asarray(log / max(float(np.linalg.norm(log)), 1e-12))


def _band_powers(piece: np.ndarray) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) ** 2
    # 100 Hz to 6 kHz in even steps of the ear: what every recording and encoder keeps.
    edges = np.geomspace(100, 6_000, BANDS + 1) / 8_000 * (len(spectrum) - 1)
    return np.array([spectrum[int(low) : max(int(low) + 1, int(high))].mean() for low, high in pairwise(edges)])


def _rows(speakers: Sequence[str]) -> dict[str, np.ndarray]:
    voices = np.array(speakers)
    rows = {name: np.flatnonzero(voices == name) for name in sorted(set(speakers))}
    return {name: own for name, own in rows.items() if len(own) >= FEWEST_CLIPS}


def _middles(features: np.ndarray, speakers: Sequence[str]) -> dict[str, np.ndarray]:
    return {name: features[own].mean(axis=0) for name, own in _rows(speakers).items()}


def _spread(features: np.ndarray, speakers: Sequence[str]) -> np.ndarray | None:
    """What turns differences into numbers of usual differences within a voice: (width, width)."""
    rows = _rows(speakers)
    if not rows:
        return None
    within = np.concatenate([features[own] - features[own].mean(axis=0) for own in rows.values()])
    return np.linalg.cholesky(LedoitWolf(assume_centered=True).fit(within.astype(np.float64)).precision_)


def _apart(one: np.ndarray, other: np.ndarray, spread: np.ndarray) -> float:
    return float(np.linalg.norm((one - other) @ spread))


def _between_halves(
    features: np.ndarray, speakers: Sequence[str], spread: np.ndarray, random: np.random.Generator
) -> float:
    """The largest distance between two random halves of a training speaker's clips."""
    apart = []
    for own in _rows(speakers).values():
        mixed = random.permutation(own)
        half = len(mixed) // 2
        apart.append(_apart(features[mixed[:half]].mean(axis=0), features[mixed[half:]].mean(axis=0), spread))
    return max(*apart, 1e-9)
