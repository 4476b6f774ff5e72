"""Thousands of broken files through one worker's decoder: none harms the worker, and none opens a thing.

`./run soak` sends 10,000 (OE_MUTATIONS), `./run test` 500. That nothing is opened is the kernel's own word: each call
of a clip's child goes through a filter that ends the child at the first call but reading, writing and memory, and how
a child ends is seen here. The last tests show that the kernel does speak up.
"""

import os
import sys
from collections import Counter

import numpy as np
import psutil
import pytest

from contributions.audio import decode as decoding
from contributions.audio import decoder
from contributions.audio.decode import Reason, Undecodable, decode
from contributions.audio.decoder import Decoder
from tests.contributions.audio.sounds import SOUNDS
from tests.soak.bombs import bombs
from tests.soak.mutants import TEXTS, mutant

MUTATIONS = int(os.environ.get("OE_MUTATIONS", "500"))
GOOD = SOUNDS / "polish-anger.wav"
GOOD_EVERY = 25
LONGEST_SECONDS = 20


@pytest.fixture(autouse=True)
def _whoever_reaches_out_is_ended(monkeypatch):
    monkeypatch.setattr(decoding, "KILLS_WHO_REACHES_OUT", True)


@pytest.fixture
def one_decoder():
    """A worker's decoder, that has decoded a good clip."""
    with Decoder() as kept:
        good(kept)
        yield kept


@pytest.fixture
def clip(tmp_path):
    """Puts bytes where a clip lies."""
    path = tmp_path / "clip"

    def put(content):
        path.write_bytes(content)
        return path

    return put


def good(kept):
    """The waveform of a good clip."""
    return decode(GOOD, longest_seconds=LONGEST_SECONDS, decoder=kept).waveform


def outcome(path, kept):
    """What becomes of a clip, sound or the reason why not, inside the walls and limits; and how its child ended."""
    reason, why = "SOUND", ""
    try:
        archive = path.with_name("archive.flac")
        decoded = decode(path, longest_seconds=LONGEST_SECONDS, archive=archive, decoder=kept)
        assert np.isfinite(decoded.waveform).all()
    except Undecodable as refused:
        reason, why = refused.reason, refused.why
    assert "SIGSYS" not in why, "the clip's child reached out"
    assert kept.last.cpu_seconds < decoding.CPU_SECONDS + 5
    assert kept.last.peak_bytes < decoding.MEMORY_BYTES
    return reason, kept.last


def test_broken_files_harm_nobody_and_open_nothing(one_decoder, clip, capsys):
    expected, loaded = good(one_decoder), psutil.Process().children()
    seen, endings, crashes = Counter(), [], Counter()

    for number in range(MUTATIONS):
        reason, ended = outcome(clip(mutant(number)), one_decoder)
        seen[str(reason)] += 1
        endings.append(ended)
        crashes[ended.exit_code] += 1
        if number % GOOD_EVERY == 0:
            np.testing.assert_array_equal(good(one_decoder), expected)

    assert psutil.Process().children() == loaded, "the library was loaded anew"
    # Beside it may run servers that other tests have asked for, which have children of their own.
    decoders = [child for child in loaded if "python" in child.name()]
    assert decoders
    assert [each for decoder in decoders for each in decoder.children()] == []
    assert sum(seen.values()) == MUTATIONS
    assert {"SOUND", Reason.DAMAGED, Reason.NOT_AUDIO} <= seen.keys()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{MUTATIONS} broken files: {dict(seen)}, exit codes {dict(crashes)}; CPU at most "
            f"{max(each.cpu_seconds for each in endings):.2f} s and {sum(each.cpu_seconds for each in endings):.0f} s "
            f"in all, memory at most {max(each.peak_bytes for each in endings) >> 20} MiB\n"
        )


def test_bombs_stop_at_the_limits_and_the_next_clip_decodes(one_decoder, clip, capsys):
    expected, told = good(one_decoder), {}

    for name, content in bombs().items():
        told[name] = outcome(clip(content), one_decoder)
        np.testing.assert_array_equal(good(one_decoder), expected)

    assert told["3 MB of FLAC that hold gigabytes"][0] == Reason.TOO_LONG
    assert {told[name][0] for name in told if "channels" in name and "we read" not in name} == {Reason.DAMAGED}
    with capsys.disabled():
        for name, (reason, ended) in told.items():
            sys.stdout.write(f"\n{name}: {reason}, {ended.cpu_seconds:.2f} s, {ended.peak_bytes >> 20} MiB")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_names_other_files_is_no_sound(one_decoder, clip, text):
    assert outcome(clip(text), one_decoder)[0] == Reason.NOT_AUDIO


@pytest.mark.parametrize("format_name", ["concat", "hls"])
def test_were_the_format_not_pinned_the_library_would_open_files_and_the_kernel_would_end_it(
    monkeypatch, clip, format_name
):
    text = {"concat": b"ffconcat version 1.0\nfile s.mp3\n", "hls": TEXTS[2].replace(b"hostname", b"s.ts")}[format_name]
    monkeypatch.setattr(
        decoder,
        "PROGRAM",
        f"{decoder.LOAD}\n"
        "decoding_child.OPEN_OPTIONS = {}\n"
        "decoding_child.FORMATS = 'concat,hls,mp3,mpegts,wav,flac'\n"
        "pinned = decoding_child.container_of\n"
        f"decoding_child.container_of = lambda clip: {format_name!r} if clip.read(9) in (b'ffconcat ', b'#EXTM3U\\n#') "
        "else (clip.seek(0), pinned(clip))[1]\n"
        "rewound = decoding_child._decode\n"
        "decoding_child._decode = lambda clip, *rest: (clip.seek(0), rewound(clip, *rest))[1]\n"
        "decoding_child.main()",
    )

    with Decoder() as unpinned, pytest.raises(Undecodable, match="SIGSYS"):
        decode(clip(text), longest_seconds=LONGEST_SECONDS, decoder=unpinned)
