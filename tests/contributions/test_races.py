"""Withdrawal against every writer, stopped before and after each of its steps: withdrawal wins, and nothing stays.

Each writer either goes on afterwards, as one that was slow, or dies there; then the next look finds what it left. Steps
inside a transaction are not among them: there the database lets only one of the two go first. Training and publication
have their own table in tests/training/test_races.py.
"""

import io
import threading
import uuid
from functools import partial

import pytest
from django.db import connections
from django.utils import timezone

from contributions import intake
from contributions.audio import decode
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.listening import asking_again, prelabelling, ratings
from contributions.models import Clip, Examination, Purpose, Rating, Release, Suggestion
from contributions.models.contributor import Split
from contributions.releasing import releases, rewriting, selection, shards
from contributions.screening import examination
from openempathic import storage
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests import harvest, worlds
from tests.races import Step, keys_with, next_look, purpose_taken_back, stopped, withdrawn_and_purged

SOUND = worlds.ANGER.read_bytes()
CLIPS, RELEASES = "clips/", "releases/"
AROUND = ("before", "after")
ENDS = (False, True)


def every(*steps):
    """Before and after each step, and whether the writer dies there."""
    return [
        pytest.param(step, when, dies, id=f"{when}-{step}-{'dies' if dies else 'goes-on'}")
        for step in steps
        for when in AROUND
        for dies in ENDS
    ]


SCREENING = every(
    Step(storage, "fetch"),
    Step(decode, "decode"),
    Step(storage, "put", 0, CLIPS),
    Step(storage, "put", 1, CLIPS),
)


@pytest.mark.parametrize(("step", "when", "dies"), SCREENING)
def test_screening_leaves_nothing_of_a_clip_purged_meanwhile(vera, step, when, dies):
    clip = worlds.stored_clip(vera)

    with stopped(step, when, partial(withdrawn_and_purged, clip), dies=dies):
        assert examination.examine_due(clip.pk) is None
    if dies:
        next_look()

    assert Clip.objects.get().status == Clip.Status.PURGED
    assert list(storage.keys(CLIPS)) == []
    assert not Examination.objects.exists()
    assert not Suggestion.objects.exists()


def test_screening_that_cannot_be_settled_leaves_nothing_either(vera, monkeypatch):
    clip = worlds.stored_clip(vera)

    def breaks(*_args):
        withdrawn_and_purged(clip)
        raise OSError("no room for a folder")

    monkeypatch.setattr(examination, "settle", breaks)

    assert examination.examine_due(clip.pk) is None
    assert list(storage.keys(CLIPS)) == []


def test_a_late_screener_takes_nothing_from_a_clip_that_lives(vera, monkeypatch):
    clip = worlds.stored_clip(vera)
    settle = examination.settle

    def overtaken(*args):
        Clip.objects.update(lease_owner="another", fence=7)
        settle(*args)

    monkeypatch.setattr(examination, "settle", overtaken)

    assert examination.examine_due(clip.pk) is None
    assert len(list(storage.keys(CLIPS))) == 4


def upload(someone, number):
    return intake.intake(
        number,
        contributor=consent.contributor_for(someone),
        body=io.BytesIO(SOUND),
        announced=worlds.announced(SOUND),
        by=someone,
    )


UPLOAD = every(Step(intake, "check_quota"), Step(intake, "keep_bytes"))


@pytest.mark.parametrize(("step", "when", "dies"), UPLOAD)
def test_a_retry_puts_no_bytes_of_a_clip_that_another_try_brought_and_its_speaker_withdrew(vera, step, when, dies):
    number = uuid.uuid4()

    def twin_comes_and_goes():
        withdrawn_and_purged(upload(vera, number).clip)

    with stopped(step, when, twin_comes_and_goes, dies=dies):
        assert not upload(vera, number).is_new
    if dies:
        next_look()

    assert Clip.objects.get().status == Clip.Status.PURGED
    assert list(storage.keys(CLIPS)) == []


def test_a_retry_that_finds_the_bytes_and_then_does_not_is_told_to_come_again(vera, monkeypatch):
    number, read, is_over = uuid.uuid4(), storage.read, []
    storage.put(f"clips/{number}/original", SOUND)

    def gone(key, **options):
        if not is_over:
            is_over.append(key)
            storage.erase(key)
        return read(key, **options)

    monkeypatch.setattr(storage, "read", gone)

    with pytest.raises(intake.StorageAway):
        upload(vera, number)
    assert upload(vera, number).is_new


def test_an_upload_with_the_number_of_a_purged_clip_puts_nothing(vera):
    number = uuid.uuid4()
    withdrawn_and_purged(upload(vera, number).clip)

    assert not upload(vera, number).is_new
    assert list(storage.keys(CLIPS)) == []


