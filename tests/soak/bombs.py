"""Small files that would be huge, and headers that promise what no file holds, each made by hand."""

import struct
import zlib

import numpy as np

from tests.contributions.audio.sounds import encoded, wav

HUGE = 0xFFFFFFF0


def flac_of_silence() -> bytes:
    """3 MB whose frames hold gigabytes of silence: one frame of silence, over and over."""
    whole = encoded(np.zeros(8 * 48_000, np.float32), "flac", from_hz=48_000)
    first = whole.index(b"\xff\xf8", 42)
    second = whole.index(b"\xff\xf8", first + 2)
    return whole[:first] + whole[first:second] * (3_000_000 // (second - first))


def element(name: bytes, content: bytes, *, says: int | None = None) -> bytes:
    """One element of EBML, with an eight-byte length that may lie."""
    return name + (0x0100000000000000 | (len(content) if says is None else says)).to_bytes(8, "big") + content


def matroska(block: bytes, *, encodings: bytes = b"", channels: int = 1, rate_hz: float = 48_000.0) -> bytes:
    """A recording of PCM with one block."""
    form = element(b"\xb5", struct.pack(">d", rate_hz)) + element(b"\x9f", struct.pack(">I", channels))
    audio = element(b"\xe1", form + element(b"\x62\x64", b"\x10"))
    track = element(b"\xd7", b"\x01") + element(b"\x73\xc5", b"\x01") + element(b"\x83", b"\x02")
    track += element(b"\x86", b"A_PCM/INT/LIT") + audio + encodings
    head = element(b"\x1aE\xdf\xa3", element(b"\x42\x82", b"matroska"))
    cluster = element(b"\x1fC\xb6u", element(b"\xe7", b"\0") + element(b"\xa3", b"\x81\0\0\x80" + block))
    return head + element(b"\x18S\x80g", element(b"\x16T\xaek", element(b"\xae", track)) + cluster)


def zlib_inside_matroska() -> bytes:
    """A megabyte that a demuxer inflates to a gigabyte before any limit on samples can see it."""
    squeezed = zlib.compressobj(9)
    block = b"".join(squeezed.compress(bytes(1 << 24)) for _ in range(64)) + squeezed.flush()
    compression = element(b"\x50\x34", element(b"\x42\x54", b"\0"))
    return matroska(block, encodings=element(b"\x6d\x80", element(b"\x62\x40", compression)))


def block_that_says_two_gigabytes() -> bytes:
    """A block whose length is far beyond the end of the file."""
    whole = matroska(bytes(1_000))
    place = whole.index(b"\xa3\x01\0\0\0")
    return whole[: place + 1] + (0x0100000000000000 | 0x7FFFFFF0).to_bytes(8, "big") + whole[place + 9 :]


def atom(name: bytes, content: bytes, *, says: int | None = None) -> bytes:
    """One atom of MP4, with a length that may lie."""
    return struct.pack(">I", says if says is not None else 8 + len(content)) + name + content


def nested_atoms() -> bytes:
    """Twenty thousand boxes, each in the last."""
    deep = b""
    for _ in range(20_000):
        deep = atom(b"moov", deep)
    return atom(b"ftyp", b"M4A \0\0\0\0M4A isom") + deep


def table_of_four_billion(whole: bytes, name: bytes) -> bytes:
    """An MP4 whose table says that it has as many rows as a number can say."""
    place = whole.index(name) + 8
    rows = place + 4 if name == b"stsz" else place
    return whole[:rows] + struct.pack(">I", HUGE) + whole[rows + 4 :]


def bombs() -> dict[str, bytes]:
    """Every bomb by its name."""
    second = np.zeros(16_000, np.float32)
    mp4, voice = encoded(second, "mp4-aac"), wav(second[:, None])
    many, huge = np.zeros((20 * 16_000, 8)), struct.pack("<I", HUGE)
    return {
        "3 MB of FLAC that hold gigabytes": flac_of_silence(),
        "a gigabyte squeezed into Matroska": zlib_inside_matroska(),
        "a block of two gigabytes": block_that_says_two_gigabytes(),
        "65,535 channels": matroska(bytes(200_000), channels=65_535),
        "four billion channels": matroska(bytes(200_000), channels=HUGE),
        "a rate of 10 GHz": matroska(bytes(200_000), rate_hz=1e10),
        "a rate that is no number": matroska(bytes(200_000), rate_hz=float("nan")),
        "as many channels as we read, for as long as we read": wav(many),
        "boxes in boxes": nested_atoms(),
        "four billion sizes of samples": table_of_four_billion(mp4, b"stsz"),
        "four billion times of samples": table_of_four_billion(mp4, b"stts"),
        "four billion chunks": table_of_four_billion(mp4, b"stsc"),
        "a RIFF of four gigabytes": voice[:4] + huge + voice[8:40] + huge + voice[44:],
        "a sample of 65,535 bytes": voice[:32] + struct.pack("<HH", 0xFFFF, 0xFFFF) + voice[36:],
        "a picture of 16 MB that is not there": b"fLaC\x06\xff\xff\xff" + bytes(1_000),
        "a tag of 256 MB that is not there": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1_000),
        "32 MiB of nothing, as long as an upload may be": b"OggS" + bytes((32 << 20) - 4),
    }  # fmt: skip
