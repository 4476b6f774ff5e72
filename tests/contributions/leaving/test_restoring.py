"""A backup is restored: whatever was taken back since is taken back again before anybody is served."""

import io
import json
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contributions.consenting import consent, guests, records
from contributions.leaving import farewell, ledger, restoring, strays, withdrawal
from contributions.models import Clip, Contributor, LicenceGrant, Purpose, Release, TakingBack
from contributions.models.contributor import Split
from contributions.releasing import releases
from openempathic import storage
from openempathic.accounts.models import User
from openempathic.registry.models import Checkpoint
from tests import harvest

EVERYTHING = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS, Purpose.RELEASE_DATASET)
T, D = Release.Kind.TRAINING, Release.Kind.DATASET
# SQLite copies no database in the middle of a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


class Backup:
    """Copies of the database, by SQLite itself, and of the storage's folder; each can be put back by itself."""

    def __init__(self, folder):
        self.folder = folder
        self.database = sqlite3.connect(":memory:")
        connection.ensure_connection()
        connection.connection.backup(self.database)
        storage_folder().mkdir(exist_ok=True)
        shutil.copytree(storage_folder(), folder)

    def restore_database(self):
        self.database.backup(connection.connection)

    def restore_storage(self):
        shutil.rmtree(storage_folder())
        shutil.copytree(self.folder, storage_folder())

    def restore(self, what):
        if "database" in what:
            self.restore_database()
        if "storage" in what:
            self.restore_storage()


def storage_folder():
    return Path(unquote(urlsplit(site.STORAGE_URL).path))


@pytest.fixture
def world(_stocked, tmp_path):
    """Vera's clips and a corpus, in a release of each kind."""
    harvest.corpus(sides={"ada": Split.TRAIN, "eve": Split.TEST}, emotions=["anger", "neutral"], clips_each=1)
    clips = harvest.contributed("vera", emotions=["anger", "neutral"], purposes=EVERYTHING)
    frozen = {kind: freeze(kind, tmp_path) for kind in (T, D)}
    return clips, frozen


def freeze(kind, tmp_path):
    return releases.freeze(kind, at=timezone.now(), by="tester", folder=tmp_path / f"draft-{kind}")


def vera():
    return User.objects.get(email="vera@example.org")


def voice():
    return Contributor.objects.get(user=vera())


def work():
    """What the sweep has the workers do."""
    for pk in TakingBack.objects.filter(next_attempt_at__isnull=False).values_list("pk", flat=True):
        withdrawal.carry_due(pk)
    for pk in Clip.objects.filter(status="WITHDRAWN").values_list("pk", flat=True):
        withdrawal.purge_due(pk)


def files_with(sounds):
    return [key for key in storage.keys("") if any(sound in storage.read(key) for sound in sounds)]


def records_hold():
    return not list(records.broken_records())


@pytest.mark.parametrize("restored", [("database",), ("storage",), ("database", "storage")])
def test_a_clip_withdrawn_after_the_backup_is_gone_again(world, tmp_path, restored, client, milo):
    clips, _frozen = world
    clip, sound = clips[0], storage.read(clips[0].archive)
    backup = Backup(tmp_path / "backup")
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera())
    work()
    feed = kept_feed(client, tmp_path)
    backup.restore(restored)
    call_command("replay_withdrawals", feed=feed if len(restored) == 2 else None)

    assert not Clip.objects.live().filter(pk=clip.pk).exists()
    assert not Clip.objects.covered_by(Purpose.TRAIN_MODELS).filter(pk=clip.pk).exists()
    client.force_login(milo)
    assert client.get(reverse("clip-audio", args=[clip.pk])).status_code == 404
    work()
    assert Clip.objects.get(pk=clip.pk).status == "PURGED"
    assert files_with([sound]) == []
    assert Clip.objects.get(pk=clips[1].pk).status == "ACCEPTED"
    assert files_with([storage.read(clips[1].archive)])
    assert ledger.key_of_clip(clip.pk) in storage.keys("withdrawals/")
    assert restoring.replay() == {}


def kept_feed(client, tmp_path):
    path = tmp_path / "feed.json"
    path.write_bytes(client.get(reverse("tombstones")).content)
    return str(path)


