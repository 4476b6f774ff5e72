"""The processes that decode: a warm one, which loads the library and forks, and a walled-off child for each clip.

It runs alone, with nothing of ours but the walls. A job comes with three open files: the clip, the answer and, for
what goes wrong, the complaint. The answer is a line when the walls stand, a line of facts, the waveform as raw float32
at 16 kHz, the samples as raw int16 at the original rate, then the FLAC archive. A decoder taken over by a hostile file
has no other file, no network, no other process, little memory and ten seconds.

It does not know whether a live recording was cut short, since those declare no length; it does not see an Opus packet
that the parser dropped for its broken header; and channels in opposite phase cancel when they are averaged.
"""

from __future__ import annotations

import gc
import io
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from typing import IO, Any, NoReturn

import av
from av.filter import Graph

from contributions.audio import containment

TARGET_RATE_HZ = 16_000
GRACE_SECONDS = 1.0  # a recorder's tail after "stop", and the padding of lossy codecs
RATES_HZ = range(4_000, 384_001)  # from a bad telephone to the best interface; beyond lies only mischief
MOST_CHANNELS = 8
KEPT_AT_LEAST = 0.9  # of the packets, and of the length that the container declares
DECLARED_AT_MOST_SECONDS = 3_600  # recorders that do not know their length write the largest number there is
CODECS = (
    "opus,libopus,vorbis,libvorbis,aac,alac,flac,mp3,mp3float,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw"
)
FORMATS = "matroska,webm,ogg,mov,mp4,m4a,3gp,3g2,mj2,wav,flac,mp3"
# Any demuxer left to choose for itself may open other files: 40 bytes of "ffconcat" text did.
OPEN_OPTIONS = {"protocol_whitelist": "none", "codec_whitelist": CODECS}
# Flat to 7.4 kHz and 94 dB down at 8.2 kHz, measured on tones from 44.1 and 48 kHz; the default is 15 dB down there.
RESAMPLER = f"{TARGET_RATE_HZ}:filter_size=128:cutoff=0.97"


class Refused(Exception):
    """The clip cannot be decoded, for the reason given first."""


@dataclass(frozen=True)
class Facts:
    """What the clip was before it was decoded."""

    sample_rate_hz: int
    channels: int
    container: str
    codec: str
    duration_seconds: float


@dataclass(frozen=True)
class Sound:
    """One channel as bytes: float32 at 16 kHz, int16 at the original rate, and that as FLAC (empty unless wanted)."""

    waveform: bytearray
    original: bytearray
    archive: bytes


@dataclass
class Tally:
    """What has been decoded so far."""

    sample_count: int = 0
    packets: int = 0
    lost_packets: int = 0


# Archives not yet begun, at the rates that browsers record at. An encoder comes with 7 MiB of zeros, which cost a
# child a quarter of its time when it makes them itself; of these it copies what one channel touches.
prepared: dict[int, Archive] = {}


def main() -> None:
    """Load what decoding needs, then do the jobs that come in on standard input, each in a child of its own."""
    has_no_network = containment.leave_the_network()
    containment.die_with(int(sys.argv[1]))
    containment.volunteer_to_be_killed_first()
    av.logging.set_level(None)
    rehearse()
    prepared.update({rate_hz: Archive(rate_hz) for rate_hz in (48_000, 44_100)})
    line, call_filter = socket.socket(fileno=0), containment.CallFilter()
    gc.collect()
    gc.freeze()  # what a collector touches, each child would have to copy
    gc.disable()
    line.send(b"{}")
    while True:
        message, files, _, _ = socket.recv_fds(line, 10_000, 3)
        if not message:
            return
        warm = os.getpid()
        child = os.fork()
        if child == 0:
            work(json.loads(message), files, call_filter, parent=warm, has_no_network=has_no_network)
        for file in files:
            os.close(file)
        _, status, used = os.wait4(child, 0)
        ending = {
            "exit_code": os.waitstatus_to_exitcode(status),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "peak_bytes": used.ru_maxrss * 1024,
        }
        line.send(json.dumps(ending).encode())


def work(
    job: dict[str, Any], files: list[int], call_filter: containment.CallFilter, *, parent: int, has_no_network: bool
) -> NoReturn:
    """Be the child: put up the walls, decode the clip, and end."""
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(len(files), 64)  # the line to the worker was the first of the three
        clip, answer = open(0, "rb", closefd=False), open(1, "wb", closefd=False)  # noqa: SIM115
        containment.die_with(parent)
        containment.limit_myself(containment.Limits(**job["limits"]))
        has_filter = call_filter.close(kills=job["kills_who_reaches_out"])
        say(answer, {"has_no_network": has_no_network, "has_filter": has_filter})
        do(job, clip, answer)  # from here on, what goes wrong is the clip's doing
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    os._exit(0)