@pytest.mark.parametrize(("step", "when", "dies"), UPLOAD)
def test_an_upload_during_which_consent_is_withdrawn_is_refused_and_leaves_nothing(vera, step, when, dies):
    number = uuid.uuid4()

    def consent_ends():
        consent.withdraw(consent.contributor_for(vera), consent.REQUIRED, by=vera, locale="en")

    with stopped(step, when, consent_ends, dies=dies):
        with pytest.raises(intake.NoConsent):
            upload(vera, number)
        assert list(storage.keys(CLIPS)) == []

    assert not Clip.objects.exists()


RATING = every(Step(ratings, "check_may_rate"), Step(ratings, "check_complete"))


@pytest.mark.parametrize(("step", "when", "dies"), RATING)
def test_no_answer_is_kept_about_a_clip_withdrawn_meanwhile(vera, milo, step, when, dies):
    clip = worlds.screened_clip(vera)
    turn = worlds.heard(ratings.open_turn(milo))

    with stopped(step, when, partial(withdrawn_and_purged, clip), dies=dies), pytest.raises(ratings.NoLongerRateable):
        ratings.rate(turn, by=milo, answer=ratings.Answer(is_usable=True, emotion="anger"))

    assert not Rating.objects.exists()
    assert Clip.objects.get().status == Clip.Status.PURGED


@pytest.mark.parametrize("when", AROUND)
def test_no_second_answer_is_kept_about_a_clip_withdrawn_meanwhile(vera, milo, when):
    clip = worlds.screened_clip(vera)
    suggested(clip, scores={"anger": 1.0}, emotion="anger")
    rating = worlds.rated(clip, by=milo)

    there = stopped(Step(asking_again, "answerable"), when, partial(withdrawn_and_purged, clip), dies=False)
    with there, pytest.raises(ratings.NoLongerRateable):
        ratings.reconsider(rating, by=milo, emotion="sadness")

    assert [each.phase for each in Rating.objects.all()] == [Rating.Phase.BLIND]


def suggested(clip, **columns):
    heard, _is_new = Checkpoint.objects.get_or_create(
        digest="a" * 64, defaults={"preset": "nano", "release_digest": "b" * 64, "run_id": clip.pk, "files": {}}
    )
    champion.crown(heard, by="test")
    return Suggestion.objects.create(clip=clip, checkpoint=heard, **columns)


class Deaf:
    """A model that hears nothing and says the same of every clip."""

    def suggest(self, _waveform):
        return {"anger": 1.0}


PRELABELLING = every(
    Step(prelabelling, "loaded"),
    Step(storage, "fetch", 0, CLIPS),
    Step(decode, "decode"),
    Step(prelabelling, "keep"),
)


@pytest.mark.parametrize(("step", "when", "dies"), PRELABELLING)
def test_no_suggestion_stays_of_a_clip_purged_meanwhile(vera, monkeypatch, step, when, dies):
    clip = worlds.screened_clip(vera)
    owed = suggested(clip, next_attempt_at=timezone.now())
    monkeypatch.setattr(prelabelling, "loaded", lambda _checkpoint: Deaf())

    with stopped(step, when, partial(withdrawn_and_purged, clip), dies=dies):
        prelabelling.prelabel_due(owed.pk)

    assert not Suggestion.objects.exists()
    assert list(storage.keys(CLIPS)) == []


def test_no_scores_are_written_for_a_clip_that_is_withdrawn_and_not_purged_yet(vera, monkeypatch):
    clip = worlds.screened_clip(vera)
    owed = suggested(clip, next_attempt_at=timezone.now())
    monkeypatch.setattr(prelabelling, "loaded", lambda _checkpoint: Deaf())

    def withdrawn():
        withdrawal.end(Clip.objects.get(pk=clip.pk), by="contributor")

    with stopped(Step(prelabelling, "keep"), "before", withdrawn, dies=False):
        prelabelling.prelabel_due(owed.pk)

    assert Suggestion.objects.get().scores is None


def test_a_suggestion_owed_by_a_sweep_that_was_slow_is_not_made_and_goes_with_the_next_look(vera):
    clip = worlds.screened_clip(vera)
    suggested(clip).delete()

    with stopped(Step(Suggestion.objects, "bulk_create"), "before", partial(withdrawn_and_purged, clip), dies=False):
        prelabelling.owe_backlog()
    assert prelabelling.prelabel_due(Suggestion.objects.get().pk) is None
    next_look()

    assert not Suggestion.objects.exists()


