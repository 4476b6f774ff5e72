"""Freezing: what is in, what is left out, and that the same content is always the same release."""

import hashlib
import json
import tarfile
from collections import Counter

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from contributions import states
from contributions.consenting import consent
from contributions.models import Clip, Contributor, Purpose, Rating, Release, ReleaseClip
from contributions.models.contributor import Split
from contributions.releasing import releases, selection, shards, shares
from contributions.releasing.releases import NotFreezable
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import harvest
from tests.contributions.frozen import clips_of
from training import packing


def freeze(folder, kind=Release.Kind.TRAINING):
    return releases.freeze(kind, at=timezone.now(), by="tester", folder=folder)


def withdraw(person, purpose=Purpose.TRAIN_MODELS):
    contributor = consent.contributor_for(person)
    kept = {purpose_ for purpose_, is_given in consent.current(contributor).items() if is_given} - {purpose}
    consent.decide(contributor, given=kept, shown=consent.texts("en"), locale="en", is_adult=True, by=person)


def test_a_release_is_whole_in_storage_and_can_be_packed(db, tmp_path):
    harvest.corpus()

    release = freeze(tmp_path / "release")

    stored = storage.read(f"{release.prefix}/manifest.json", sha256=release.digest)
    packed = packing.pack(tmp_path / "release", tmp_path / "packed")
    assert packed.release_digest == release.digest == hashlib.sha256(stored).hexdigest()
    assert len(packed.clips) == release.members.count() == 24
    assert {clip.emotion for clip in packed.clips} == set(harvest.EMOTIONS)
    assert {clip.corpus for clip in packed.clips} == {"spoken"}
    assert release.counts["splits"] == {"dev": 6, "test": 6, "train": 12}
    assert AuditEvent.objects.filter(act="release.frozen", agent="tester").count() == 1


def test_the_same_content_is_the_same_release_byte_for_byte(db, tmp_path):
    harvest.corpus()

    first, second = freeze(tmp_path / "first"), freeze(tmp_path / "second")

    assert first.pk == second.pk
    for shard in (tmp_path / "first" / "shards").iterdir():
        assert shard.read_bytes() == (tmp_path / "second" / "shards" / shard.name).read_bytes()
    assert Release.objects.count() == 1
    assert AuditEvent.objects.filter(act="release.frozen").count() == 1


def test_a_release_that_storage_lost_is_put_back_by_freezing_it_again(db, tmp_path):
    harvest.corpus()
    release = freeze(tmp_path / "release")
    kept = {key.removeprefix(f"{release.prefix}/") for key in storage.keys(f"{release.prefix}/")}
    storage.erase(f"{release.prefix}/")

    again = freeze(tmp_path / "release")

    assert again == release
    assert {key.removeprefix(f"{release.prefix}/") for key in storage.keys(f"{release.prefix}/")} == kept


@pytest.mark.usefixtures("_stocked")
def test_sides_share_no_speaker_and_names_lead_nowhere(db, tmp_path):
    harvest.corpus()
    harvest.contributed("vera")

    clips = clips_of(freeze(tmp_path / "one"))
    Clip.objects.filter(contributor__user__isnull=False).first().contributor.clips.update(status="REJECTED")
    again = clips_of(freeze(tmp_path / "two"))

    sides = {}
    for clip in clips:
        sides.setdefault(clip["speaker"], set()).add(clip["split"])
    assert all(len(side) == 1 for side in sides.values())
    assert not {str(pk) for pk in Contributor.objects.values_list("pk", flat=True)} & set(sides)
    assert not set(sides) & {clip["speaker"] for clip in again}


@pytest.mark.usefixtures("_stocked")
def test_only_clips_covered_for_the_purpose_are_in(db, tmp_path):
    harvest.corpus()
    vera = harvest.contributed("vera")
    otto = harvest.contributed("otto", purposes=(Purpose.STORE_AND_REVIEW,))
    unused = harvest.corpus("private", purposes=[Purpose.STORE_AND_REVIEW])

    release = freeze(tmp_path / "release")

    held = set(release.members.values_list("clip_id", flat=True))
    assert {clip.pk for clip in vera} <= held
    assert not {clip.pk for clip in otto} & held
    assert not held & set(unused.clips.values_list("pk", flat=True))


def test_a_dataset_needs_its_own_permission(db, tmp_path):
    harvest.corpus(purposes=harvest.TRAINING)

    with pytest.raises(NotFreezable, match="No clip"):
        freeze(tmp_path / "release", Release.Kind.DATASET)


@pytest.mark.parametrize(
    ("sides", "emotions", "reason"),
    [
        ({}, harvest.EMOTIONS, "No clip"),
        ({"ada": Split.TRAIN}, harvest.EMOTIONS, "test side"),
        ({"eve": Split.TEST}, harvest.EMOTIONS, "training side"),
        (harvest.SIDES, ["anger"], "two emotions"),
    ],
)
def test_what_could_not_be_learnt_or_measured_is_refused_with_the_reason(db, tmp_path, sides, emotions, reason):
    harvest.corpus(sides=sides, emotions=emotions)

    with pytest.raises(NotFreezable, match=reason):
        freeze(tmp_path / "release")

    assert not Release.objects.exists()
    assert not list(storage.keys("releases/"))


