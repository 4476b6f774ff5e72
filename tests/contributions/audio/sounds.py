"""Sounds for the tests: spoken clips from tests/sounds, tones and silences made here, and files of every container."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import av
import numpy as np

SOUNDS = Path(__file__).parents[2] / "sounds"
RATE_HZ = 16_000
CONTAINERS = {  # what a browser or a corpus sends: (muxer, encoder, what decode() calls the container and the codec)
    "webm-opus": ("webm", "libopus", "matroska", "opus"),
    "webm-pcm": ("matroska", "pcm_f32le", "matroska", "pcm_f32le"),
    "mkv-aac": ("matroska", "aac", "matroska", "aac"),
    "ogg-opus": ("ogg", "libopus", "ogg", "opus"),
    "mp4-aac": ("mp4", "aac", "mp4", "aac"),
    "wav": ("wav", "pcm_s16le", "wav", "pcm_s16le"),
    "flac": ("flac", "flac", "flac", "flac"),
    "mp3": ("mp3", "libmp3lame", "mp3", "mp3"),
}

LIVE = {  # as Chrome and as Safari record
    "webm": {"live": "1"},
    "matroska": {"live": "1"},
    "mp4": {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000"},
}


def spoken(name: str) -> np.ndarray:
    """A spoken clip as float32 at 16 kHz."""
    with wave.open(str(SOUNDS / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32_768


def tone(*, seconds: float, hertz: float = 440, amplitude: float = 0.5, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A sine."""
    moments = np.arange(int(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def encoded(
    waveform: np.ndarray, kind: str, *, rate_hz: int = 48_000, is_live: bool = False, from_hz: int = RATE_HZ
) -> bytes:
    """A file of this kind; a live one declares no length, as MediaRecorder's do not."""
    muxer, encoder, *_ = CONTAINERS[kind]
    file = io.BytesIO()
    container = av.open(file, "w", format=muxer, options=LIVE[muxer] if is_live else {})
    stream = container.add_stream(encoder, rate=rate_hz, layout="mono")
    frame = av.AudioFrame.from_ndarray(waveform[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = from_hz, 0
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate_hz, frame_size=size)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
    container.close()
    return file.getvalue()


def wav(channels: np.ndarray, *, rate_hz: int = RATE_HZ, as_float: bool = False) -> bytes:
    """A WAV of samples shaped (samples, channels), written by hand so that it can be wrong."""
    count = channels.shape[1]
    data = channels.astype("<f4").tobytes() if as_float else (channels * 32_767).astype("<i2").tobytes()
    width = 4 if as_float else 2
    form = struct.pack(
        "<HHIIHH", 3 if as_float else 1, count, rate_hz, rate_hz * count * width, count * width, width * 8
    )
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", len(data)) + data


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two waveforms are at the best shift within 100 ms, from 0 to 1."""
    length = min(len(one), len(other))
    size = 2 * length
    spectrum = np.fft.rfft(one[:length], size) * np.conj(np.fft.rfft(other[:length], size))
    shifts = np.fft.irfft(spectrum, size)
    near = np.concatenate([shifts[:1_600], shifts[-1_600:]])
    return float(near.max() / (np.linalg.norm(one[:length]) * np.linalg.norm(other[:length])))
