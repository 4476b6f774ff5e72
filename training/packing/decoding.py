"""From the bytes of a sound file to 16 kHz mono int16; formats that can name other files are not read."""

from __future__ import annotations

import io

import av
import numpy as np

from training.packing.clips import SAMPLE_RATE_HZ

# Without a list, a text file that names others ("ffconcat") is opened and followed.
FORMATS = "wav,flac,ogg,matroska,webm,mp3,mov,mp4,aiff"
# CREMA-D is published so, and cloned without Git LFS every file is a line of text.
LFS_POINTER = b"version https://git-lfs"


class Undecodable(Exception):
    """The file is no sound that we can read; the message says why."""


def decoded(content: bytes) -> np.ndarray:
    """The file's sound at 16 kHz, int16 (samples,): channels are averaged, values beyond full scale are cut.

    Raises Undecodable.
    """
    if content.startswith(LFS_POINTER):
        raise Undecodable("it is a pointer of Git LFS and not the sound: `git lfs pull` fetches it")
    pieces: list[np.ndarray] = []
    try:
        with av.open(io.BytesIO(content), mode="r", options={"format_whitelist": FORMATS}) as container:
            if not container.streams.audio:
                raise Undecodable("it holds no sound")
            # Each channel by itself: the library's own downmix of two channels is louder than either and clips.
            resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE_HZ)
            for frame in container.decode(audio=0):
                pieces += [piece.to_ndarray().mean(axis=0) for piece in resampler.resample(frame)]
            if pieces:
                pieces += [piece.to_ndarray().mean(axis=0) for piece in resampler.resample(None)]
    except (av.FFmpegError, ValueError) as error:
        raise Undecodable(f"it cannot be decoded: {error}") from error
    if not sum(map(len, pieces)):
        raise Undecodable("it holds no sound")
    return np.clip(np.rint(np.concatenate(pieces) * 32_768), -32_768, 32_767).astype(np.int16)
