"""What a release of the second format holds, and that nobody is pointed at by what is told of few."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
from collections import Counter
from uuid import UUID

import pyarrow.parquet
import pytest
from django.utils import timezone

from contributions.leaving import tombstones
from contributions.models import Clip, Contributor, Prompt, Purpose, Rating, Release, SentenceSide
from contributions.models.contributor import Split
from contributions.releasing import naming, reading, releases, scrubbing, selection, splits, tars
from contributions.releasing.draft import Draft
from openempathic import storage
from tests import harvest, worlds
from tests.contributions.frozen import clips_of, copied, purge, take_back
from tests.contributions.releasing import open_elsewhere
from tests.training.worlds import write_release
from training import packing

FACTS = ("gender", "age_band", "accent")


def freeze(folder, kind=Release.Kind.TRAINING):
    return releases.freeze(kind, at=timezone.now(), by="tester", folder=folder)


def lines_in(release, name):
    return [json.loads(line) for line in storage.read(f"{release.prefix}/{name}").splitlines()]


@pytest.mark.parametrize("piece_bytes", [1, 1200, tars.PIECE_BYTES])
def test_a_tar_is_the_one_that_python_writes(tmp_path, monkeypatch, piece_bytes):
    monkeypatch.setattr(tars, "PIECE_BYTES", piece_bytes)
    members = {"a.flac": b"x" * 1000, "b.json": b"", "c" * 95 + ".flac": b"y" * 512}
    told = io.BytesIO()
    with tarfile.open(fileobj=told, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

    with tars.Tar(tmp_path / "ours.tar") as ours:
        for name, content in members.items():
            ours.add(name, content)
        described = ours.finish()

    assert (tmp_path / "ours.tar").read_bytes() == told.getvalue()
    assert described["sha256"] == hashlib.sha256(told.getvalue()).hexdigest()


def test_a_disk_that_fails_beside_us_fails_the_tar(tmp_path):
    with pytest.raises(OSError, match="No space left"), tars.Tar(tmp_path / "ours.tar") as ours:
        ours.file.close()
        ours.file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
        ours.add("a.flac", b"x")
        ours.finish()


def test_answers_stand_by_their_names_and_those_without_by_what_they_say():
    names = {1: "vera", 2: "milo", None: None}
    told = [{"rater": 1, "primary": "fear"}, {"rater": 2, "primary": "joy"}]
    nobodys = [{"rater": None, "primary": "fear"}, {"rater": None, "primary": "anger"}]

    assert [row["rater"] for row in naming.answers(told, names.get)] == ["milo", "vera"]
    assert [row["primary"] for row in naming.answers(told + nobodys, names.get)] == ["anger", "fear", "joy", "fear"]


@pytest.mark.usefixtures("_stocked")
def test_every_listener_is_told_apart_under_a_name_that_leads_nowhere(db, tmp_path):
    harvest.corpus(clips_each=1)
    milo, cleo = worlds.person("milo"), worlds.person("cleo")
    first, second = harvest.contributed("vera", emotions=["anger", "fear"])
    harvest.heard(first, "anger", by=milo, description="a short growl", valence=2, styles=["whisper"])
    harvest.heard(first, "sadness", by=cleo)
    harvest.heard(second, "other", by=milo, other_word="vexed")
    Rating.objects.create(clip=second, rater=cleo, phase="BLIND", is_usable=False, unusable_reason="NOISE")
    Rating.objects.create(clip=first, rater=cleo, phase="INFORMED", is_usable=True, emotion="fear")

    release = freeze(tmp_path / "release")

    told, keys = lines_in(release, "ratings.jsonl"), dict(release.members.values_list("clip_id", "key"))
    by_milo = {line["rater"] for line in told if line["styles"] or line["primary"] == "other"}
    assert len(by_milo) == 1
    assert Counter(line["key"] for line in told) == {keys[first.pk]: 3, keys[second.pk]: 3}
    assert {"NOISE"} == {line["why"] for line in told if not line["usable"]}
    assert not {"growl", "vexed", str(milo.pk)} & set(json.dumps(told).replace('"', " ").split())
    assert "rated_at" not in told[0]
    speakers = {row["speaker"] for row in clips_of(release)}
    assert not by_milo & speakers


@pytest.mark.usefixtures("_stocked")
def test_tables_and_sums_say_what_the_lines_say_and_lose_what_they_lose(db, tmp_path):
    clip = harvest.corpus(clips_each=1).clips.first()
    release = freeze(tmp_path / "release")
    key = release.members.get(clip=clip).key
    before = told_by(copied(release, tmp_path / "before"))

    take_back(clip)
    purge(clip)
    after = told_by(copied(release, tmp_path / "after"))

    assert before - after == {key}
    assert before == {*release.members.values_list("key", flat=True)}
    assert key not in (tmp_path / "after" / "clips.jsonl").read_text()


def told_by(folder):
    """The keys in the table of clips, once table, lines and sums are found to agree."""
    rows = [json.loads(line) for line in (folder / "clips.jsonl").open()]
    table = pyarrow.parquet.read_table(folder / "clips.parquet").to_pylist()
    assert [(row["key"], row["emotion"], row["labels"]["emotion"]) for row in rows] == [
        (row["key"], row["emotion"], dict(row["shares"])) for row in table
    ]
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files - {"SHA256SUMS", "tombstones.json"} == set(sums)
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    return {row["key"] for row in table}


def test_a_delta_tells_what_came_stayed_and_left_and_links_no_speaker(db, tmp_path):
    leaves, stays = harvest.corpus(clips_each=1).clips.order_by("pk")[:2]
    first = freeze(tmp_path / "first")
    assert "delta.json" not in {key.rpartition("/")[2] for key in storage.keys(f"{first.prefix}/")}
    take_back(leaves)
    came = harvest.corpus("later", sides={"bea": Split.TRAIN}, emotions=["anger"], clips_each=1).clips.get()
    second = freeze(tmp_path / "second")

    delta = json.loads(storage.read(f"{second.prefix}/delta.json"))
    old, new = (dict(release.members.values_list("clip_id", "key")) for release in (first, second))
    assert (delta["before"], delta["release"]) == (first.digest, second.digest)
    assert delta["added"] == [new[came.pk]]
    assert delta["removed"] == [old[leaves.pk]]
    assert delta["kept"] == {old[clip]: new[clip] for clip in old if clip != leaves.pk}
    assert delta["kept"][old[stays.pk]] == new[stays.pk]
    speakers = {row["speaker"] for release in (first, second) for row in clips_of(release)}
    assert not any(speaker in json.dumps(delta) for speaker in speakers)


def test_a_release_of_the_first_format_is_read_still(tmp_path):
    manifest = write_release(tmp_path / "old", clips_each=1)

    assert list(reading.clips_of(reading.InFolder(tmp_path / "old"))) == manifest["clips"]
    assert list(reading.ratings_of(reading.InFolder(tmp_path / "old"))) == []


def test_a_clip_leaves_a_release_of_the_first_format_as_well(tmp_path):
    manifest = write_release(tmp_path / "old", clips_each=1)
    row = manifest["clips"][3]

    for _twice in range(2):
        assert tombstones.apply([tombstones.Gone(UUID(row["clip"]), None)], folder=tmp_path / "old") == [row["key"]]

    left = {clip.key for clip in packing.pack(tmp_path / "old", tmp_path / "packed").clips}
    assert left == {each["key"] for each in manifest["clips"]} - {row["key"]}
    assert list(reading.clips_of(reading.InFolder(tmp_path / "old"))) == manifest["clips"]


@pytest.mark.usefixtures("_stocked")
def test_others_open_it_with_webdataset_and_with_datasets(db, tmp_path, monkeypatch):
    harvest.corpus(clips_each=1, emotions=["fear", "neutral"])
    clip = harvest.contributed("vera", emotions=["anger"])[0]
    harvest.heard(clip, "sadness", intensity=2, description="a short growl", styles=["whisper"])
    release = freeze(tmp_path / "release")

    program, folder = [sys.executable, "-m", open_elsewhere.__name__], tmp_path / "release"
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    answer = subprocess.run([*program, folder, tmp_path], env=offline, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr

    told = {row["key"]: [row["speaker"], row["sha256"], row["labels"]["emotion"]] for row in clips_of(release)}
    assert json.loads(answer.stdout.splitlines()[-1]) == [told, told]


# Sentences


def read_aloud(name, sentences, **options):
    """A volunteer's accepted clips, each of one of these sentences."""
    clips = harvest.contributed(name, emotions=["anger"], clips_each=len(sentences), **options)
    for clip, sentence in zip(clips, sentences, strict=True):
        prompt, _new = Prompt.objects.get_or_create(
            pk=f"tale-{sentence}", defaults={"language": "en", "sentence": sentence, "text": "-", "emotion": "anger"}
        )
        Clip.objects.filter(pk=clip.pk).update(prompt=prompt)
    return clips


