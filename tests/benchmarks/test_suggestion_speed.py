"""How fast a worker makes suggestions: `./run bench tests/benchmarks/test_suggestion_speed.py`.

A clip goes from its archive (48 kHz FLAC) through the decoder behind its walls to the scores of the fixed base with a
small ear, as the site does it: one clip at a time. Beside it the same clips are heard several at once. All of it is
processor time, of the worker on one thread and of the decoder's processes; database and storage are left out. The
memory of one worker is measured in a process of its own. The tables are left in var/benchmarks/suggestion-speed.md.
"""

import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from contributions.audio.decode import decode
from contributions.audio.decoder import Decoder
from tests.benchmarks import corpora
from tests.benchmarks.tables import markdown
from tests.training.worlds import PITCH_HZ, flac, voice
from training.clara import Clara, ClaraConfig

log = logging.getLogger(__name__)
IS_BENCHMARK = "OE_BENCH" in os.environ
REPORT = corpora.CACHE / "suggestion-speed.md"
ROOT = Path(__file__).parents[2]
ARCHIVE_HZ = 48_000
LENGTHS_SECONDS = (3.0, 10.0) if IS_BENCHMARK else (1.5,)
CLIPS = 16 if IS_BENCHMARK else 3
TOGETHER = (4, 16) if IS_BENCHMARK else (3,)
TURNS = 3 if IS_BENCHMARK else 1
# A checkpoint published elsewhere, such as the shipped head; a fresh one has the same cost.
CHECKPOINT = os.environ.get("OE_CHECKPOINT", "")


@dataclass(frozen=True)
class Costs:
    """Processor milliseconds a clip: of its decoding, of hearing it alone, and of hearing so many at once."""

    decoding: float
    alone: float
    together: dict[int, float]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """The folder of a checkpoint as a site's first champion would be, with fresh weights."""
    if CHECKPOINT:
        return Path(CHECKPOINT)
    folder = tmp_path_factory.mktemp("suggesting") / "checkpoint"
    config = ClaraConfig.preset("site")
    torch.manual_seed(0)
    labels = {emotion: [f"a voice full of {emotion}", f"{emotion} is heard"] for emotion in config.emotions}
    Clara(config).save(folder, labels=labels)
    return folder


@pytest.fixture(scope="module")
def clara(checkpoint) -> Clara:
    """The checkpoint as a worker has it, on one thread."""
    torch.set_num_threads(1)
    return Clara.load(checkpoint)


def archives(folder: Path, *, seconds: float) -> list[Path]:
    """Clips of that length as the site keeps them."""
    paths = []
    for number in range(CLIPS):
        emotion = sorted(PITCH_HZ)[number % len(PITCH_HZ)]
        sound = voice(emotion, seed=number, seconds=seconds, sample_rate_hz=ARCHIVE_HZ)
        paths.append(folder / f"{seconds}-{number}.flac")
        paths[-1].write_bytes(flac(sound, sample_rate_hz=ARCHIVE_HZ))
    return paths


def milliseconds(act: Callable[[], object]) -> float:
    """This process's processor time for it, for each of the clips."""
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1_000 / CLIPS


def decoded(paths: list[Path]) -> tuple[list[np.ndarray], float]:
    """The clips as waveforms, and the processor milliseconds for one, the decoder's own processes included."""
    with Decoder() as decoder:
        decode(paths[0], longest_seconds=60, decoder=decoder)  # the library is loaded once a worker
        warm = psutil.Process().children()[-1]
        before = sum(warm.cpu_times()[:2])
        children, began, sounds = 0.0, time.process_time(), []
        for path in paths:
            sounds.append(decode(path, longest_seconds=60, decoder=decoder).waveform)
            children += decoder.last.cpu_seconds
        own = time.process_time() - began
        spent = own + children + sum(warm.cpu_times()[:2]) - before
    return sounds, spent * 1_000 / len(paths)


def costs(clara: Clara, paths: list[Path]) -> Costs:
    """What each part of the way costs, alone and several at once by turns; the middle of the turns."""
    sounds, decoding = decoded(paths)
    clara.scores(sounds[:1])  # the captions of its labels are read once
    alone, together = [], {count: [] for count in TOGETHER}
    for _turn in range(TURNS):
        alone.append(milliseconds(lambda: [clara.suggest(sound) for sound in sounds]))
        for count in TOGETHER:
            batches = [sounds[start : start + count] for start in range(0, len(sounds), count)]
            together[count].append(milliseconds(lambda batches=batches: [clara.scores(batch) for batch in batches]))
    return Costs(decoding, statistics.median(alone), {count: statistics.median(t) for count, t in together.items()})


def test_a_worker_suggests_from_file_to_scores(clara, tmp_path):
    found = {seconds: costs(clara, archives(tmp_path, seconds=seconds)) for seconds in LENGTHS_SECONDS}

    told = as_table(found)
    log.info("\n%s", told)
    if IS_BENCHMARK:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(told, encoding="utf-8")
    assert all(cost.decoding > 0 and cost.alone > 0 for cost in found.values())


def test_what_is_heard_together_is_what_is_heard_alone(clara, tmp_path):
    sounds, _spent = decoded(archives(tmp_path, seconds=0.4))

    together = clara.scores([sounds[0], *(np.concatenate([sound, sound]) for sound in sounds[1:])])[0]

    assert list(clara.suggest(sounds[0]).values()) == pytest.approx(together.tolist(), abs=1e-5)


def test_the_memory_of_one_worker_is_told(checkpoint, tmp_path):
    clips = archives(tmp_path, seconds=LENGTHS_SECONDS[-1])[:4]

    told = memory(checkpoint, clips, with_site=IS_BENCHMARK)

    rows = [(name, f"{now:.0f}", f"{most:.0f}") for name, (now, most) in told.items()]
    table = markdown(("a worker's process after loading", "MiB resident", "at most so far"), rows)
    log.info("\n%s", table)
    if IS_BENCHMARK:
        with REPORT.open("a", encoding="utf-8") as report:
            report.write(f"\n{table}")
    now, most = ({name: each[which] for name, each in told.items()} for which in (0, 1))
    assert now["Python"] < now["torch"] < now["the checkpoint"] <= most["after the clips"] < 2_048


def memory(checkpoint: Path, clips: list[Path], *, with_site: bool) -> dict[str, tuple[float, float]]:
    """What a process of its own says that it needed."""
    command = [sys.executable, "-m", "tests.benchmarks.listening_worker", str(checkpoint), *map(str, clips)]
    run = subprocess.run(
        [*command, *(["--with-site"] if with_site else [])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def as_table(found: dict[float, Costs]) -> str:
    """Milliseconds of each part, and clips a core-second from file to scores."""
    rows = []
    for seconds, cost in found.items():
        ways = {"one at a time": cost.alone, **{f"{count} at once": spent for count, spent in cost.together.items()}}
        for way, hearing in ways.items():
            whole = cost.decoding + hearing
            rows.append(
                (f"{seconds:g} s, {way}", f"{cost.decoding:.1f}", f"{hearing:.1f}", f"{1_000 / hearing:.1f}",
                 f"{1_000 / whole:.1f}")
            )  # fmt: skip
    head = ("clips of", "decoding, CPU ms", "hearing, CPU ms", "heard a core-second", "from file to scores")
    return markdown(head, rows)