def do(job: dict[str, Any], clip: IO[bytes], answer: IO[bytes]) -> None:
    """Decode the clip, and answer."""
    try:
        facts, sound = decode(clip, job["longest_seconds"], job["wants_archive"])
    except Refused as refusal:
        say(answer, {"reason": refusal.args[0], "why": refusal.args[1]})
    else:
        lengths = {"waveform_bytes": len(sound.waveform), "original_bytes": len(sound.original)}
        say(answer, asdict(facts) | lengths, sound.waveform, sound.original, sound.archive)


def say(answer: IO[bytes], line: dict[str, Any], *sound: bytes | bytearray) -> None:
    """Answer one line, and the sound after it."""
    answer.write(json.dumps(line).encode() + b"\n")
    for part in sound:
        answer.write(part)
    answer.flush()


def rehearse() -> None:
    """Decode a moment of silence, so that whatever the library loads late is loaded before the door is locked."""
    silence = Archive(TARGET_RATE_HZ)
    frame = av.AudioFrame(format="s16", layout="mono", samples=160)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate = TARGET_RATE_HZ
    silence.write(frame)
    decode(io.BytesIO(silence.close()), longest_seconds=1, wants_archive=True)


def decode(clip: IO[bytes], longest_seconds: float, wants_archive: bool) -> tuple[Facts, Sound]:
    """The facts and the sound; raises Refused."""
    container = container_of(clip)
    try:
        return _decode(clip, container, longest_seconds, wants_archive)
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("TOO_COSTLY", "out of memory") from error
    except ImportError:  # ours, not the clip's
        raise
    except Exception as error:  # a mutated file can raise anything at all from inside the decoder
        raise Refused("DAMAGED", f"{type(error).__name__}: {error}"[:200]) from error


def container_of(clip: IO[bytes]) -> str:
    """The demuxer that the first bytes call for; raises Refused when they are of no sound that we read."""
    head = clip.read(16)
    clip.seek(0)
    if not head:
        raise Refused("EMPTY", "no bytes")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "mp4"
    for magic, container in ((b"\x1aE\xdf\xa3", "matroska"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"ID3", "mp3")):
        if head.startswith(magic):
            return container
    if is_mp3_frame(head):
        return "mp3"
    raise Refused("NOT_AUDIO", "unknown first bytes")