FREEZE = every(
    Step(selection, "select"),
    Step(shards, "write"),
    Step(releases, "write_manifest"),
    # The draft, the shard, and the manifest after lines, terms, tables and sums.
    Step(storage, "put", 0, RELEASES),
    Step(storage, "adopt", 0, RELEASES),
    Step(storage, "put", 8, RELEASES),
    Step(releases, "put_files"),
)


@pytest.fixture
def field(_stocked):
    """What a release can be made of, and a clip of Vera's among it."""
    harvest.corpus(sides={"ada": Split.TRAIN, "eve": Split.TEST}, emotions=["anger", "neutral"], clips_each=1)
    return harvest.contributed("vera", emotions=["anger"])[0]


def freeze(tmp_path):
    return releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "draft")


def selectable(clip):
    return Clip.objects.covered_by(Purpose.TRAIN_MODELS).filter(pk=clip.pk).exists()


@pytest.mark.parametrize("happens", [withdrawn_and_purged, purpose_taken_back])
@pytest.mark.parametrize(("step", "when", "dies"), FREEZE)
def test_no_release_holds_a_clip_that_left_while_it_was_frozen(field, tmp_path, step, when, dies, happens):
    sound = storage.read(field.archive)

    with stopped(step, when, partial(happens, field), dies=dies):
        freeze(tmp_path)
    if dies:
        next_look()

    assert not selectable(field)
    assert [key for key in keys_with(sound) if key.startswith(RELEASES)] == []
    assert not Release.objects.filter(members__clip=field, members__taken_out_at=None).exists()
    assert [key for key in storage.keys(RELEASES) if key.endswith(rewriting.DRAFT)] == []
    assert len({row.digest for row in Release.objects.all()}) == (0 if dies else 1)


@pytest.mark.parametrize(("step", "when", "dies"), FREEZE)
def test_the_same_of_a_release_that_storage_lost_and_that_is_put_again(field, tmp_path, step, when, dies):
    sound = storage.read(field.archive)
    storage.erase(f"{freeze(tmp_path).prefix}/")

    with stopped(step, when, partial(withdrawn_and_purged, field), dies=dies):
        freeze(tmp_path)
    if dies:
        next_look()

    assert [key for key in keys_with(sound) if key.startswith(RELEASES)] == []
    assert not Release.objects.filter(members__clip=field, members__taken_out_at=None).exists()


@pytest.mark.parametrize("was_frozen_before", [False, True])
@pytest.mark.parametrize("happens", [withdrawn_and_purged, purpose_taken_back])
def test_a_freeze_that_puts_the_sound_after_the_purge_and_then_dies_is_found(
    field, tmp_path, happens, was_frozen_before
):
    sound = storage.read(field.archive)
    if was_frozen_before:
        storage.erase(f"{freeze(tmp_path).prefix}/")

    dies = stopped(Step(releases, "check_still_allowed"), "before", lambda: None, dies=True)
    with dies, stopped(Step(storage, "put", 0, RELEASES), "before", partial(happens, field), dies=False):
        freeze(tmp_path)
    left = [key for key in keys_with(sound) if key.startswith(RELEASES)]
    next_look()

    assert left
    assert [key for key in keys_with(sound) if key.startswith(RELEASES)] == []


def test_a_freeze_that_names_no_clip_that_left_is_left_alone(field, tmp_path):
    another = harvest.contributed("nina", emotions=["anger"], purposes=[Purpose.STORE_AND_REVIEW])[0]

    with stopped(Step(storage, "put", 2, RELEASES), "before", partial(withdrawn_and_purged, another), dies=False):
        release = freeze(tmp_path)

    for shard in storage.keys(f"{release.prefix}/shards/"):
        assert storage.read(shard)
    assert keys_with(storage.read(field.archive))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["archive", "peaks"])
def test_a_screener_that_really_runs_beside_the_purger_leaves_nothing(vera, monkeypatch, key):
    clip = worlds.stored_clip(vera)
    has_come, may_go = threading.Event(), threading.Event()
    put = storage.put

    def waits(name, *args, **options):
        if name == getattr(clip, key):
            has_come.set()
            may_go.wait(60)
        return put(name, *args, **options)

    def screener():
        try:
            examination.examine_due(clip.pk)
        finally:
            connections.close_all()

    monkeypatch.setattr(storage, "put", waits)
    thread = threading.Thread(target=screener)
    thread.start()
    assert has_come.wait(60)
    withdrawn_and_purged(clip)
    may_go.set()
    thread.join(60)

    assert Clip.objects.get().status == Clip.Status.PURGED
    assert list(storage.keys(CLIPS)) == []
