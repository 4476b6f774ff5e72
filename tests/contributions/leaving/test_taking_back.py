"""A purpose or a licence taken back alone reaches every release of its kind, and no other; the clip lives on."""

import json
import tarfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from contributions import tasks
from contributions.consenting import consent
from contributions.leaving import ledger, tombstones, withdrawal
from contributions.models import Clip, ConsentEvent, LicenceGrant, Purpose, Release, TakingBack
from contributions.models.contributor import Split
from contributions.releasing import releases, rewriting
from openempathic import durable, signatures, storage
from openempathic.audit.models import AuditEvent
from tests import harvest
from tests.contributions.frozen import clips_of, clips_of_one_shard, contents, copied, release_of_shards

EVERYTHING = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS, Purpose.RELEASE_DATASET)
T, D = Release.Kind.TRAINING, Release.Kind.DATASET


@pytest.fixture
def world(_stocked, tmp_path):
    """Vera's clips and a corpus, in a release of each kind."""
    harvest.corpus(sides={"ada": Split.TRAIN, "eve": Split.TEST}, emotions=["anger", "neutral"], clips_each=1)
    clips = harvest.contributed("vera", emotions=["anger", "neutral"], purposes=EVERYTHING)
    frozen = {kind: freeze(kind, tmp_path) for kind in (T, D)}
    return clips, frozen


def freeze(kind, tmp_path):
    return releases.freeze(kind, at=timezone.now(), by="tester", folder=tmp_path / f"draft-{kind}")


def take_back(clip, purpose):
    voice = Clip.objects.get(pk=clip.pk).contributor
    return consent.withdraw(voice, purpose, by=voice.user, locale="en")


def give_anew(clip, given=EVERYTHING):
    voice = Clip.objects.get(pk=clip.pk).contributor
    shown = consent.texts("en")
    consent.decide(voice, given=set(given), shown=shown, locale="en", is_adult=True, by=voice.user)


def carry():
    """What the sweep nudges a worker to do, once."""
    return [
        withdrawal.carry_due(pk)
        for pk in TakingBack.objects.filter(next_attempt_at__isnull=False).values_list("pk", flat=True)
    ]


def holds(release, clip):
    """Whether the clip's sound lies in any file of the release."""
    sound = storage.read(clip.archive)
    return any(sound in storage.read(key) for key in storage.keys(f"{release.prefix}/"))


def keys_in(release):
    names = [key for key in storage.keys(f"{release.prefix}/shards/")]
    found = set()
    for name in names:
        with tarfile.open(fileobj=storage.open(name)) as tar:
            found |= {member.name.partition(".")[0] for member in tar}
    return found


@pytest.mark.parametrize(
    ("purpose", "reached", "spared"), [(Purpose.TRAIN_MODELS, T, D), (Purpose.RELEASE_DATASET, D, T)]
)
def test_a_purpose_taken_back_alone_leaves_the_releases_of_its_kind(world, purpose, reached, spared):
    clips, frozen = world
    before = contents_of(frozen[spared])
    take_back(clips[0], purpose)
    carried = carry()

    assert len(carried) == 1
    assert None not in carried
    assert not any(holds(frozen[reached], clip) for clip in clips)
    assert contents_of(frozen[spared]) == before
    keys = set(frozen[reached].members.filter(clip__in=clips).values_list("key", flat=True))
    assert set(rewriting.tombstones_of(rewriting.InStorage(frozen[reached].prefix))["keys"]) == keys
    assert keys_in(frozen[reached]) == {row["key"] for row in clips_of(frozen[reached])}
    assert keys_in(frozen[reached]) == set(frozen[reached].members.values_list("key", flat=True)) - keys
    assert {Clip.objects.get(pk=clip.pk).status for clip in clips} == {Clip.Status.ACCEPTED}
    assert carry() == []


def contents_of(release):
    return {key: storage.read(key) for key in storage.keys(f"{release.prefix}/")}


def test_the_act_itself_touches_no_storage_and_the_sweep_nudges_a_worker(world, monkeypatch):
    clips, frozen = world
    nudged = []
    monkeypatch.setattr(tasks.carry, "delay", lambda row_id: nudged.append(row_id))
    monkeypatch.setattr(tasks.purge, "delay", lambda clip_id: None)
    before = contents_of(frozen[T])
    with monkeypatch.context() as web:
        for act in ("put", "erase", "read", "keys"):
            web.setattr(storage, act, None)
        take_back(clips[0], Purpose.TRAIN_MODELS)
    tasks.sweep()

    assert contents_of(frozen[T]) == before
    assert nudged == [TakingBack.objects.get().pk]
    assert releases.withdrawn_keys(frozen[T]) == sorted(
        frozen[T].members.filter(clip__in=clips).values_list("key", flat=True)
    )


