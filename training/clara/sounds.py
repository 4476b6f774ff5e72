"""Sound as people have it (a file, its bytes, an array at some rate) as CLARA hears it: float32, mono, 16 kHz.

Files are decoded in this very process: do that with files you trust. A site decodes what strangers send in
`contributions.audio`, behind a wall.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.clara.spectrogram import resampled

SAMPLE_RATE_HZ = 16_000
LONGEST_SECONDS = 600
Audio = str | Path | bytes | np.ndarray | Tensor
FULL_SCALES = {1: 128, 2: 1 << 15, 3: 1 << 23, 4: 1 << 31}
# A list of files is a container too, and would open others.
CONTAINERS = "matroska,webm,ogg,mov,mp4,wav,flac,mp3"


class NotHearable(ValueError):
    """The sound cannot be read here; the message says what to do."""


def are_several(audio: Audio | Sequence[Audio]) -> bool:
    """Whether these are clips, and not one: an array counts as one."""
    return isinstance(audio, Sequence) and not isinstance(audio, str | bytes)


def waveforms(audio: Audio | Sequence[Audio], *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> list[Tensor]:
    """Each clip as (samples,) float32 at 16 kHz in [-1, 1], channels averaged; raises NotHearable.

    `sample_rate_hz` is that of arrays, (samples,) or (channels, samples), floats or int16; a file tells its own.
    """
    several: Any = audio if are_several(audio) else [audio]
    return [waveform(each, sample_rate_hz=sample_rate_hz) for each in several]


def waveform(audio: Audio, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Tensor:
    """One clip as (samples,) float32 at 16 kHz; raises NotHearable."""
    if isinstance(audio, str | Path):
        sound, rate_hz = decoded(io.BytesIO(content_of(Path(audio))), name=Path(audio).name)
    elif isinstance(audio, bytes):
        sound, rate_hz = decoded(io.BytesIO(audio), name="the sound")
    else:
        sound, rate_hz = levelled(audio), sample_rate_hz
    mono = sound.mean(dim=0) if sound.ndim == 2 else sound  # (samples,)
    if mono.ndim != 1 or len(mono) == 0:
        raise NotHearable(f"a clip is (samples,) or (channels, samples) with samples in it, not {tuple(sound.shape)}")
    return mono if rate_hz == SAMPLE_RATE_HZ else resampled(mono, from_hz=rate_hz, to_hz=SAMPLE_RATE_HZ)


def content_of(path: Path) -> bytes:
    """The file's bytes; raises NotHearable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotHearable(f"{path} cannot be read: {error.strerror}") from error


def levelled(samples: np.ndarray | Tensor) -> Tensor:
    """Samples as floats: integers of 16 bits by their full scale, others are refused."""
    if isinstance(samples, np.ndarray):
        samples = torch.from_numpy(np.ascontiguousarray(samples).copy())
    if samples.dtype == torch.int16:
        return samples.float() / FULL_SCALES[2]
    if not samples.is_floating_point():
        raise NotHearable(f"samples are floats in [-1, 1] or 16-bit integers, not {samples.dtype}")
    return samples.float()


def decoded(file: io.BytesIO, *, name: str) -> tuple[Tensor, int]:
    """Samples (channels, samples) in [-1, 1] and their rate: WAV by Python itself, everything else by PyAV."""
    try:
        return from_wav(file)
    except (wave.Error, EOFError):
        file.seek(0)
    try:
        import av
    except ImportError as error:
        raise NotHearable(f"{name} is not a plain WAV, and others are read through PyAV: pip install av") from error
    try:
        return from_any(av, file)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise NotHearable(f"{name} holds no sound that can be decoded: {error}") from error


def from_wav(file: io.BytesIO) -> tuple[Tensor, int]:
    """A WAV of 8 to 32 bit integers; raises wave.Error for others."""
    with wave.open(file) as read:
        width, rate_hz, channels = read.getsampwidth(), read.getframerate(), read.getnchannels()
        if width not in FULL_SCALES or not rate_hz:
            raise wave.Error("no samples of 8 to 32 bits")
        content = read.readframes(LONGEST_SECONDS * rate_hz)
    whole = len(content) - len(content) % (width * channels)
    levels = torch.from_numpy(integers(content[:whole], width) / FULL_SCALES[width]).float()
    return levels.reshape(-1, channels).T, rate_hz


def integers(content: bytes, width: int) -> np.ndarray:
    """Little-endian samples of so many bytes; those of one byte have no sign."""
    if width == 1:
        return np.frombuffer(content, np.uint8).astype(np.float64) - 128
    if width != 3:
        return np.frombuffer(content, f"<i{width}").astype(np.float64)
    three = np.frombuffer(content, np.uint8).reshape(-1, 3)
    wide = np.zeros((len(three), 4), np.uint8)
    wide[:, 1:] = three
    return wide.view("<i4")[:, 0].astype(np.float64) / 256


def from_any(av: Any, file: io.BytesIO) -> tuple[Tensor, int]:
    """The first sound in a container that PyAV knows, in its own layout and rate, up to `LONGEST_SECONDS`."""
    with av.open(file, options={"format_whitelist": CONTAINERS}) as container:
        stream = container.streams.audio[0]
        rate_hz, pieces, samples = int(stream.rate), [], 0
        resampler = av.AudioResampler(format="fltp", rate=rate_hz)
        for frame in container.decode(stream):
            pieces += [torch.from_numpy(part.to_ndarray()) for part in resampler.resample(frame)]
            samples += frame.samples
            if samples >= LONGEST_SECONDS * rate_hz:
                break
    if not pieces:
        raise ValueError("it is empty")
    return torch.cat(pieces, dim=1), rate_hz
