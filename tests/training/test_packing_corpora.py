"""A corpus is packed without a release: decoded once, whole or absent, and read beside others as one."""

import json
import warnings
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from tests.training.corpora.layouts import LAYOUTS, NO_FRAMES, put, tone
from training import packing, prosody
from training.corpora import IncompleteCorpus, LabelledClip
from training.packing import Packed, PackedClip, Unpackable
from training.packing.__main__ import main
from training.packing.clips import Clips

SOURCE = {"corpus": "voices", "licence": "CC0-1.0"}


def said(path, *, speaker="ada", emotion="anger", **more):
    key = f"voices/{path.stem}"
    return LabelledClip(path, key, "voices", f"voices-{speaker}", "pl", emotion, **more)


def written(folder, count=3):
    pitches = [200.0 + 100 * number for number in range(count)]
    return [
        said(put(folder, f"clip{n}.wav", content=tone(rate_hz=16_000, pitch_hz=pitch)) / f"clip{n}.wav")
        for n, pitch in enumerate(pitches)
    ]


def encoded(samples, *, codec, container, rate_hz, layout="mono"):
    file = BytesIO()
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout=layout)
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate_hz)
        for piece in [*resampler.resample(frame), None]:
            written.mux(stream.encode(piece))
    return file.getvalue()


def pitch_of(samples):
    return np.fft.rfftfreq(len(samples), 1 / 16_000)[np.abs(np.fft.rfft(samples)).argmax()]


def test_what_a_corpus_says_of_a_clip_is_in_its_packing(tmp_path):
    first, second, third = written(tmp_path / "voices")
    clips = [
        replace(first, gender="female", strength="strong", transcript="Tak.", style="whisper", texts=("a dry voice",)),
        replace(second, emotion=None),
        replace(third, strength="weak"),
    ]

    packed = packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE, sides={"voices/clip0": "train"})

    told, unlabelled, weak = packed.clips
    assert (told.key, told.speaker, told.corpus, told.language) == ("voices/clip0", "voices-ada", "voices", "pl")
    assert (told.emotions, told.intensity, told.label_method) == ({"anger": 1.0}, 3.0, "corpus")
    assert (told.gender, told.styles, told.transcript, told.texts) == ("female", ["whisper"], "Tak.", ["a dry voice"])
    assert (unlabelled.emotions, unlabelled.intensity, unlabelled.label_method) == ({}, None, None)
    assert weak.intensity == 1.0
    assert [clip.split for clip in packed.clips] == ["train", "", ""]
    assert packed.split("train") == [told]


def test_a_mono_wav_at_16_khz_is_packed_sample_for_sample(tmp_path):
    clips = written(tmp_path / "voices")

    packed = packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)

    for clip, read in zip(packed.clips, clips, strict=True):
        expected = np.frombuffer(read.path.read_bytes()[44:], dtype="<i2")
        assert np.array_equal(packed.waveform(clip), expected)


def test_two_channels_are_averaged_and_not_made_louder():
    one, two = (packing.decoded(tone(channels=n, rate_hz=16_000)) for n in (1, 2))

    assert np.abs(two.astype(int) * 2 - one.astype(int)).max() <= 2


@pytest.mark.parametrize(
    ("codec", "container", "rate_hz"),
    [("flac", "flac", 48_000), ("libopus", "ogg", 48_000), ("libopus", "webm", 48_000), ("pcm_s16le", "wav", 44_100)],
)
def test_every_format_comes_out_at_16_khz_with_its_pitch(codec, container, rate_hz):
    time = np.arange(rate_hz // 2) / rate_hz
    samples = (10_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)

    decoded = packing.decoded(encoded(samples, codec=codec, container=container, rate_hz=rate_hz))

    assert decoded.dtype == np.int16
    assert abs(len(decoded) - 8_000) <= 500
    assert abs(pitch_of(decoded) - 440) < 5
    assert abs(np.abs(decoded).max() - 10_000) < 1_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded"),
        (b"no sound at all", "cannot be decoded"),
        (NO_FRAMES, "cannot be decoded|holds no sound"),
        (b"ffconcat version 1.0\nfile clip0.wav\n", "cannot be decoded"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
    ],
)
def test_what_is_no_sound_is_not_decoded(content, reason):
    with pytest.raises(packing.Undecodable, match=reason):
        packing.decoded(content)


def test_a_broken_file_is_left_out_with_its_reason_and_a_warning(tmp_path):
    clips = written(tmp_path / "voices")
    clips[1].path.write_bytes(NO_FRAMES)

    with pytest.warns(IncompleteCorpus, match="1 clips are left out: voices/clip1: it"):
        packed = packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)

    assert [clip.key for clip in packed.clips] == ["voices/clip0", "voices/clip2"]
    assert list(packed.source["left_out"]) == ["voices/clip1"]


