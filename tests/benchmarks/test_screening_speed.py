"""How fast a clip is screened, part by part: `./run bench tests/benchmarks/test_screening_speed.py`.

The whole pass is what a worker does between fetching the bytes and writing the verdict. It is held against the same
work in one process without walls, and against its libraries alone, on the same clips in the same run, turn by turn.
All of it is processor time, of the worker and of the decoder's processes: a busy machine takes longer for the same.
The table is left in var/benchmarks/screening-speed.md.
"""

from __future__ import annotations

import io
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest

import av
import numpy as np
import psutil
import pytest

from contributions.audio import decoding_child, examiner, fingerprint, loudness, quality, silero, spectrogram, speech
from contributions.audio.decode import Decoded, decode
from contributions.audio.decoder import Decoder
from contributions.screening import rules
from contributions.taxonomy import screening
from tests.benchmarks import corpora
from tests.benchmarks.tables import markdown
from tests.contributions.audio.sounds import encoded

IS_BENCHMARK = "OE_BENCH" in os.environ
REPORT = corpora.CACHE / "screening-speed.md"
KINDS = ("webm-opus", "webm-pcm", "mp4-aac")  # what Chrome, Chrome on a desktop and Safari send
CLIPS = 120 if IS_BENCHMARK else 6
LENGTHS_SECONDS = (1, 10)
LONGEST_SECONDS = 20
OF_BARE_AT_LEAST = 0.5 if IS_BENCHMARK else 0.2  # six clips say little of a rate


@dataclass(frozen=True)
class Recording:
    """A real voice as a browser would send it."""

    kind: str
    content: bytes
    seconds: float


class Clock:
    """Processor seconds by part, of this process and, where there is one, of the decoder's."""

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()

    @contextmanager
    def counts(self, part: str) -> Iterator[None]:
        """All that this process does meanwhile is of this part."""
        began = time.process_time()
        yield
        self.parts[part] += time.process_time() - began

    @property
    def total(self) -> float:
        """Of all parts."""
        return sum(self.parts.values())


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    """Clips of 1 to 10 s, evenly from every source that is here, in each of the browsers' containers in turn."""
    found = corpora.gathered(with_large=bool(corpora.SPEECH))[0] if IS_BENCHMARK else {corpora.SEED: corpora.seeds()}
    drawn = [random.Random(5).sample(list(clips), len(clips)) for clips in found.values()]
    made: list[Recording] = []
    for clip in filter(None, chain.from_iterable(zip_longest(*drawn))):
        voice = heard(clip.path.read_bytes())
        if LENGTHS_SECONDS[0] <= len(voice) / 48_000 <= LENGTHS_SECONDS[1]:
            kind = KINDS[len(made) % len(KINDS)]
            content = encoded(voice, kind, from_hz=48_000, is_live=True)
            made.append(Recording(kind, content, len(voice) / 48_000))
        if len(made) == CLIPS:
            break
    return made


def heard(content: bytes) -> np.ndarray:
    """A file as float32 mono at 48 kHz."""
    with av.open(io.BytesIO(content)) as source:
        to_mono = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        frames = [piece for frame in source.decode(audio=0) for piece in to_mono.resample(frame)]
        frames += to_mono.resample(None)
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames])


def whole_pass(recording: Recording, clock: Clock, decoder: Decoder, folder) -> None:
    """What a worker does of a clip, without database and storage."""
    path = folder / "clip"
    path.write_bytes(recording.content)
    before = cpu_of_warm(decoder)
    with clock.counts("decode: the worker's end"):
        decoded = decode(path, longest_seconds=LONGEST_SECONDS, archive=folder / "archive.flac", decoder=decoder)
    clock.parts["decode: the clip's child"] += decoder.last.cpu_seconds
    clock.parts["decode: the warm process"] += cpu_of_warm(decoder) - before
    examined(decoded, clock)


def cpu_of_warm(decoder: Decoder) -> float:
    """What the warm process used by itself."""
    used = psutil.Process(decoder._warm.end.peek()[2][0].pid).cpu_times()
    return used.user + used.system


def without_walls(recording: Recording, clock: Clock, folder) -> None:
    """The same work in this process: no child, no limits, no file."""
    with clock.counts("decode"):
        facts, sound = decoding_child.decode(io.BytesIO(recording.content), LONGEST_SECONDS, True)
        decoded = Decoded(
            waveform=np.frombuffer(sound.waveform, np.float32),
            original=np.frombuffer(sound.original, np.int16),
            **asdict(facts),
        )
        (folder / "archive.flac").write_bytes(sound.archive)
    examined(decoded, clock)


def examined(decoded: Decoded, clock: Clock) -> None:
    """Everything that follows decoding."""
    with clock.counts("measures, but Silero"):
        measures = examiner.measure(decoded, second_opinion=False)
    with clock.counts("Silero"):
        measures["silero_speech_seconds"] = silero.speech_seconds(decoded.waveform)
    with clock.counts("rules"):
        rules.judge(measures, rules=screening.rules(), mode="acted", styles=(), passed=frozenset())
    with clock.counts("digest and fingerprint"):
        assert decoded.pcm_sha256
        fingerprint.fingerprint(decoded.waveform)
    with clock.counts("outline and picture"):
        quality.peaks(decoded.waveform)
        spectrogram.picture(decoded.waveform)