@pytest.mark.parametrize("restored", [("database",), ("storage",), ("database", "storage")])
def test_a_purpose_taken_back_after_the_backup_is_taken_back_again(world, tmp_path, restored, client):
    clips, frozen = world
    sounds = [storage.read(clip.archive) for clip in clips]
    backup = Backup(tmp_path / "backup")
    consent.withdraw(voice(), Purpose.TRAIN_MODELS, by=vera(), locale="en")
    work()
    feed = kept_feed(client, tmp_path)
    backup.restore(restored)
    call_command("replay_withdrawals", feed=feed if len(restored) == 2 else None)

    assert not consent.covers(voice(), Purpose.TRAIN_MODELS)
    assert consent.covers(voice(), Purpose.RELEASE_DATASET)
    work()
    held = files_with(sounds)
    assert not [key for key in held if key.startswith(frozen[T].prefix)]
    assert [key for key in held if key.startswith(frozen[D].prefix)]
    assert records_hold()
    assert restoring.replay() == {}


def test_the_very_event_is_chained_again_where_it_fits_and_else_one_that_says_the_same(world, tmp_path):
    backup = Backup(tmp_path / "backup")
    (event,) = consent.withdraw(voice(), Purpose.TRAIN_MODELS, by=vera(), locale="en")
    work()
    backup.restore_database()
    restoring.replay()
    assert voice().consent_events.last().sha256 == event.sha256

    backup.restore_database()
    consent.withdraw(voice(), Purpose.RELEASE_DATASET, by=vera(), locale="en")
    done = restoring.replay()

    assert done["purposes"] == 1
    assert voice().consent_events.last().sha256 != event.sha256
    assert not consent.covers(voice(), Purpose.TRAIN_MODELS)
    assert records_hold()


def test_nobody_loses_a_consent_given_after_the_word_that_is_replayed(world, tmp_path):
    backup = Backup(tmp_path / "backup")
    consent.withdraw(voice(), Purpose.TRAIN_MODELS, by=vera(), locale="en")
    work()
    backup.restore_database()
    shown = consent.texts("en")
    consent.decide(voice(), given=set(EVERYTHING), shown=shown, locale="en", is_adult=True, by=vera())
    done = restoring.replay()

    assert done["purposes"] == 0
    assert consent.covers(voice(), Purpose.TRAIN_MODELS)


def test_the_required_purpose_takes_every_clip_with_it_again(world, tmp_path):
    clips, _frozen = world
    backup = Backup(tmp_path / "backup")
    consent.withdraw(voice(), consent.REQUIRED, by=vera(), locale="en")
    work()
    backup.restore_database()
    # As if the workers had written the purposes and been killed before they came to the clips.
    storage.erase("withdrawals/clips/")
    restoring.replay()

    assert set(consent.current(voice()).values()) == {False}
    assert not Clip.objects.live().filter(pk__in=[clip.pk for clip in clips]).exists()
    assert records_hold()


def test_with_the_required_purpose_the_others_end_even_where_the_ledger_was_told_of_it_alone(world, tmp_path):
    backup = Backup(tmp_path / "backup")
    consent.withdraw(voice(), Purpose.STORE_AND_REVIEW, by=vera(), locale="en")
    required = TakingBack.objects.get(purpose=Purpose.STORE_AND_REVIEW)
    withdrawal.carry_due(required.pk)
    backup.restore_database()

    restoring.replay()

    assert not any(consent.current(voice()).values())
    assert consent.broken_link(voice()) is None


def test_an_account_that_came_back_is_deleted_again_and_nobody_elses(world, otto, milo, tmp_path):
    backup = Backup(tmp_path / "backup")
    number = vera().pk
    farewell.delete_account(vera(), locale="en")
    farewell.delete_account(milo, locale="en")
    work()
    backup.restore_database()
    done = restoring.replay()

    assert done["accounts"] == 2
    assert not User.objects.filter(pk__in=[number, milo.pk]).exists()
    assert User.objects.filter(pk=otto.pk).exists()
    assert restoring.replay() == {}


def test_a_number_that_somebody_else_was_given_since_is_theirs(world, tmp_path):
    farewell.delete_account(vera(), locale="en")
    work()
    (key,) = ledger.all_keys()[ledger.ACCOUNTS]
    User.objects.create_user("nina@example.org", "a long enough word", pk=int(key.split("/")[-2]))
    restoring.replay()

    assert User.objects.filter(email="nina@example.org").exists()