def test_many_broken_files_are_a_broken_corpus_and_leave_nothing(tmp_path):
    clips = written(tmp_path / "voices")
    for clip in clips[:2]:
        clip.path.write_bytes(b"")

    with pytest.raises(Unpackable, match="2 of 3 clips cannot be decoded: voices/clip0"):
        packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)

    assert not (tmp_path / "packed").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda clips: [], "0 of 0 clips cannot be decoded: no clip"),
        (lambda clips: [*clips, clips[0]], "voices/clip0 comes twice"),
        (lambda clips: [*clips, said(Path("gone.wav"))], "voices/gone cannot be read"),
    ],
)
def test_clips_that_make_no_packing_are_refused(change, reason, tmp_path):
    clips = change(written(tmp_path / "voices"))

    with pytest.raises(Unpackable, match=reason):
        packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)


def test_a_second_packing_of_the_same_files_decodes_nothing(tmp_path):
    clips, seen = written(tmp_path / "voices"), []
    first = packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)

    second = packing.pack_corpus(
        clips[::-1], tmp_path / "packed", source=SOURCE, on_clip=lambda done, of: seen.append(done)
    )

    assert seen == []
    assert second.release_digest == first.release_digest


@pytest.mark.parametrize("what", ["a file", "a label", "the licence", "the measures"])
def test_a_corpus_that_changed_is_packed_anew(what, tmp_path, monkeypatch):
    clips, source, seen = written(tmp_path / "voices"), SOURCE, []
    before = packing.pack_corpus(clips, tmp_path / "packed", source=source).release_digest
    if what == "a file":
        clips[0].path.write_bytes(tone(pitch_hz=700.0))
    elif what == "a label":
        clips[0] = replace(clips[0], emotion="fear")
    elif what == "the licence":
        source = {**SOURCE, "licence": "CC-BY-4.0"}
    else:
        monkeypatch.setattr(prosody, "VERSION", "another", raising=False)

    again = packing.pack_corpus(clips, tmp_path / "packed", source=source, on_clip=lambda done, of: seen.append(done))

    assert seen == [1, 2, 3]
    # What is measured of the sound is no other corpus.
    assert (again.release_digest == before) == (what == "the measures")


def test_the_digest_is_of_content_and_not_of_where_the_files_lie(tmp_path):
    here, there = (
        packing.pack_corpus(written(tmp_path / place / "voices"), tmp_path / f"packed-{place}", source=SOURCE)
        for place in ("here", "there")
    )

    assert here.release_digest == there.release_digest
    assert here.source["files_sha256"] == there.source["files_sha256"]


def test_a_packing_that_is_killed_leaves_nothing_and_starts_again(tmp_path):
    def killed(done, of):
        if done == 2:
            raise KeyboardInterrupt

    clips = written(tmp_path / "voices")
    with pytest.raises(KeyboardInterrupt):
        packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE, on_clip=killed)
    assert not (tmp_path / "packed").exists()

    assert len(packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE).clips) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed", "voices"]


def test_prosody_is_measured_when_the_clip_is_packed(tmp_path, monkeypatch):
    measured = iter([{"loudness_db": -20.0, "pitch_semitones": 12.5}, {"loudness_db": -30.0}, {}])
    monkeypatch.setattr(prosody, "measured", lambda samples: next(measured))

    packed = packing.pack_corpus(written(tmp_path / "voices"), tmp_path / "packed", source=SOURCE)

    told = [clip.prosody for clip in packed.clips]
    assert told == [{"loudness_db": -20.0, "pitch_semitones": 12.5}, {"loudness_db": -30.0}, {}]


@pytest.fixture
def three(tmp_path):
    """Three packings of three, three and two clips, each of another pitch."""
    for number, count in enumerate((3, 3, 2)):
        clips = [
            replace(clip, key=f"part{number}/{place}", speaker=f"part{number}-ada")
            for place, clip in enumerate(written(tmp_path / f"voices{number}", count))
        ]
        sides = {clip.key: "train" for clip in clips[:2]}
        packing.pack_corpus(clips, tmp_path / f"packed{number}", source={"corpus": f"part{number}"}, sides=sides)
    return [tmp_path / f"packed{number}" for number in range(3)]


def test_several_packings_are_read_as_one(three):
    every = packing.joined(three)

    apart = [(part, clip) for part in map(Packed, three) for clip in part.clips]
    assert [clip.key for clip in every.clips] == [clip.key for _, clip in apart]
    assert len(every.clips) == 8
    for clip, (part, alone) in zip(every.clips, apart, strict=True):
        assert np.array_equal(every.waveform(clip), part.waveform(alone))
        assert replace(clip, offset=0) == replace(alone, offset=0)
    assert [clip.key for clip in every.split("train")] == [f"part{p}/{n}" for p in range(3) for n in range(2)]
    assert [part["corpus"] for part in every.source["parts"]] == ["part0", "part1", "part2"]
    assert every.release_digest not in {Packed(folder).release_digest for folder in three}


