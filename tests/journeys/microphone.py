"""A browser whose microphone plays a sound file, over and over."""

import shutil
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
GAP_SECONDS = 0.6
# The browser stumbles where its file begins again: the file holds a minute, so that no take meets that seam.
TIMES = 24


@contextmanager
def browser_hearing(
    playwright: Playwright, sound: Path | None, *, permits: bool = True, more: Sequence[str] = ()
) -> Iterator[Browser]:
    """Chromium with that sound as its microphone; None is a machine without one."""
    flags = [*QUIETLY, "--host-resolver-rules=MAP *.test 127.0.0.1", *more]
    if sound is not None:
        flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={sound}"]
    if permits:
        flags.append("--use-fake-ui-for-media-stream")
    assert CHROMIUM, "Chromium is needed: ./run test installs it"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    try:
        yield browser
    finally:
        browser.close()


def looped(sound: Path, folder: Path) -> tuple[Path, np.ndarray]:
    """The sound with a pause after it: said over and over in a file, and once as samples (samples,) at 16 kHz."""
    with wave.open(str(sound)) as file:
        assert file.getframerate() == 16_000
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    once = np.concatenate([samples, np.zeros(int(GAP_SECONDS * 16_000), "<i2")])
    path = folder / f"looped-{sound.name}"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(once.tobytes() * TIMES)
    return path, once.astype(np.float32) / 32_768


def noise(level_dbfs: float | None, folder: Path, *, seconds: int = 30) -> Path:
    """A file of even noise at that level; None is a silence of zeros."""
    ratio = 0.0 if level_dbfs is None else 10 ** (level_dbfs / 20)
    # Uniform noise of peak p has the level p / sqrt(3); dithering by rounding is far below what is asked of it.
    drawn = np.random.default_rng(7).uniform(-1, 1, seconds * 48_000) * ratio * np.sqrt(3) * 32_768
    path = folder / f"noise{level_dbfs}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(np.round(drawn).astype("<i2").tobytes())
    return path


def likeness(heard: np.ndarray, once: np.ndarray) -> float:
    """The correlation of what was heard with the looped sound, at the best of all shifts."""
    loops = np.tile(once, 2 + len(heard) // len(once))
    size = 1 << (len(loops) + len(heard)).bit_length()
    products = np.fft.irfft(np.fft.rfft(loops, size) * np.conj(np.fft.rfft(heard, size)), size)[: len(once)]
    squares = np.concatenate([[0.0], np.cumsum(loops.astype(np.float64) ** 2)])
    energies = squares[len(heard) : len(heard) + len(once)] - squares[: len(once)]
    return float(np.max(np.abs(products) / np.sqrt(energies * np.sum(heard.astype(np.float64) ** 2))))
