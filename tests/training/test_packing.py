"""A release is packed whole and checked, or not at all."""

import hashlib
import json

import numpy as np
import pytest

from tests.training.worlds import voice, write_release
from training import packing
from training.packing import Packed, Unpackable


@pytest.fixture
def release(tmp_path):
    write_release(tmp_path / "release", clips_each=2, clips_per_shard=10)
    return tmp_path / "release"


def test_every_clip_of_the_release_is_packed_as_it_sounded(release, tmp_path):
    packed = packing.pack(release, tmp_path / "packed")

    assert len(packed.clips) == 24
    first = packed.clips[0]
    expected = (np.clip(voice("anger", seed=0, seconds=0.6), -1, 1) * 32_767).astype(np.int16)
    assert (first.key, first.speaker, first.split, first.language) == ("clip00000", "vera", "train", "pl")
    assert first.emotions == {"anger": 1.0}
    assert np.array_equal(packed.waveform(first), expected)


def test_a_release_at_48_khz_is_packed_at_16(tmp_path):
    write_release(tmp_path / "release", clips_each=1, splits={"vera": "train"}, sample_rate_hz=48_000)

    packed = packing.pack(tmp_path / "release", tmp_path / "packed")

    sound = packed.waveform(packed.clips[0]).astype(float)
    at_16 = voice("anger", seed=0, seconds=0.6)
    loudest = np.fft.rfftfreq(len(sound), 1 / 16_000)[np.abs(np.fft.rfft(sound)).argmax()]
    assert abs(len(sound) - len(at_16)) <= 32
    assert 290 < loudest < 350


def test_votes_become_shares_and_a_clip_without_labels_joins_no_split(tmp_path):
    def votes(about, number):
        about["labels"]["emotion"] = [{"anger": 2, "fear": 1, "calm": 0}, {}, {"fear": 1.0}][number]

    write_release(tmp_path / "release", clips_each=1, splits={"vera": "train"}, change=votes)

    packed = packing.pack(tmp_path / "release", tmp_path / "packed")

    assert packed.clips[0].emotions == pytest.approx({"anger": 2 / 3, "fear": 1 / 3})
    assert packed.clips[0].emotion == "anger"
    assert [clip.key for clip in packed.split("train")] == ["clip00000", "clip00002"]
    assert [clip.key for clip in packed.split("train", without=frozenset({"clip00000"}))] == ["clip00002"]


def test_a_label_keeps_its_method_and_weight_and_one_of_an_older_release_has_full_weight(tmp_path):
    def weigh(about, number):
        if number:
            about["labels"] |= {"method": "dawid-skene-1", "weight": 0.4}

    write_release(tmp_path / "release", clips_each=1, splits={"vera": "train"}, change=weigh)

    packed = packing.pack(tmp_path / "release", tmp_path / "packed")

    assert [clip.weight for clip in packed.clips] == [1.0, 0.4, 0.4]
    assert [clip.label_method for clip in packed.clips] == [None, "dawid-skene-1", "dawid-skene-1"]


def test_what_a_release_tells_of_voice_and_words_is_carried_and_what_it_does_not_is_left_empty(tmp_path):
    def tell(about, number):
        if number == 1:
            about["transcript"] = "Tak."
            about["original_data"] |= {"gender": "female", "age_band": "30-39"}
            about["labels"]["styles"] = ["whisper"]

    write_release(tmp_path / "release", clips_each=1, splits={"vera": "train"}, change=tell)

    first, second, _ = packing.pack(tmp_path / "release", tmp_path / "packed").clips

    assert (first.gender, first.age_band, first.transcript, first.styles) == (None, None, None, [])
    assert (second.gender, second.age_band, second.transcript, second.styles) == (
        *("female", "30-39", "Tak."),
        ["whisper"],
    )


def test_a_second_packing_opens_the_first(release, tmp_path):
    packing.pack(release, tmp_path / "packed")
    seen = []

    packing.pack(release, tmp_path / "packed", on_clip=lambda done, of: seen.append(done))

    assert seen == []


def test_another_release_is_packed_anew(release, tmp_path):
    packing.pack(release, tmp_path / "packed")
    write_release(tmp_path / "other", clips_each=1)

    assert len(packing.pack(tmp_path / "other", tmp_path / "packed").clips) == 12


def test_a_packing_killed_half_way_leaves_nothing_and_starts_again(release, tmp_path):
    class Killed(BaseException):
        pass

    def killed_at_seven(done, of):
        if done == 7:
            raise Killed

    with pytest.raises(Killed):
        packing.pack(release, tmp_path / "packed", on_clip=killed_at_seven)
    assert not (tmp_path / "packed").exists()

    assert len(packing.pack(release, tmp_path / "packed").clips) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == ["packed", "release"]


def rewritten(release, change):
    manifest = json.loads((release / "manifest.json").read_text())
    change(manifest)
    (release / "manifest.json").write_text(json.dumps(manifest))


def flip_a_bit_of_a_shard(release):
    shard = release / "shards" / "000000.tar"
    content = bytearray(shard.read_bytes())
    content[5_000] ^= 1
    shard.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (flip_a_bit_of_a_shard, "shard 000000.tar does not have the digest"),
        (lambda release: (release / "shards" / "000001.tar").unlink(), "shard 000001.tar is missing"),
        (lambda release: (release / "manifest.json").unlink(), "no readable manifest"),
        (lambda release: rewritten(release, lambda m: m.update(format="other/1")), "format 'other/1'"),
        (lambda release: rewritten(release, lambda m: m["clips"].pop(0)), "clip00000 lies in shard"),
        (lambda release: rewritten(release, lambda m: m["clips"].append(m["clips"][0] | {"key": "x"})), "x among them"),
        (lambda release: rewritten(release, lambda m: m["clips"][3].update(sha256="0")), "clip00003 does not have"),
        (lambda release: rewritten(release, lambda m: m["clips"][3].update(sample_count=1)), "clip00003 has .* not 1"),
        (lambda release: rewritten(release, lambda m: m.update(clips=[], shards=[])), "holds no clips"),
    ],
)
def test_a_release_that_is_not_what_it_promises_is_refused(release, tmp_path, harm, reason):
    harm(release)

    with pytest.raises(Unpackable, match=reason):
        packing.pack(release, tmp_path / "packed")

    assert not (tmp_path / "packed").exists()


@pytest.mark.parametrize(("sound", "reason"), [(b"fLaC but not really", "cannot be decoded"), (b"", "holds no sound")])
def test_a_clip_that_is_no_flac_is_named(sound, reason):
    promised = {"sha256": hashlib.sha256(sound).hexdigest(), "sample_count": 0}

    with pytest.raises(Unpackable, match=f"clip7 {reason}"):
        packing.flac_decoded("clip7", sound, promised)


def test_a_withdrawn_clip_is_silenced_and_its_neighbours_are_not(release, tmp_path):
    packed = packing.pack(release, tmp_path / "packed")
    before = [packed.waveform(clip) for clip in packed.clips[:3]]

    packing.erase(packed, frozenset({packed.clips[1].key}))

    after = [Packed(tmp_path / "packed").waveform(clip) for clip in packed.clips[:3]]
    assert not after[1].any()
    assert np.array_equal(after[0], before[0])
    assert np.array_equal(after[2], before[2])