def test_a_clip_of_joined_packings_is_silenced_where_it_lies(three):
    every = packing.joined(three)

    packing.erase(every, frozenset({"part1/1"}))

    again = packing.joined([Packed(folder) for folder in three])
    silent = {clip.key for clip in again.clips if not again.waveform(clip).any()}
    assert silent == {"part1/1"}


def test_words_that_only_a_withdrawn_clip_has_go_with_its_sound(tmp_path):
    first, second, third = written(tmp_path / "voices")
    clips = [
        replace(first, transcript="My own secret.", texts=("a dry voice",)),
        replace(second, transcript="The table is red.", texts=("a dry voice",)),
        replace(third, transcript="The table is red."),
    ]
    packed = packing.pack_corpus(clips, tmp_path / "packed", source=SOURCE)

    packing.erase(packed, frozenset({"voices/clip0", "voices/clip1"}))

    left = Packed(tmp_path / "packed").clips
    assert [clip.transcript for clip in left] == [None, "The table is red.", "The table is red."]
    assert [clip.texts for clip in left] == [[], [], []]
    assert "secret" not in (tmp_path / "packed" / "index.json").read_text()


def test_the_same_clip_in_two_packings_is_refused(three):
    with pytest.raises(Unpackable, match="3 clips are in two packings, part0/0 among them"):
        packing.joined([three[0], three[1], three[0]])
    with pytest.raises(Unpackable, match="no packing"):
        packing.joined([])


def test_one_packing_joined_is_itself(three):
    assert packing.joined(three[:1]).folder == three[0]


def test_an_index_of_the_first_format_opens_with_what_it_did_not_know_left_empty(three):
    index = json.loads((three[0] / "index.json").read_text())
    old = ("key", "split", "speaker", "language", "corpus", "emotions", "intensity", "texts", "offset", "sample_count")
    clips = [{name: getattr(clip, name) for name in old} for clip in Packed(three[0]).clips]
    first = {"format": "openempathic-packed/1", "release_digest": index["release_digest"], "clips": clips}
    (three[0] / "index.json").write_text(json.dumps(first))

    clip = Packed(three[0]).clips[0]

    assert (clip.gender, clip.styles, clip.transcript, clip.prosody, clip.weight) == (None, [], None, {}, 1.0)
    assert len(packing.joined(three).clips) == 8


def test_a_packing_made_before_ages_were_packed_opens_without_them(three):
    path = three[0] / "columns.npz"
    with np.load(path) as arrays:
        np.savez(path, **{name: arrays[name] for name in arrays.files if name != "code.age_band"})

    clips = Packed(three[0]).clips

    assert {clip.age_band for clip in clips} == {None}
    assert len(packing.joined(three).clips) == 8


def test_clips_come_out_of_the_columns_as_they_went_in():
    clips = [
        PackedClip("a", "train", "ada", "pl", None, {"anger": 0.75, "fear": 0.25}, 2.5, ["one", "two"], 0, 10),
        PackedClip(
            "b", "", "ada", "en", "ravdess", {}, None, [], 10, 5, "counts", 0.5, "male", ["shout"], "Yes.", {"x": 1.0}
        ),
        PackedClip("c", "test", "milo", "pl", "1", {"fear": 1.0}, 0.0, [], 15, 1, None, 1.0, None, [], "", {"y": 2.0}),
    ]

    columns = Clips.of(clips)

    assert list(columns) == clips
    assert columns[1] == clips[1]
    assert columns[-1] == clips[-1]
    assert columns[:2] == clips[:2]
    assert columns.column("speaker") == ["ada", "ada", "milo"]
    assert columns.column("intensity") == [2.5, None, 0.0]
    assert columns.where("emotions", bool).tolist() == [True, False, True]
    with pytest.raises(IndexError):
        columns[3]


def test_the_command_packs_a_corpus_and_says_what_is_in_it(tmp_path, capsys):
    root = LAYOUTS["emodb"](tmp_path / "root")

    assert main(["emodb", "--root", str(root), "--to", str(tmp_path / "packed")]) == 0

    said = capsys.readouterr()
    assert "clips     56 " in said.out
    assert "anger 8, boredom 8" in said.out
    assert "56 clips are here; 535 are published" in said.err
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Packed(tmp_path / "packed").split("train")) == 28


def test_the_command_says_why_a_folder_is_no_corpus(tmp_path, capsys):
    assert main(["emodb", "--root", str(tmp_path / "none"), "--to", str(tmp_path / "packed")]) == 1

    assert "emodb: there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "packed").exists()
