"""Both voice detectors against labels: `OE_SPEECH=FOLDER ./run bench tests/benchmarks/test_vad.py -s` prints tables.

Acted clips are set between stretches of silence, and the whole is laid over noise. What is speech is known by
construction, every 10 ms, from the clean clip alone: SPEECH is what lies within 20 dB of its loudest moment, NOTHING is
the silence that was put there, over 100 ms away from it; all between (pauses, breath, soft consonants) is left out of
the count, since nobody listened and said. So recall is that of the louder sounds, and precision holds for a clip that
is as much silence as these are: two seconds each.

In the tests it runs on the nine clips of tests/sounds with made noises; as a benchmark it fetches more.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from contributions.audio import decode, quality, silero, speech
from tests.benchmarks import corpora

RATE_HZ = 16_000
STEP_SAMPLES = 160  # 10 ms, in which labels and answers are counted
SILENCE_SAMPLES = RATE_HZ  # before and after
MARGIN_STEPS = 10  # around the clip: neither speech nor nothing
SPEECH_DB = 20.0
SNRS_DB = (20, 10, 5, 0)
CLIPS_OF_EACH = 25  # by source and emotion
LEAST_SECONDS = 0.3  # of speech that screening asks
MADE = ("white", "pink")
IS_BENCHMARK = "OE_BENCH" in os.environ

Detector = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Scene:
    """A clip between silences, at 16 kHz, and what each 10 ms of it is."""

    waveform: np.ndarray  # (samples,)
    is_speech: np.ndarray  # (steps,)
    is_nothing: np.ndarray  # (steps,)

    def over(self, noise: np.ndarray, snr_db: float, chance: np.random.Generator) -> np.ndarray:
        """The scene with noise so far below the mean power of its speech, which keeps the level it was recorded at."""
        power = np.mean(steps(self.waveform)[self.is_speech] ** 2)
        start = chance.integers(0, max(1, len(noise) - len(self.waveform)))
        piece = np.resize(noise[start:], len(self.waveform))
        return (self.waveform + piece * np.sqrt(power / np.mean(piece**2)) * 10 ** (-snr_db / 20)).astype(np.float32)


@dataclass
class Count:
    """How many steps a detector called speech."""

    speech: int = 0
    heard: int = 0
    nothing: int = 0
    false: int = 0

    def add(self, scene: Scene, called: np.ndarray) -> None:
        """Hold the detector's answer for one scene against its labels."""
        self.speech += int(scene.is_speech.sum())
        self.heard += int(called[scene.is_speech].sum())
        self.nothing += int(scene.is_nothing.sum())
        self.false += int(called[scene.is_nothing].sum())

    @property
    def recall(self) -> float:
        """Of the speech, the part that was called speech."""
        return self.heard / self.speech

    @property
    def precision(self) -> float:
        """Of what was called speech, the part that is."""
        return self.heard / max(1, self.heard + self.false)

    def __str__(self) -> str:
        return f"{100 * self.precision:.0f} / {100 * self.recall:.0f} / {100 * self.false_alarms:.0f}"

    @property
    def false_alarms(self) -> float:
        """Of nothing, the part that was called speech."""
        return self.false / self.nothing