@pytest.mark.usefixtures("_stocked")
def test_labels_are_the_shares_of_blind_listeners_alone(db, tmp_path):
    harvest.corpus()
    clip = harvest.contributed("vera", emotions=["anger"])[0]
    harvest.heard(clip, "anger", intensity=1, description="a short growl")
    harvest.heard(clip, "sadness", intensity=2)
    harvest.heard(clip, "other")
    Rating.objects.create(clip=clip, phase=Rating.Phase.INFORMED, is_usable=True, emotion="fear")

    freeze(tmp_path / "release")

    told = described(tmp_path / "release", clip)
    assert told["labels"] == {
        "emotion": {"anger": 0.666667, "neutral": 0.0, "sadness": 0.333333},
        "intensity": 1.5,
        "method": "counts-1",
        "weight": 1.0,
    }
    assert told["text"] == ["a short growl"]
    assert told["original_data"]["emotion"] == "anger"
    assert told["original_data"]["corpus"] == ""


@pytest.mark.usefixtures("_stocked")
def test_nobody_is_told_by_a_gender_that_few_share(db, tmp_path):
    harvest.corpus()
    clip = harvest.contributed("vera")[0]
    Contributor.objects.filter(pk=clip.contributor_id).update(gender="female")

    freeze(tmp_path / "release")

    assert described(tmp_path / "release", clip)["original_data"]["gender"] == ""


def described(folder, clip):
    """What the release says of the clip."""
    key = ReleaseClip.objects.get(clip=clip).key
    for path in (folder / "shards").iterdir():
        with tarfile.open(path) as tar:
            if f"{key}.json" in tar.getnames():
                return json.load(tar.extractfile(f"{key}.json"))
    raise AssertionError(key)


def test_shards_are_cut_where_they_are_full_and_keep_each_clip_together(db, tmp_path, monkeypatch):
    harvest.corpus()
    monkeypatch.setattr(shards, "SHARD_BYTES", 60_000)
    with selection.select(Release.Kind.TRAINING) as chosen:
        written = shards.write(chosen, tmp_path / "release")
        keys = [clip.key for clip in chosen.in_order()]

    assert len(written.shards) > 2
    assert [json.loads(line)["key"] for line in (tmp_path / "release" / "clips.jsonl").open()] == keys == sorted(keys)
    for shard in written.shards:
        with tarfile.open(tmp_path / "release" / "shards" / shard["name"]) as tar:
            names = tar.getnames()
        assert [name.partition(".")[2] for name in names] == ["flac", "json"] * (len(names) // 2)
        assert all(
            flac.split(".")[0] == about.split(".")[0] for flac, about in zip(names[::2], names[1::2], strict=True)
        )
        assert [names[0][:-5], names[-1][:-5], len(names) // 2] == [
            shard[told] for told in ("first_key", "last_key", "clips")
        ]


def test_a_clip_whose_sound_is_lost_harms_only_itself(db, tmp_path):
    permission = harvest.corpus()
    lost, damaged = permission.clips.all()[:2]
    storage.erase(lost.archive)
    storage.put(damaged.archive, b"no flac at all")

    release = freeze(tmp_path / "release")

    held = set(release.members.values_list("clip_id", flat=True))
    assert len(held) == 22
    assert not held & {lost.pk, damaged.pk}
    assert release.counts["left_out"] == {"unreadable": 2}


@pytest.mark.parametrize("how", ["consent", "clip"])
@pytest.mark.usefixtures("_stocked")
def test_vera_withdraws_while_the_release_is_written_and_is_not_in_it(db, tmp_path, monkeypatch, how):
    harvest.corpus()
    clips = harvest.contributed("vera")
    write, seen = releases.put_files, []

    def slow(prefix, *args):
        write(prefix, *args)
        if not seen:
            person = clips[0].contributor.user
            withdraw(person) if how == "consent" else [states.move(clip, to="WITHDRAWN", by=person) for clip in clips]
        seen.append(prefix)

    monkeypatch.setattr(releases, "put_files", slow)

    release = freeze(tmp_path / "release")

    assert not set(release.members.values_list("clip_id", flat=True)) & {clip.pk for clip in clips}
    assert len(seen) == 2
    assert not list(storage.keys(f"{seen[0]}/"))
    assert Release.objects.count() == 1


@pytest.mark.usefixtures("_stocked")
def test_a_release_knows_which_of_its_clips_were_withdrawn_since(db, tmp_path):
    harvest.corpus()
    clips = harvest.contributed("vera")
    release = freeze(tmp_path / "release")

    before = releases.withdrawn_keys(release)
    withdraw(clips[0].contributor.user)

    assert before == []
    assert releases.withdrawn_keys(release) == sorted(
        release.members.filter(clip__in=clips).values_list("key", flat=True)
    )


@given(st.lists(st.integers(1, 400), min_size=1, max_size=300))
def test_nobody_gives_more_than_their_share_and_no_more_is_cut_than_needed(counts):
    most = shares.clips_at_most(Counter(counts))

    def is_fair(limit):
        kept = [min(count, limit) for count in counts]
        return 100 * len(counts) * max(kept) <= max(len(counts), 300) * sum(kept)

    assert is_fair(most)
    assert most == max(counts) or not is_fair(most + 1)


@pytest.mark.usefixtures("_stocked")
def test_a_contributor_over_the_share_is_cut_and_a_corpus_is_not(db, tmp_path):
    harvest.corpus(sides={"eve": Split.TEST}, clips_each=4)
    for name in ("vera", "ada", "bea", "cas", "dot", "eva"):
        harvest.contributed(name, clips_each=1)
    harvest.contributed("loud", clips_each=9)

    release = freeze(tmp_path / "release")

    speakers = [clip["speaker"] for clip in clips_of(release) if clip["permission"] == "CONSENT"]
    most = max(speakers.count(speaker) for speaker in speakers)
    assert most * 7 <= 3 * len(speakers)
    assert release.counts["left_out"] == {"over_the_share": 27 - most}
    assert release.counts["corpora"] == {"spoken": 12}
