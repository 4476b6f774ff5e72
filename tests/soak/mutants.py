"""Files that Otto might send: real recordings of every container, broken in ways that a seed decides."""

import random
import struct
from collections.abc import Callable
from functools import cache

from tests.contributions.audio.sounds import CONTAINERS, LIVE, encoded, spoken

VOICES = ("polish-fear", "polish-neutral", "german-fear")
# Words that stand before or behind a length, a count or an offset in one of the containers.
LANDMARKS = (
    *(b"RIFF", b"fmt ", b"data", b"LIST", b"fLaC", b"OggS", b"OpusHead", b"OpusTags", b"ID3", b"Xing", b"Info"),
    *(
        b"ftyp",
        b"moov",
        b"mvhd",
        b"trak",
        b"mdia",
        b"stsd",
        b"mp4a",
        b"esds",
        b"stts",
        b"stsc",
        b"stsz",
        b"stco",
        b"elst",
    ),
    *(b"moof", b"traf", b"tfhd", b"trun", b"mdat", b"mvex", b"sidx"),
    *(
        b"\x1aE\xdf\xa3",
        b"\x18S\x80g",
        b"\x16T\xaek",
        b"\x1fC\xb6u",
        b"\xae",
        b"\xa3",
        b"\xe1",
        b"\xb5",
        b"\x9f",
        b"\x63\xa2",
    ),
)
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
TEXTS = (
    b"ffconcat version 1.0\nfile /etc/hostname\n",
    b"ffconcat version 1.0\nfile s.mp3\nfile http://127.0.0.1:9/s.mp3\n",
    b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\nconcat:http://127.0.0.1:9/a|/etc/hostname\n#EXT-X-ENDLIST\n",
    b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/hostname</BaseURL></MPD>",
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
)
MAGICS = (b"", b"\xef\xbb\xbf", b"\x1aE\xdf\xa3", b"OggS", b"fLaC", b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x00",
          b"RIFF\xff\xff\0\0WAVE", b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom")  # fmt: skip


@cache
def recordings() -> tuple[bytes, ...]:
    """A few voices in every container, as a recorder writes it while it goes on and as a file that was finished."""
    kinds = [(kind, False) for kind in CONTAINERS]
    kinds += [(kind, True) for kind, (muxer, *_) in CONTAINERS.items() if muxer in LIVE]
    return tuple(encoded(spoken(voice), kind, is_live=is_live) for voice in VOICES for kind, is_live in kinds)


def mutant(number: int) -> bytes:
    """The mutant of this number: always the same bytes."""
    chance = random.Random(f"mutant {number}")
    content = bytearray(recordings()[number % len(recordings())])
    for change in chance.choices(CHANGES, k=chance.choice((1, 1, 1, 2, 3))):
        if content:
            change(content, chance)
    return bytes(content)


def flip_bits(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 20, 200))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def flip_bits_of_the_head(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 10))):
        content[chance.randrange(min(len(content), 500))] ^= 1 << chance.randrange(8)


def overwrite(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    size = chance.choice((1, 16, 500))
    content[start : start + size] = chance.choice((chance.randbytes(size), bytes(size), b"\xff" * size))


def cut_off(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def cut_out(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.choice((1, 7, 64, 1_000, 10_000))]


def splice(content: bytearray, chance: random.Random) -> None:
    other = chance.choice(recordings())
    start, size = chance.randrange(len(other)), chance.choice((4, 100, 2_000, 20_000))
    place = chance.randrange(len(content))
    content[place : place + chance.choice((0, size))] = other[start : start + size]


def repeat(content: bytearray, chance: random.Random) -> None:
    start, size = chance.randrange(len(content)), chance.choice((8, 200, 3_000))
    content[start:start] = content[start : start + size] * chance.choice((1, 5, 50))


def lie(content: bytearray, chance: random.Random) -> None:
    """Write a length, count or rate that is not so, beside a word that has one."""
    places = [place for word in LANDMARKS if (place := content.find(word)) >= 0]
    place = chance.choice(places) if places else chance.randrange(len(content))
    form = chance.choice((">I", "<I", ">H", "<H", "B"))
    value = chance.choice(EXTREMES) & ((1 << 8 * struct.calcsize(form)) - 1)
    at = max(0, place + chance.choice((-8, -4, *range(1, 33))))
    content[at : at + struct.calcsize(form)] = struct.pack(form, value)


def tell_to_open(content: bytearray, chance: random.Random) -> None:
    """Write a text that makes some demuxer open other files, behind the first bytes of a sound or inside one."""
    text = chance.choice(TEXTS)
    if chance.random() < 0.5:
        content[:] = chance.choice(MAGICS) + text * chance.choice((1, 3))
    else:
        place = chance.randrange(min(len(content), 1_000))
        content[place : place + len(text)] = text


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(flip_bits, flip_bits_of_the_head, overwrite, cut_off, cut_out, splice, repeat, lie, lie, tell_to_open),
)