def test_an_unticked_box_and_an_answer_to_new_words_take_back_too(world):
    clips, frozen = world
    give_anew(clips[0], given=[Purpose.STORE_AND_REVIEW])

    assert {row.purpose for row in TakingBack.objects.all()} == {Purpose.TRAIN_MODELS, Purpose.RELEASE_DATASET}
    carry()
    assert not any(holds(release, clip) for release in frozen.values() for clip in clips)


def test_what_was_never_given_owes_nothing(_stocked):
    clip = harvest.contributed("vera", emotions=["anger"], purposes=[Purpose.STORE_AND_REVIEW])[0]
    give_anew(clip, given=[Purpose.STORE_AND_REVIEW])

    assert take_back(clip, Purpose.TRAIN_MODELS) == []
    assert not TakingBack.objects.exists()


def test_consent_given_anew_brings_no_key_back(world, tmp_path):
    clips, frozen = world
    lines = clips_of(frozen[T])
    take_back(clips[0], Purpose.TRAIN_MODELS)
    give_anew(clips[0])
    carry()
    after = contents_of(frozen[T])
    rewriting.forget_withdrawn(frozen[T])
    again = freeze(T, tmp_path)

    assert not any(holds(frozen[T], clip) for clip in clips)
    assert contents_of(frozen[T]) == after
    assert len(releases.withdrawn_keys(frozen[T])) == 2
    # The clips come back with the next release, which is another one though it holds the very same.
    assert again.digest != frozen[T].digest
    assert clips_of(again) == lines
    assert all(holds(again, clip) for clip in clips)
    assert freeze(T, tmp_path) == again


def test_a_worker_killed_between_shard_and_tombstones_is_finished_though_consent_was_given_anew(world, monkeypatch):
    clips, frozen = world
    take_back(clips[0], Purpose.TRAIN_MODELS)
    put = storage.put

    class PowerCut(BaseException):
        pass

    def cut(key, *args, **options):
        if key.endswith(rewriting.TOMBSTONES):
            raise PowerCut
        return put(key, *args, **options)

    with monkeypatch.context() as power:
        power.setattr(storage, "put", cut)
        with pytest.raises(PowerCut):
            carry()
    give_anew(clips[0])
    TakingBack.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    carry()

    told = rewriting.tombstones_of(rewriting.InStorage(frozen[T].prefix))
    assert set(told["keys"]) == set(frozen[T].members.filter(clip__in=clips).values_list("key", flat=True))
    assert rewriting.is_clean(frozen[T])


def test_when_storage_is_away_it_is_owed_still(world, monkeypatch):
    clips, _frozen = world
    take_back(clips[0], Purpose.TRAIN_MODELS)

    def away(*_args, **_options):
        raise storage.StorageUnreachable("away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", away)
        with pytest.raises(storage.StorageUnreachable):
            carry()

    assert TakingBack.objects.get().next_attempt_at is not None
    assert None not in carry()


def test_the_ledger_is_written_by_the_worker_before_it_erases_and_holds_ids_only(world, monkeypatch):
    clips, _frozen = world
    take_back(clips[0], Purpose.TRAIN_MODELS)
    event = ConsentEvent.objects.get(kind="WITHDRAWN")
    assert not list(storage.keys("withdrawals/"))
    order = []
    for act in ("put", "erase"):
        real = getattr(storage, act)
        monkeypatch.setattr(
            storage, act, lambda key, *args, real=real, **options: (order.append(key), real(key, *args, **options))[1]
        )
    carry()
    kept = ledger.entry(ledger.key_of_event(event))

    assert order[0] == ledger.key_of_event(event)
    assert set(kept) == {"format", "event"}
    assert kept["event"]["id"] == str(event.pk)
    assert "@" not in json.dumps(kept)
    assert AuditEvent.objects.filter(act="withdrawal.carried").count() == 1


def test_a_licence_that_ends_leaves_every_release(world):
    clips, frozen = world
    grant = LicenceGrant.objects.get()
    held = list(grant.clips.all())
    for _twice in range(2):
        call_command("end_licence", grant.corpus)
    carry()

    assert not any(holds(release, clip) for release in frozen.values() for clip in held)
    assert all(holds(release, clip) for release in frozen.values() for clip in clips)
    assert AuditEvent.objects.filter(act="licence.ended").count() == 1
    assert not Clip.objects.filter(licence=grant).covered_by(Purpose.TRAIN_MODELS).exists()
    with pytest.raises(CommandError, match="no corpus"):
        call_command("end_licence", "another")


def feed(client):
    return client.get(reverse("tombstones"))