@pytest.mark.usefixtures("_stocked")
def test_no_sentence_of_the_test_is_heard_in_training_and_none_changes_sides(db, monkeypatch):
    sentences = [f"s{number}" for number in range(12)]
    for name, side in (("vera", Split.TRAIN), ("milo", Split.DEV), ("cleo", Split.TEST)):
        read_aloud(name, sentences, side=side)
    harvest.corpus(clips_each=1)

    with selection.select(Release.Kind.TRAINING) as chosen:
        heard = chosen.draft.ask("SELECT split, sentence FROM clips WHERE left_out IS NULL AND sentence IS NOT NULL")
        sides = {split: {each for side, each in told if side == split} for told in [list(heard)] for split in Split}
        left_out = chosen.left_out
    decided = dict(SentenceSide.objects.values_list("sentence", "split"))
    monkeypatch.setattr(splits, "side_of_sentence", lambda *_told: Split.TEST)

    assert sides[Split.TEST]
    assert not sides[Split.TEST] & sides[Split.TRAIN]
    assert sides[Split.TEST] | sides[Split.TRAIN] == sides[Split.DEV] == set(sentences)
    kept = len(sides[Split.TEST])
    assert left_out == {"a_sentence_of_the_test": kept, "a_sentence_of_training": 12 - kept}
    assert splits.sentences_of_the_test("en", sentences) == sides[Split.TEST]
    assert dict(SentenceSide.objects.values_list("sentence", "split")) == decided


