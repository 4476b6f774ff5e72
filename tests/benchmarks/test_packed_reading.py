"""How much quicker packed sound is read than FLAC is decoded: `./run bench tests/benchmarks/test_packed_reading.py`.

The same clips, made here, lie as FLAC files and as a packing of them, both in the system's cache. Each is read in a
drawn order, file and packing by turns, in one thread; what is counted is that thread's processor time. FLAC is decoded
by libav and nothing else: no resampling, no digest, no check. The table is left in var/benchmarks/packed-reading.md.
"""

import io
import logging
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tests.benchmarks import corpora
from tests.benchmarks.tables import markdown
from tests.training.worlds import PITCH_HZ, flac, voice
from training import packing
from training.corpora.labelled import LabelledClip
from training.packing import Packed, PackedClip

log = logging.getLogger(__name__)
IS_BENCHMARK = "OE_BENCH" in os.environ
REPORT = corpora.CACHE / "packed-reading.md"
CLIPS, TURNS = (200, 9) if IS_BENCHMARK else (12, 5)
SECONDS = 3.0
# A dozen clips say little of a rate.
TIMES_QUICKER = 20 if IS_BENCHMARK else 5


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Packed:
    """A packing of synthetic voices; the FLAC of each lies in the folder beside, under its key."""
    folder = tmp_path_factory.mktemp("reading")
    clips = []
    for number in range(CLIPS):
        emotion = sorted(PITCH_HZ)[number % len(PITCH_HZ)]
        path = folder / f"{number:04d}.flac"
        path.write_bytes(flac(voice(emotion, seed=number, seconds=SECONDS)))
        clips.append(LabelledClip(path, path.stem, "made", f"speaker{number % 4}", "en", emotion))
    return packing.pack_corpus(clips, folder / "packed", source={"corpus": "made"})


def decoded(path: Path) -> np.ndarray:
    """The file's samples as they were encoded, int16 (samples,)."""
    with av.open(io.BytesIO(path.read_bytes()), mode="r", format="flac") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def file_of(packed: Packed, clip: PackedClip) -> Path:
    """Where the clip lies as FLAC."""
    return packed.folder.parent / f"{clip.key}.flac"


def test_what_is_read_is_what_was_encoded(packed):
    for clip in packed.clips[:4]:
        assert np.array_equal(packed.waveform(clip), decoded(file_of(packed, clip)))


def test_packed_sound_is_read_twenty_times_as_quickly_as_flac_is_decoded(packed):
    random = np.random.default_rng(0)
    clips = list(packed.clips)
    reading, decoding = [], []
    for _turn in range(TURNS):
        order = [clips[number] for number in random.permutation(len(clips))]
        reading.append(spent(lambda order=order: [packed.waveform(clip) for clip in order]))
        decoding.append(spent(lambda order=order: [decoded(file_of(packed, clip)) for clip in order]))

    ratios = [slow / quick for slow, quick in zip(decoding, reading, strict=True)]
    told = as_table(reading, decoding, ratios)
    log.info("\n%s", told)
    if IS_BENCHMARK:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(told, encoding="utf-8")
    assert statistics.median(ratios) >= TIMES_QUICKER


def spent(act: Callable[[], object]) -> float:
    """The thread's processor seconds for it."""
    began = time.thread_time()
    act()
    return time.thread_time() - began


def as_table(reading: list[float], decoding: list[float], ratios: list[float]) -> str:
    """Both ways in clips a core-second, and their ratio."""
    rows = [
        (way, f"{1e6 * statistics.median(turns) / CLIPS:,.0f}", f"{CLIPS / statistics.median(turns):,.0f}")
        for way, turns in (("packed int16", reading), ("FLAC, by libav", decoding))
    ]
    ratio = f"{statistics.median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})"
    head = (f"clips of {SECONDS:.0f} s", "CPU microseconds a clip", "clips a core-second")
    return f"{markdown(head, rows)}\nPacked sound is read {ratio} as quickly, {TURNS} turns of {CLIPS} clips.\n"
