"""Which releases and checkpoints held a clip, that everybody sees it, and that the next run is due without it."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import states
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.models import Clip, Purpose, Release
from contributions.models.contributor import Split
from contributions.releasing import reading, releases, rewriting
from openempathic import signatures, storage
from openempathic.registry.models import Checkpoint
from tests import harvest
from training import lineage, publication, retraining, schedule
from training.models import TrainingRun

S = TrainingRun.Status


def retrain():
    return retraining.retrain_due(owner="trainer")


def take_back(clip):
    """Withdrawn by its speaker; a corpus has no account, so the move is made as theirs."""
    states.move(
        Clip.objects.get(pk=clip.pk), to=Clip.Status.WITHDRAWN, by="contributor", next_attempt_at=timezone.now()
    )


def purge(clip):
    assert withdrawal.purge_due(clip.pk) is not None


def mark_of(checkpoint):
    return signatures.verify(json.loads(storage.read(f"{checkpoint.prefix}/withdrawn.json")))


def manifest_clips(digest):
    return {row["clip"] for row in reading.clips_of(reading.InStorage(f"releases/{digest}"))}


def hours_from_now(hours):
    return timezone.now() + timedelta(hours=hours)


@pytest.fixture
def more(crop):
    """A third voice, so that one clip may go and a release can still be made."""
    return harvest.corpus("more", sides={"bea": Split.TRAIN}, emotions=["anger"], clips_each=2).clips.all()


def test_lineage_is_what_the_manifests_hold(run, more):
    published = retrain().checkpoint
    later = harvest.corpus("later", sides={"dan": Split.TRAIN}, emotions=["anger"], clips_each=1).clips.get()
    schedule.open_run(by="schedule")
    second = retrain().checkpoint

    for checkpoint in (published, second):
        assert {str(pk) for pk in lineage.clips_heard_by(checkpoint)} == manifest_clips(checkpoint.release_digest)
    assert list(lineage.checkpoints_that_heard(more[0])) == [published, second]
    assert list(lineage.checkpoints_that_heard(later)) == [second]
    assert lineage.releases_holding(more[0]).count() == 2


def test_a_checkpoint_counts_what_it_heard_and_is_withdrawn_before_and_after_the_purge(run, more):
    checkpoint = retrain().checkpoint
    counts = [lineage.withdrawn_heard_by(checkpoint)]
    for act in (take_back, purge):
        act(more[0])
        counts.append(lineage.withdrawn_heard_by(checkpoint))

    assert counts == [0, 1, 1]
    assert more[0].pk in lineage.clips_heard_by(checkpoint)
    assert str(more[0].pk) not in manifest_clips(checkpoint.release_digest)


@pytest.mark.usefixtures("_stocked")
def test_a_purpose_taken_back_counts_as_withdrawn(run):
    clip = harvest.contributed("vera", emotions=["anger"])[0]
    checkpoint = retrain().checkpoint
    person = clip.contributor.user
    kept = {Purpose.STORE_AND_REVIEW}
    consent.decide(clip.contributor, given=kept, shown=consent.texts("en"), locale="en", is_adult=True, by=person)

    assert lineage.withdrawn_heard_by(checkpoint) == 1


def test_the_mark_lies_beside_the_checkpoint_and_follows_what_is_true(run, more):
    checkpoint = retrain().checkpoint
    before = lineage.mark_due(), list(storage.keys(f"{checkpoint.prefix}/withdrawn"))
    take_back(more[0])
    first = lineage.mark_due(), lineage.mark_due()
    take_back(more[1])
    second = lineage.mark_due()

    assert before == (0, [])
    assert (first, second) == ((1, 0), 1)
    assert mark_of(checkpoint)["clips_withdrawn"] == 2
    assert mark_of(checkpoint)["release"] == checkpoint.release_digest


def test_a_mark_that_storage_refused_is_written_by_the_next(run, more, monkeypatch):
    checkpoint = retrain().checkpoint
    take_back(more[0])

    def away(*_args, **_options):
        raise storage.StorageUnreachable("away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", away)
        refused = lineage.mark_due()

    assert refused == 0
    assert lineage.mark_due() == 1
    assert mark_of(checkpoint)["clips_withdrawn"] == 1


def test_a_slow_marker_does_not_leave_an_older_number(run, more, monkeypatch):
    checkpoint = retrain().checkpoint
    take_back(more[0])
    put, is_first = storage.put, []

    def overtaken(key, content, **options):
        if not is_first:
            is_first.append(key)
            take_back(more[1])
            lineage.mark_due()
        return put(key, content, **options)

    monkeypatch.setattr(storage, "put", overtaken)
    lineage.mark_due()

    assert mark_of(checkpoint)["clips_withdrawn"] == 2


def test_the_pages_say_how_many_clips_were_withdrawn_since(run, more, cleo, client):
    checkpoint = retrain().checkpoint
    client.force_login(cleo)
    addresses = [reverse("run", args=[run.pk]), reverse("runs")]
    before = [client.get(address).content.decode() for address in addresses]
    take_back(more[0])
    one = [client.get(address).content.decode() for address in addresses]
    take_back(more[1])

    assert checkpoint.version in before[0]
    assert not [page for page in before if "withdrawn since" in page]
    assert all("1 clip that it heard was withdrawn since." in page for page in one)
    assert "2 clips that it heard were withdrawn since." in client.get(addresses[0]).content.decode()


def test_a_fresh_run_is_due_once_the_champion_has_heard_withdrawn_clips_and_no_sooner_than_the_calendar(
    run, more, settings
):
    settings.RETRAIN_MIN_NEW_CLIPS = 1000
    heard = retrain().checkpoint
    before = schedule.is_due(hours_from_now(30))
    take_back(more[0])
    too_soon, in_time = schedule.is_due(hours_from_now(1)), schedule.is_due(hours_from_now(30))
    opened = schedule.open_due_run(hours_from_now(30))
    done = retrain()

    assert (before, too_soon, in_time) == (False, False, True)
    assert done.pk == opened.pk
    assert lineage.withdrawn_heard_by(heard) == 1
    assert lineage.withdrawn_heard_by(done.checkpoint) == 0
    assert not schedule.is_due(hours_from_now(60))


@pytest.mark.parametrize(("at_least", "is_due"), [(0, False), (1, True), (2, False)])
def test_the_operator_says_how_many_withdrawals_make_a_run_due(run, more, settings, at_least, is_due):
    settings.WITHDRAWN_SHARE_MAX = 1.0
    settings.RETRAIN_MIN_NEW_CLIPS = 1000
    settings.RETRAIN_AFTER_WITHDRAWALS = at_least
    retrain()
    take_back(more[0])

    assert schedule.is_due(hours_from_now(30)) == is_due


def sound_in_storage():
    """All bytes of all releases."""
    return [storage.read(key) for key in storage.keys("releases/")]


def test_withdrawn_and_purged_between_freeze_and_reading_the_run_freezes_anew(run, more, monkeypatch):
    clip, freeze = more[0], retraining.freeze
    sound = storage.read(clip.archive)

    def then_purged(attempt):
        freeze(attempt)
        if attempt.run.release.members.filter(clip=clip).exists():
            take_back(clip)
            purge(clip)

    monkeypatch.setattr(retraining, "freeze", then_purged)
    done = retrain()

    assert done.status == S.PUBLISHED
    assert Release.objects.count() == 2
    assert not done.release.members.filter(clip=clip).exists()
    assert lineage.withdrawn_heard_by(done.checkpoint) == 0
    assert not [content for content in sound_in_storage() if sound in content]


def test_withdrawn_and_purged_between_selecting_and_keeping_no_release_holds_it(run, more, monkeypatch):
    clip, put_files, seen = more[0], releases.put_files, []
    sound = storage.read(clip.archive)

    def then_purged(prefix, *of_it):
        put_files(prefix, *of_it)
        if not seen:
            take_back(clip)
            purge(clip)
        seen.append(prefix)

    monkeypatch.setattr(releases, "put_files", then_purged)
    done = retrain()

    assert done.status == S.PUBLISHED
    assert len(seen) == 2
    assert not list(storage.keys(f"{seen[0]}/"))
    assert not [content for content in sound_in_storage() if sound in content]


def test_withdrawn_and_purged_while_it_trains_the_clip_is_dropped_and_the_checkpoint_marked(run, more, monkeypatch):
    clip, train = more[0], retraining.train
    key = None

    def withdrawn_first(attempt):
        nonlocal key
        key = attempt.run.release.members.get(clip=clip).key
        take_back(clip)
        purge(clip)
        train(attempt)

    monkeypatch.setattr(retraining, "train", withdrawn_first)
    done = retrain()

    dropped = json.loads((retraining.folder_of(run) / "dropped.json").read_bytes())
    assert done.status == S.PUBLISHED
    assert dropped == [key]
    assert mark_of(done.checkpoint)["clips_withdrawn"] == 1


def test_withdrawn_between_judging_and_publishing_the_checkpoint_is_published_and_marked(run, more, monkeypatch):
    publish = publication.publish

    def after_withdrawal(*args):
        take_back(more[0])
        return publish(*args)

    monkeypatch.setattr(publication, "publish", after_withdrawal)
    done = retrain()

    assert done.status == S.PUBLISHED
    assert done.checkpoint.evaluation["gate"]["clips_withdrawn_since_freezing"] == 0
    assert mark_of(done.checkpoint)["clips_withdrawn"] == 1
    assert Checkpoint.objects.get().withdrawn_marked == 1


def test_a_run_taken_up_after_a_clip_of_its_packing_was_purged_goes_on(run, more, monkeypatch):
    clip, bring, times = more[0], retraining.bring_release, []

    def purged_on_the_way(attempt):
        if not times:
            take_back(clip)
            rewriting.forget_withdrawn(attempt.run.release)
        times.append(attempt.run.release.pk)
        bring(attempt)

    monkeypatch.setattr(retraining, "bring_release", purged_on_the_way)
    done = retrain()

    assert done.status == S.PUBLISHED
    assert len(set(times)) == 2
