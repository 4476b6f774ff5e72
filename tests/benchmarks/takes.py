"""What is screened in one pass of the benchmark: real clips, and what was made from them, drawn from a seed."""

from __future__ import annotations

import contextlib
import random
import wave
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks import broken, corpora, screened
from tests.benchmarks.corpora import Source, Spoken
from tests.benchmarks.screened import Take

BROKEN = {
    "silence": broken.silence,
    "quiet steady noise": broken.steady_noise,
    "clipped over 1 %": broken.clipped,
    "cut to no speech": broken.cut,
}
PAUSE = "cut to its pause"
UNUSUAL = {"whispered": broken.whispered, "shouted": broken.shouted, "20 dB quieter": broken.quieter}
SNRS_DB = (10, 5, 0)


@dataclass(frozen=True)
class Size:
    """How much is screened: real clips of a source, takes of each kind that is made, and whether noise is fetched."""

    real: int | None
    broken: int
    doubtful: int
    unusual: int
    has_recorded_noise: bool = True


WHOLE = Size(real=200, broken=167, doubtful=20, unusual=200)
SMALL = Size(real=60, broken=30, doubtful=12, unusual=40)
SEED = Size(real=None, broken=9, doubtful=3, unusual=9, has_recorded_noise=False)


def everything(found: Mapping[Source, Sequence[Spoken]], size: Size) -> list[Take]:
    """Every take of one pass; what is made is drawn evenly from the sources, emotional ones where emotion is asked."""
    drawn = {source: draw(clips, size.real) for source, clips in found.items()}
    acted = {source: clips for source, clips in found.items() if source.kind == "acted"}
    wide = {source: clips for source, clips in found.items() if source.kind in ("acted", "read")}
    takes = screened.real(clip for clips in drawn.values() for clip in clips)
    for kind, make in BROKEN.items():
        takes += screened.made("broken", kind, evenly(found, size.broken, kind), make)
    # Of the sources only acted ones leave a pause around their speech.
    takes += screened.made("broken", PAUSE, evenly(acted, size.broken, PAUSE), broken.pause)
    for kind, make in doubtful(has_recorded=size.has_recorded_noise).items():
        takes += screened.made("doubtful", kind, evenly(wide, size.doubtful, kind), make)
    # All whispers, shouts and quiet ones are of the same clips, so that they can be compared.
    for kind, make in UNUSUAL.items():
        takes += screened.made("unusual", kind, evenly(acted, size.unusual, "unusual"), make)
    return takes


def doubtful(*, has_recorded: bool) -> dict[str, screened.Make]:
    """What is to be warned of, by kind; recorded noises are left out where they cannot be had."""
    noises = {"hum": broken.hum, "tone": broken.tone}
    with contextlib.suppress(corpora.Missing):
        files = corpora.noise_files() if has_recorded else {}
        noises |= {name: broken.recorded(wav(path)) for name, path in files.items()}
    kinds: dict[str, screened.Make] = {}
    for name, noise in noises.items():
        kinds[f"{name} alone"] = broken.noise_alone(noise)
        kinds |= {f"{name} {snr} dB below the voice": broken.noise_over(noise, snr) for snr in SNRS_DB}
    return kinds | {"clipped, then turned down": broken.clipped_below, "telephone": broken.telephone}


def wav(path: Path) -> broken.Sound:
    """A 16-bit WAV as mono sound."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return broken.Sound(samples.mean(axis=1) / 32_768, file.getframerate())


def draw(clips: Sequence[Spoken], count: int | None) -> list[Spoken]:
    """So many clips, of each emotion alike where there are any."""
    if count is None or count >= len(clips):
        return list(clips)
    by_emotion = defaultdict(list)
    for clip in clips:
        by_emotion[clip.emotion].append(clip)
    drawn: list[Spoken] = []
    for emotion, some in sorted(by_emotion.items()):
        share = -(-count // len(by_emotion))
        drawn += random.Random(emotion).sample(some, min(share, len(some)))
    return drawn


def evenly(found: Mapping[Source, Sequence[Spoken]], count: int, seed: str) -> list[Spoken]:
    """So many clips, each source and each of its emotions alike, none twice while there are others."""
    chance = random.Random(seed)
    piles = defaultdict(list)
    for source, clips in found.items():
        for clip in clips:
            piles[source.name, clip.emotion].append(clip)
    for pile in piles.values():
        chance.shuffle(pile)
    by_source = defaultdict(list)
    for (source, _emotion), pile in sorted(piles.items()):
        by_source[source].append(pile)
    drawn: list[Spoken] = []
    while len(drawn) < count and any(by_source.values()):
        for source, mine in by_source.items():
            by_source[source] = mine = [pile for pile in mine if pile]
            if mine and len(drawn) < count:
                drawn.append(mine[0].pop())
                mine.append(mine.pop(0))
    return drawn