def test_the_feed_lists_the_clip_for_the_releases_it_left_and_changes_its_tag(world, client):
    clips, frozen = world
    empty = feed(client)
    take_back(clips[0], Purpose.RELEASE_DATASET)
    answer = feed(client)
    lines = signatures.verify(answer.json())["clips"]

    assert {line["clip"] for line in lines} == {str(clip.pk) for clip in clips}
    assert answer["ETag"] != empty["ETag"]
    for line in lines:
        assert line["scope"] == "RELEASES"
        assert list(line["releases"]) == [frozen[D].digest]
        assert line["withdrawn_at"] is not None
        assert line["purged_at"] is None


def test_a_clip_withdrawn_later_is_listed_once_for_everything(world, client, vera_of):
    clips, frozen = world
    take_back(clips[0], Purpose.RELEASE_DATASET)
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera_of(clips[0]))
    lines = {line["clip"]: line for line in signatures.verify(feed(client).json())["clips"]}

    assert lines[str(clips[0].pk)]["scope"] == "CLIP"
    assert set(lines[str(clips[0].pk)]["releases"]) == {frozen[T].digest, frozen[D].digest}
    assert lines[str(clips[1].pk)]["scope"] == "RELEASES"


@pytest.fixture
def vera_of():
    return lambda clip: Clip.objects.get(pk=clip.pk).contributor.user


def test_a_copy_follows_the_feed_for_the_release_it_names_and_no_other(world, client, tmp_path):
    clips, frozen = world
    copies = {kind: copied(release, tmp_path / f"copy-{kind}") for kind, release in frozen.items()}
    before = contents(copies[T])
    sounds = [storage.read(clip.archive) for clip in clips]
    take_back(clips[0], Purpose.RELEASE_DATASET)
    carry()
    (tmp_path / "feed.json").write_bytes(feed(client).content)
    for copy in copies.values():
        call_command("apply_tombstones", feed=str(tmp_path / "feed.json"), release=copy)

    assert contents(copies[T]) == before
    assert not [path for path, content in contents(copies[D]).items() if any(sound in content for sound in sounds)]
    ours, theirs = (of_clips(contents(copy)) for copy in (copied(frozen[D], tmp_path / "again"), copies[D]))
    assert theirs == ours


def of_clips(release):
    """What of a release's files is of its clips: papers are written by the site alone, and told of with digests."""
    papers = ("figures.json", "croissant.json", "datasheets/", "SHA256SUMS")
    told = json.loads(release["tombstones.json"])
    files = {name: content for name, content in release.items() if not name.startswith((*papers, "tombstones"))}
    return files | {"keys": told["keys"], "shards": told["shards"]}


def test_a_feed_of_before_is_followed_and_an_unknown_scope_is_not(db):
    line = {"clip": "00000000-0000-4000-8000-000000000001", "withdrawn_at": None, "purged_at": None, "releases": {}}
    older = {"format": "openempathic-tombstone-feed/1", "clips": [line], "next": None}
    stranger = {**older, "clips": [{**line, "scope": "PLANET"}]}

    assert tombstones.gone_in(json.dumps(older).encode())[0][0].releases is None
    with pytest.raises(tombstones.NotAFeed, match="PLANET"):
        tombstones.gone_in(json.dumps(stranger).encode())


def test_what_a_killed_freeze_put_by_half_goes_too(world):
    clips, frozen = world
    folder = Path(unquote(urlsplit(site.STORAGE_URL).path)) / frozen[T].prefix / "shards"
    (folder / f"{durable.UNFINISHED}half").write_bytes(storage.read(clips[0].archive))
    take_back(clips[0], Purpose.TRAIN_MODELS)
    carry()

    assert [path.name for path in folder.iterdir()] == ["000000.tar"]


def test_two_withdrawals_of_one_shard_at_once_by_purpose_and_by_clip_leave_the_same_bytes(db, tmp_path, monkeypatch):
    release = release_of_shards(tmp_path / "release", monkeypatch)
    clips, name = clips_of_one_shard(release, 2)
    release.members.filter(clip=clips[0]).update(taken_out_at=timezone.now())
    put, is_over = storage.put, []

    def overtaken(key, *args, **options):
        if f"shards/{name}" in key and not is_over:
            is_over.append(key)
            release.members.filter(clip=clips[1]).update(taken_out_at=timezone.now())
            rewriting.forget_withdrawn(release)
        return put(key, *args, **options)

    monkeypatch.setattr(storage, "put", overtaken)
    rewriting.forget_withdrawn(release)

    assert is_over
    assert not any(holds(release, clip) for clip in clips)
    assert rewriting.is_clean(release)