def test_a_guests_code_that_ended_opens_nothing_again(_stocked, tmp_path):
    guest = guests.welcome()
    code = guests.code_of(guest)
    backup = Backup(tmp_path / "backup")
    farewell.end_guest(guest, locale="en")
    work()
    backup.restore_database()
    assert guests.admit(code, now=timezone.now()) == guest
    restoring.replay()

    with pytest.raises(guests.CodeEnded):
        guests.admit(code, now=timezone.now())


def test_a_licence_that_ended_has_ended_again(world, tmp_path):
    backup = Backup(tmp_path / "backup")
    withdrawal.end_licence(LicenceGrant.objects.get(), by="operator")
    work()
    backup.restore_database()
    done = restoring.replay()

    assert done["licences"] == 1
    assert LicenceGrant.objects.get().ended_at is not None


def test_an_older_storage_makes_every_mark_beside_a_checkpoint_due_again(world, tmp_path):
    clips, frozen = world
    marked = Checkpoint.objects.create(
        digest="c" * 64,
        preset="nano",
        release_digest=frozen[T].digest,
        run_id=clips[0].pk,
        files={},
        withdrawn_marked=1,
    )
    backup = Backup(tmp_path / "backup")
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera())
    work()
    backup.restore_storage()
    restoring.replay()

    marked.refresh_from_db()
    assert marked.withdrawn_marked == 0


def test_a_replay_killed_before_it_erased_begins_anew(world, tmp_path, monkeypatch):
    clips, _frozen = world
    sound = storage.read(clips[0].archive)
    backup = Backup(tmp_path / "backup")
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera())
    work()
    backup.restore_storage()

    class PowerCut(BaseException):
        pass

    def power_cut(_clip):
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(strays, "look", power_cut)
        with pytest.raises(PowerCut):
            restoring.replay()
    restoring.replay()

    assert files_with([sound]) == []


def test_the_thorough_replay_looks_at_clips_that_nobody_doubts(world):
    clips, _frozen = world
    sound = storage.read(clips[0].archive)
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera())
    work()
    storage.put(clips[0].original, sound)

    assert restoring.replay() == {}
    assert restoring.replay(is_thorough=True) == {"strays": 1}
    assert files_with([sound]) == []


def test_with_nothing_to_do_it_asks_few_questions_whatever_was_withdrawn(
    world, django_assert_max_num_queries, monkeypatch
):
    clips, _frozen = world
    for clip in clips:
        withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera())
    work()
    reads = []
    monkeypatch.setattr(ledger, "entry", lambda key: reads.append(key))

    with django_assert_max_num_queries(20):
        assert restoring.replay() == {}
    assert reads == []


def test_when_storage_is_away_the_start_stops(db, monkeypatch):
    def away(_prefix):
        raise storage.StorageUnreachable("away")

    monkeypatch.setattr(storage, "keys", away)

    with pytest.raises(CommandError, match="nothing may be served"):
        call_command("replay_withdrawals")


def test_a_feed_that_this_site_did_not_sign_withdraws_nothing(world, client, tmp_path):
    clips, _frozen = world
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera())
    forged = json.loads(Path(kept_feed(client, tmp_path)).read_text())
    forged["content"]["clips"][0]["clip"] = str(clips[1].pk)
    (tmp_path / "forged.json").write_text(json.dumps(forged))

    with pytest.raises(CommandError, match="changed after it was signed"):
        call_command("replay_withdrawals", feed=str(tmp_path / "forged.json"))
    assert Clip.objects.get(pk=clips[1].pk).status == "ACCEPTED"


def test_the_command_says_what_it_did(world, tmp_path):
    clips, _frozen = world
    backup = Backup(tmp_path / "backup")
    withdrawal.withdraw(Clip.objects.get(pk=clips[0].pk), by=vera())
    work()
    backup.restore_database()
    said = io.StringIO()
    call_command("replay_withdrawals", stdout=said)

    assert "Replayed: 1 clips withdrawn." in said.getvalue()


def test_the_site_replays_before_it_serves():
    house = Path(site.BASE_DIR)

    for start in ("run", "docker-compose.yml"):
        words = (house / start).read_text()
        assert words.index("migrate") < words.index("replay_withdrawals") < words.index("first_curator")