def is_mp3_frame(head: bytes) -> bool:
    """Whether these bytes begin an MPEG layer III frame with a bit rate and a sample rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    is_version_known = head[1] & 0x18 != 0x08
    return is_version_known and 0 < head[2] >> 4 < 15 and head[2] & 0x0C != 0x0C


def _decode(clip: IO[bytes], container: str, longest_seconds: float, wants_archive: bool) -> tuple[Facts, Sound]:
    with av.open(clip, "r", format=container, options=OPEN_OPTIONS | {"format_whitelist": FORMATS}) as source:
        if not source.streams.audio:
            raise Refused("NOT_AUDIO", "no audio stream")
        stream = source.streams.audio[0]
        context = stream.codec_context
        if context is None or context.name not in CODECS.split(","):
            raise Refused("NOT_AUDIO", f"codec {context and context.name}")
        context.thread_count = 1  # the walls allow no threads, and other clips use the other cores
        tally, chain = Tally(), None
        for frame in frames_of(source, stream, tally):
            chain = chain or Chain(frame, wants_archive)
            if not chain.fits(frame):  # a sound changes its rate or channels midway only when its bytes are wrong
                tally.lost_packets += 1
                continue
            tally.sample_count += frame.samples
            if tally.sample_count > (longest_seconds + GRACE_SECONDS) * chain.rate_hz:
                raise Refused("TOO_LONG", f"more than {longest_seconds:g} s")
            chain.push(frame)
        if chain is None:
            raise Refused("DAMAGED", "nothing in it decodes")
        check_is_whole(clip, source, container, tally, tally.sample_count / chain.rate_hz)
        sound = chain.close()
        codec = stream.codec_context.codec.canonical_name
        seconds = tally.sample_count / chain.rate_hz
        return Facts(chain.rate_hz, chain.channels, container, codec, seconds), sound


def frames_of(source: av.container.InputContainer, stream: av.AudioStream, tally: Tally) -> Any:
    """Every frame that decodes, counting the packets that do not."""
    for packet in source.demux(stream):
        tally.packets += 1
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            tally.lost_packets += 1
            continue
        yield from (frame for frame in frames if frame.samples)


def check_is_whole(
    clip: IO[bytes], source: av.container.InputContainer, container: str, tally: Tally, seconds: float
) -> None:
    """Raise Refused when more than a tenth of the sound was lost, by its packets or by its declared length.

    A few lost packets are a click, for a listener to judge. A declared length only ever speaks against a clip: what
    counts as its duration is what was decoded. MP3 is left out, as its length is mostly guessed from a bit rate.
    """
    if tally.lost_packets > (1 - KEPT_AT_LEAST) * tally.packets:
        raise Refused("DAMAGED", f"{tally.lost_packets} of {tally.packets} packets do not decode")
    declared = (source.duration or 0) / 1_000_000
    is_said = container != "mp3" and declared < DECLARED_AT_MOST_SECONDS
    if is_said and seconds < KEPT_AT_LEAST * declared - 0.2:  # 0.2 s: encoder priming, which edit lists cut off
        raise Refused("DAMAGED", f"{seconds:.2f} s of a declared {declared:.2f} s decode")
    if container == "wav" and is_wav_cut_off(clip):
        raise Refused("DAMAGED", "the file is shorter than its header says")


def is_wav_cut_off(clip: IO[bytes]) -> bool:
    """Whether over a tenth of what a RIFF header announces is missing; the demuxer hides it by trusting the file."""
    file_bytes = clip.seek(0, io.SEEK_END)
    clip.seek(4)
    announced = 8 + int.from_bytes(clip.read(4), "little")
    return announced < 0x7FFF0000 and file_bytes < KEPT_AT_LEAST * announced


class Chain:
    """Decoded frames in; one channel out, at 16 kHz and at the original rate."""

    def __init__(self, first: av.AudioFrame, wants_archive: bool) -> None:
        self.rate_hz = first.sample_rate
        self.channels = first.layout.nb_channels
        self._shape = (first.format.name, first.layout.name, first.sample_rate)
        if self.rate_hz not in RATES_HZ or not 1 <= self.channels <= MOST_CHANNELS:
            raise Refused("DAMAGED", f"{self.channels} channels at {self.rate_hz} Hz")
        self._waveform, self._original = bytearray(), bytearray()
        self._archive = (prepared.get(self.rate_hz) or Archive(self.rate_hz)) if wants_archive else None
        self._build(first)

    def fits(self, frame: av.AudioFrame) -> bool:
        """Whether this frame has the format, channels and rate of the first."""
        return (frame.format.name, frame.layout.name, frame.sample_rate) == self._shape

    def push(self, frame: av.AudioFrame | None) -> None:
        """Send one frame through; None empties the resampler."""
        self._source.push(frame)
        for mono in pulled(self._waveform_sink):
            self._waveform += memoryview(mono.planes[0])[: mono.samples * 4]
        for mono in pulled(self._original_sink):
            self._original += memoryview(mono.planes[0])[: mono.samples * 2]
            if self._archive:
                self._archive.write(mono)

    def close(self) -> Sound:
        """The whole sound."""
        self.push(None)
        archive = self._archive.close() if self._archive else b""
        return Sound(self._waveform, self._original, archive)

    def _build(self, first: av.AudioFrame) -> None:
        # The library's own downmix of two channels multiplies by 1.41 and clips: average them instead.
        average = "+".join(f"{1 / self.channels}*c{channel}" for channel in range(self.channels))
        graph = Graph()
        graph.threads = 1
        self._source = graph.add_abuffer(sample_rate=self.rate_hz, format=first.format, layout=first.layout)
        split = graph.add("asplit", "2")
        self._waveform_sink, self._original_sink = graph.add("abuffersink"), graph.add("abuffersink")
        graph.link_nodes(
            self._source, graph.add("aformat", "sample_fmts=flt"), graph.add("pan", f"mono|c0={average}"), split
        )
        graph.link_nodes(split, graph.add("aresample", RESAMPLER), graph.add("aformat", "sample_fmts=flt"),
                         self._waveform_sink)  # fmt: skip
        integers = graph.add("aformat", f"sample_fmts=s16:sample_rates={self.rate_hz}")
        split.link_to(integers, output_idx=1)
        integers.link_to(self._original_sink)
        graph.configure()
        self._graph = graph


def pulled(sink: Any) -> Any:
    """Every frame waiting at a sink."""
    while True:
        try:
            yield sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return


class Archive:
    """A 16-bit mono FLAC without tags, in memory."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="flac", options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream("flac", rate=rate_hz, layout="mono", format="s16")
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.open()

    def write(self, mono: av.AudioFrame) -> None:
        """Add one frame."""
        mono.pts = None
        self._container.mux(self._stream.encode(mono))

    def close(self) -> bytes:
        """The finished file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.getvalue()