def libraries_alone(recording: Recording, clock: Clock, folder) -> None:
    """Decoder, resampler and FLAC of libav, webrtcvad, Silero in onnxruntime, libav's loudness meter; no more."""
    with clock.counts("libav"), av.open(io.BytesIO(recording.content)) as source:
        stream = source.streams.audio[0]
        to_16_khz = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        to_integers = av.AudioResampler(format="s16", layout="mono", rate=stream.rate)
        archive = av.open(str(folder / "bare.flac"), "w", format="flac")
        flac = archive.add_stream("flac", rate=stream.rate, layout="mono", format="s16")
        pieces = []
        for frame in source.decode(stream):
            pieces += [piece.to_ndarray() for piece in to_16_khz.resample(frame)]
            for piece in to_integers.resample(frame):
                archive.mux(flac.encode(piece))
        pieces += [piece.to_ndarray() for piece in to_16_khz.resample(None)]
        archive.mux(flac.encode(None))
        archive.close()
        waveform = np.concatenate(pieces, axis=1)[0]
    with clock.counts("webrtcvad"):
        speech.spoken_frames(waveform, level=1)
    with clock.counts("Silero"):
        silero.spoken_frames(waveform)
    with clock.counts("loudness meter"):
        loudness.integrated_lufs(waveform, 16_000)


@pytest.fixture(scope="module")
def clocks(recordings, tmp_path_factory) -> dict[str, dict[str, Clock]]:
    """Processor time of each way by kind; each clip goes through all ways before the next one."""
    folder = tmp_path_factory.mktemp("speed")
    with Decoder() as decoder:
        ways: dict[str, Callable[[Recording, Clock], None]] = {
            "whole": lambda recording, clock: whole_pass(recording, clock, decoder, folder),
            "bare": lambda recording, clock: without_walls(recording, clock, folder),
            "libraries": lambda recording, clock: libraries_alone(recording, clock, folder),
        }
        (folder / "clip").write_bytes(recordings[0].content)
        decode(folder / "clip", longest_seconds=LONGEST_SECONDS, decoder=decoder)  # loads the library
        for way in ways.values():
            for recording in recordings[: len(KINDS)]:
                way(recording, Clock())
        clocks: dict[str, dict[str, Clock]] = {way: defaultdict(Clock) for way in ways}
        for recording in recordings:
            for name, way in ways.items():
                way(recording, clocks[name][recording.kind])
    return clocks


def test_walls_and_bookkeeping_cost_less_than_the_work_itself(clocks, recordings):
    text = report(clocks, recordings)
    whole, bare = (sum(clock.total for clock in clocks[way].values()) for way in ("whole", "bare"))

    if IS_BENCHMARK:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(text)
        sys.__stderr__.write(text)
    assert len(recordings) == CLIPS
    assert all(clock.total > 0 for clocks_of_way in clocks.values() for clock in clocks_of_way.values())
    assert bare / whole >= OF_BARE_AT_LEAST, text


def report(clocks: dict[str, dict[str, Clock]], recordings: list[Recording]) -> str:
    """The rates by kind, and what each part of the whole pass takes."""
    seconds = Counter()
    for recording in recordings:
        seconds[recording.kind] += recording.seconds
    rates = [rate_row(kind, seconds[kind], {way: clocks[way][kind].total for way in clocks}) for kind in KINDS]
    totals = {way: sum(clock.total for clock in clocks[way].values()) for way in clocks}
    rates.append(rate_row("all", seconds.total(), totals))
    parts = Counter()
    for clock in clocks["whole"].values():
        parts.update(clock.parts)
    shares = [
        [part, f"{1000 * used / len(recordings):.2f}", f"{100 * used / parts.total():.1f} %"]
        for part, used in parts.most_common()
    ]
    lengths = sorted(recording.seconds for recording in recordings)
    return "\n".join([
        f"{len(recordings)} clips of {lengths[0]:.1f} to {lengths[-1]:.1f} s, {seconds.total():.0f} s in all; "
        f"examiner {examiner.VERSION}, fingerprint {fingerprint.VERSION}.\n",
        markdown(["recorded as", "clips' seconds per core-second", "the same without walls", "libraries alone",
                  "of without walls", "of libraries alone"], rates),
        "",
        markdown(["part of the whole pass", "ms a clip", "share"], shares),
        "",
    ])  # fmt: skip


def rate_row(kind: str, seconds: float, used: dict[str, float]) -> list[str]:
    rates = [f"{seconds / used[way]:.1f}" for way in ("whole", "bare", "libraries")]
    return [kind, *rates, *(f"{used[way] / used['whole']:.2f}" for way in ("bare", "libraries"))]