def steps(waveform: np.ndarray) -> np.ndarray:
    """The sound in stretches of 10 ms, as (steps, samples)."""
    return waveform[: len(waveform) // STEP_SAMPLES * STEP_SAMPLES].reshape(-1, STEP_SAMPLES)


def scene_of(clip: np.ndarray) -> Scene:
    """The clip, cut to what is surely speech and a margin, between two silences."""
    levels = steps(clip).std(axis=1)  # (steps,) without the offset
    loud = levels >= levels.max() * 10 ** (-SPEECH_DB / 20)
    first, last = np.flatnonzero(loud)[[0, -1]] + (-MARGIN_STEPS, MARGIN_STEPS + 1)
    first = max(0, first)
    spoken, loud = clip[first * STEP_SAMPLES : last * STEP_SAMPLES], loud[first:last]
    silence = SILENCE_SAMPLES // STEP_SAMPLES
    is_speech = np.pad(loud, silence)
    is_nothing = np.pad(np.zeros(len(loud), bool), silence, constant_values=True)
    spoken = spoken[: len(loud) * STEP_SAMPLES]
    return Scene(np.pad(spoken, SILENCE_SAMPLES), is_speech, is_nothing)


def webrtc(level: int) -> Detector:
    """WebRTC's detector at this strictness, every 10 ms."""
    return lambda waveform: at_steps(speech.spoken_frames(waveform, level=level), speech.FRAME_SAMPLES, waveform)


def second(waveform: np.ndarray) -> np.ndarray:
    """Silero's detector, every 10 ms."""
    probabilities = silero.spoken_frames(waveform)
    assert probabilities is not None, "Silero is missing: what is measured must be installed"
    return at_steps(probabilities >= silero.SPOKEN, silero.FRAME_SAMPLES, waveform)


def at_steps(frames: np.ndarray, frame_samples: int, waveform: np.ndarray) -> np.ndarray:
    """The answer that holds in the middle of each 10 ms."""
    middles = np.arange(len(waveform) // STEP_SAMPLES) * STEP_SAMPLES + STEP_SAMPLES // 2
    return frames[middles // frame_samples]


DETECTORS: dict[str, Detector] = {**{f"WebRTC {level}": webrtc(level) for level in range(4)}, "Silero": second}


def screened(waveform: np.ndarray) -> dict[str, float]:
    """The seconds of speech that screening would note by each detector."""
    seconds = {f"WebRTC {level}": speech.speech(waveform, level=level).seconds for level in range(4)}
    return {**seconds, "Silero": silero.speech_seconds(waveform)}


def clips() -> Iterator[tuple[np.ndarray, str, str]]:
    """Acted clips as waveforms with their source and emotion: a fixed choice, as many of each emotion."""
    for clip in acted() if IS_BENCHMARK else corpora.seeds():
        yield decode.decode(clip.path, longest_seconds=20).waveform, clip.source, clip.emotion


def acted() -> Iterator[corpora.Spoken]:
    """Some clips of every acted corpus that can be had; what cannot is said."""
    for source in corpora.sources():
        if source.kind == "acted":
            try:
                yield from few_of_each(source.spoken())
            except corpora.Missing as lack:
                say(f"{source.name}: {lack}")


def few_of_each(spoken: list[corpora.Spoken]) -> Iterator[corpora.Spoken]:
    """So many clips of each emotion, spread over the list and so over its speakers."""
    by_emotion = defaultdict(list)
    for clip in spoken:
        by_emotion[clip.emotion].append(clip)
    for some in by_emotion.values():
        places = np.linspace(0, len(some) - 1, min(CLIPS_OF_EACH, len(some))).astype(int)
        yield from (some[place] for place in places)


def noises(chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Noise by name at 16 kHz: made here, and recorded in rooms full of people."""
    white = chance.normal(size=60 * RATE_HZ)
    spectrum = np.fft.rfft(chance.normal(size=60 * RATE_HZ))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    found = dict(zip(MADE, (white, np.fft.irfft(spectrum)), strict=True))
    if IS_BENCHMARK:
        for name, path in corpora.noise_files().items():
            found[name] = decode.decode(path, longest_seconds=60).waveform
    return found


def tones() -> dict[str, np.ndarray]:
    """What a machine adds, 30 s of each."""
    moments = np.arange(30 * RATE_HZ) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * number * moments) / number for number in (1, 2, 3, 5))
    return {"hum at 50 Hz": hum, "tone at 440 Hz": np.sin(2 * np.pi * 440 * moments),
            "tone at 1 kHz": np.sin(2 * np.pi * 1_000 * moments)}  # fmt: skip


def say(text: str) -> None:
    """Into what -s shows."""
    sys.stdout.write(text + "\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


@pytest.fixture(scope="module")
def chance():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def takes():
    """Each clip as a waveform, with its source and emotion."""
    return list(clips())


@pytest.fixture(scope="module")
def noise(chance):
    return noises(chance)


def test_speech_is_found_in_noise(takes, noise, chance):
    counts = defaultdict(Count)
    for waveform, _source, _emotion in takes:
        scene = scene_of(waveform)
        for name, snr_db in [(name, snr_db) for name in noise for snr_db in SNRS_DB]:
            heard = scene.over(noise[name], snr_db, chance)
            for detector, detect in DETECTORS.items():
                called = detect(heard)
                for group in (name, "all"):
                    counts[detector, group, snr_db].add(scene, called)

    say(f"\n{len(takes)} clips. Precision / recall / false alarms in percent, by SNR.")
    for group in ("all", *noise):
        say(f"\nNoise: {group}" + table(
            ("detector", *(f"{snr_db} dB" for snr_db in SNRS_DB)),
            [(detector, *(str(counts[detector, group, snr_db]) for snr_db in SNRS_DB)) for detector in DETECTORS],
        ))  # fmt: skip
    assert counts["WebRTC 1", "all", 20].recall > 0.95
    assert counts["Silero", "all", 20].recall > 0.8
    assert counts["Silero", "all", 20].precision > 0.9


def test_nothing_but_noise_is_no_speech_to_one_of_the_two(noise, chance):
    heard = {}
    for name, sound in {**noise, **tones()}.items():
        pieces = [sound[start : start + 3 * RATE_HZ] for start in chance.integers(0, len(sound) - 3 * RATE_HZ, 10)]
        for level_dbfs in (-50, -30, -20):
            at_level = [piece / piece.std() * 10 ** (level_dbfs / 20) for piece in pieces]
            for detector, detect in DETECTORS.items():
                called = [detect(piece.astype(np.float32)).mean() for piece in at_level]
                heard[detector, name, level_dbfs] = float(np.mean(called))

    kinds = list({name: None for _detector, name, _level in heard})
    say("\nOf 3 s of nothing but this at -50 / -30 / -20 dBFS, the percentage called speech." + table(
        ("detector", *kinds),
        [(detector, *(" / ".join(f"{100 * heard[detector, kind, level]:.0f}" for level in (-50, -30, -20))
                      for kind in kinds)) for detector in DETECTORS],
    ))  # fmt: skip
    for machine in tones():
        assert heard["Silero", machine, -20] == 0
        assert heard["WebRTC 1", machine, -20] > 0.5


def test_noise_is_estimated_where_there_is_hardly_a_pause(takes, noise, chance):
    errors = defaultdict(list)
    for waveform, _source, _emotion in takes:
        scene = scene_of(waveform)
        for name, snr_db in [(name, snr_db) for name in noise for snr_db in SNRS_DB]:
            heard = scene.over(noise[name], snr_db, chance)[SILENCE_SAMPLES:-SILENCE_SAMPLES]
            if (read := quality.snr_db(heard)) is not None:
                errors[name, snr_db].append(read - snr_db)

    rows = []
    for name in noise:
        spreads = [np.percentile(errors[name, snr_db], [5, 50, 95]) for snr_db in SNRS_DB]
        rows.append((name, *(" / ".join(f"{part:+.1f}" for part in spread) for spread in spreads)))
    say("\nThe estimate of snr_db less the truth, in dB: 5th percentile, median, 95th; clips without their silences."
        + table(("noise", *(f"{snr_db} dB" for snr_db in SNRS_DB)), rows))  # fmt: skip
    assert np.mean(np.abs(np.concatenate([*errors.values()]))) < 3


def test_no_emotion_loses_its_speech(takes):
    lost = defaultdict(lambda: defaultdict(list))
    for waveform, source, emotion in takes:
        for gain_db in (0, -20):
            for detector, seconds in screened(waveform * np.float32(10 ** (gain_db / 20))).items():
                lost[detector, gain_db][source, emotion].append(seconds < LEAST_SECONDS)

    rows = []
    for (detector, gain_db), groups in lost.items():
        share, (source, emotion) = max((float(np.mean(some)), group) for group, some in groups.items())
        everyone = np.concatenate([*groups.values()]).mean()
        worst = f"{100 * share:.0f} % ({source}, {emotion})" if share else "none"
        rows.append((detector, "as recorded" if not gain_db else f"{gain_db} dB", f"{100 * everyone:.1f} %", worst))
    say(f"\nClips with under {LEAST_SECONDS} s of speech, of {len(takes)} real ones."
        + table(("detector", "level", "of all", "of the worst-off emotion"), rows))  # fmt: skip
    assert not any(np.concatenate([*lost["WebRTC 1", 0].values()]))