@pytest.mark.parametrize("seed", range(5))
def test_a_language_of_few_sentences_has_one_for_the_test_and_of_fewer_none(db, seed):
    few = [f"{seed}-{number}" for number in range(splits.SENTENCES_LEAST)]

    assert splits.sentences_of_the_test("sw", few[1:]) is None
    assert splits.sentences_of_the_test("sw", few)
    assert SentenceSide.objects.count() == len(few)


# Small groups


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_told_of_a_person_is_told_of_four_others_of_their_language(tmp_path, seed):
    chance = random.Random(seed)
    with Draft(tmp_path / "draft") as draft:
        people = {
            UUID(int=number).bytes: tuple(chance.choice(("", "a", "b")) for _fact in FACTS) for number in range(60)
        }
        draft.write("INSERT INTO speakers VALUES (?, 1, ?, ?, ?)", ((who, *facts) for who, facts in people.items()))
        spoken = {
            (who, tongue) for who in people for tongue in chance.sample(("en", "de", "sw"), chance.choice((1, 2)))
        }
        draft.write(
            "INSERT INTO clips (clip, speaker, language, drawn, split, sha256, told, ratings) "
            "VALUES (?, ?, ?, '', '', '', '', '')",
            ((UUID(int=place).bytes, *each) for place, each in enumerate(sorted(spoken))),
        )
        scrubbing.scrub(draft)
        told = {(who, tongue): facts for who, tongue, *facts in draft.ask("SELECT * FROM voices")}

    groups = Counter((tongue, *facts) for (_who, tongue), facts in told.items())
    assert told.keys() == spoken
    for (who, tongue), facts in told.items():
        assert facts == [None] * 3 or groups[tongue, *facts] >= 5
        assert all(fact in (None, known) for fact, known in zip(facts, people[who], strict=True))
        assert all(facts == others for (other, _tongue), others in told.items() if other == who)
    assert any(any(facts) for facts in told.values())


@pytest.mark.usefixtures("_stocked")
def test_a_release_tells_age_and_accent_of_those_who_allow_it_and_are_not_alone(db, tmp_path):
    harvest.corpus(clips_each=1)
    leave = (*harvest.TRAINING, Purpose.DEMOGRAPHICS)
    for name in ("vera", "milo", "cleo", "otto", "ada", "bea"):
        harvest.contributed(name, emotions=["anger"], purposes=leave)
    voices = list(Contributor.objects.exclude(user=None).order_by("pk"))
    for number, voice in enumerate(voices):
        told = {"gender": "female", "age_band": "30-44", "accent": "coast" if number else "hills"}
        Contributor.objects.filter(pk=voice.pk).update(**told)

    rows = clips_of(freeze(tmp_path / "release"))

    facts = Counter(tuple(row[fact] for fact in FACTS) for row in rows if row["permission"] == "CONSENT")
    assert facts == {("female", "30-44", "coast"): 5, (None, None, None): 1}
