"""Turn the bytes a stranger sent into a waveform, in a child process that can harm only itself.

It knows containers, codecs and lengths. It does not know what is in the sound: `speech` and `quality` measure that.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np

from contributions.audio.decoder import Decoder, DecodingFailed, kept

CPU_SECONDS = 10  # 60 s of the costliest codec decode in well under one
MEMORY_BYTES = 1 << 30  # of address space; Python and the decoder alone take about 200 MiB
WALL_SECONDS = 45  # for ten CPU seconds on a busy machine; a worker's lease on the clip is 60
# Bytes a second of the 16-bit samples, of their archive and of the float32 waveform at most.
LONGEST_ANSWER_HZ = 2 * 384_000 + 2 * 384_000 + 4 * 16_000
# A call outside the wall is refused; the tests end the process instead, and so prove that no clip makes one.
KILLS_WHO_REACHES_OUT = False
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a clip cannot be decoded."""

    EMPTY = "EMPTY"  # no bytes
    NOT_AUDIO = "NOT_AUDIO"  # no container, stream or codec of ours
    DAMAGED = "DAMAGED"  # nothing decodes, or over a tenth is missing or broken
    TOO_LONG = "TOO_LONG"
    TOO_COSTLY = "TOO_COSTLY"  # it ran into the limits on CPU time or memory


class Undecodable(Exception):
    """The clip itself cannot be decoded: `reason` for its contributor, `why` for the log."""

    def __init__(self, reason: Reason, why: str = "") -> None:
        super().__init__(reason, why)
        self.reason = reason
        self.why = why


@dataclass(frozen=True, eq=False)
class Decoded:
    """A clip as sound: float32 mono at 16 kHz in [-1, 1] (float recordings may exceed it), and what it was before."""

    waveform: np.ndarray  # (samples,) float32 at 16 kHz
    original: np.ndarray  # (samples,) int16 at `sample_rate_hz`, as the archive holds them
    sample_rate_hz: int
    channels: int
    container: str
    codec: str
    duration_seconds: float

    @cached_property
    def pcm_sha256(self) -> str:
        """The digest of rate and samples: alike for the same sound in any lossless container."""
        digest = hashlib.sha256(f"{self.sample_rate_hz}\n".encode())
        digest.update(np.ascontiguousarray(self.original, dtype="<i2").data)
        return digest.hexdigest()


def decode(
    path: Path, *, longest_seconds: float, archive: Path | None = None, decoder: Decoder | None = None
) -> Decoded:
    """Decode the clip at `path`, writing `archive` as tagless 16-bit mono FLAC at the original rate when asked.

    Channels are averaged. A clip over `longest_seconds` plus one second of grace is TOO_LONG, whatever it declares.
    Without a `decoder` it is the one that this thread keeps. Raises Undecodable when the clip is at fault,
    DecodingFailed when it need not be, OSError when `path` cannot be read or `archive` not written.
    """
    job = _job(longest_seconds, wants_archive=archive is not None)
    with path.open("rb") as clip, _in_memory("answer") as answer, _in_memory("complaint") as complaint:
        ending = (decoder or kept()).run(job, files=[clip, answer, complaint], wall_seconds=WALL_SECONDS)
        facts = _facts(ending.exit_code, answer, complaint)
        waveform = np.frombuffer(answer.read(facts.pop("waveform_bytes")), dtype=np.float32)
        original = np.frombuffer(answer.read(facts.pop("original_bytes")), dtype=np.int16)
        if not np.isfinite(waveform).all():  # float recordings can hold NaN
            raise Undecodable(Reason.DAMAGED, "samples that are no numbers")
        if archive is not None:
            _write(archive, answer.read())
    return Decoded(waveform=waveform, original=original, **facts)


def _job(longest_seconds: float, *, wants_archive: bool) -> dict[str, Any]:
    return {
        "longest_seconds": longest_seconds,
        "wants_archive": wants_archive,
        "kills_who_reaches_out": KILLS_WHO_REACHES_OUT,
        "limits": {
            "cpu_seconds": CPU_SECONDS,
            "memory_bytes": MEMORY_BYTES,
            "answer_bytes": int((longest_seconds + 2) * LONGEST_ANSWER_HZ) + (1 << 20),
        },
    }


def _in_memory(name: str) -> IO[bytes]:
    """A file without a path; its length counts as a file's does."""
    return os.fdopen(os.memfd_create(name), "w+b")


def _facts(exit_code: int, answer: IO[bytes], complaint: IO[bytes]) -> dict[str, Any]:
    """What the child says of the clip; raises Undecodable or DecodingFailed by the way it ended."""
    answer.seek(0)
    ready = answer.readline(10_000)
    if ready and exit_code == -signal.SIGXCPU:
        raise Undecodable(Reason.TOO_COSTLY, f"more than {CPU_SECONDS} s of CPU time")
    if ready and -exit_code in CRASHES:
        raise Undecodable(Reason.DAMAGED, f"the decoder crashed: {signal.Signals(-exit_code).name}")
    if exit_code != 0:  # killed from outside, starved of the processor, or broken itself: none is the clip's fault
        complaint.seek(0)
        raise DecodingFailed(f"exit {exit_code}: {complaint.read()[-2_000:].decode(errors='replace')}")
    _warn_of_missing_walls(**json.loads(ready))
    facts: dict[str, Any] = json.loads(answer.readline(10_000))
    if "reason" in facts:
        raise Undecodable(Reason(facts["reason"]), facts["why"])
    return facts


@cache
def _warn_of_missing_walls(*, has_no_network: bool, has_filter: bool) -> None:
    """Say once what this kernel does not give an ordinary process; the filter alone keeps it off the network too."""
    if not has_filter:
        log.warning("clips are decoded in a process that no call filter holds: this kernel or processor has none")
    if not has_filter and not has_no_network:
        log.warning("clips are decoded in a process that could reach the network: user namespaces are switched off")


def _write(path: Path, content: bytes) -> None:
    """Put the whole content at `path`, or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
