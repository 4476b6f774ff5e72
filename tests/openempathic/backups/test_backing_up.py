"""A place: only what is new is copied, what is too old goes, and what has rotted there is named."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from contributions.leaving import ledger as withdrawals
from openempathic import storage
from openempathic.backups import databases, drafts, ledger, making, newest, scheduling, sealed_keys
from openempathic.backups.faults import AlreadyRunning, Broken, NoPlace, ProgramMissing
from openempathic.backups.models import Backup
from openempathic.backups.places import Place

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORIGINAL, PEAKS = "clips/a/original", "clips/a/peaks.json"
pytestmark = pytest.mark.django_db


@pytest.fixture
def place(settings, tmp_path, monkeypatch):
    """An empty place, and a disk of this test's own; the database is small, since it is not what is looked at."""
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()
    settings.KEYS = settings.VAR / "keys"

    def small(folder):
        (folder / "database.sqlite3").write_bytes(b"rows")
        return databases.Dump(folder / "database.sqlite3", "sqlite", {"clips": 2})

    monkeypatch.setattr(databases, "dump", small)
    return Place(str(tmp_path / "place"))


def backed_up(place, day):
    return making.make(place, now=NOON + timedelta(days=day))


def sounds(place):
    """What the place's objects hold."""
    return {place.read(entry.key) for entry in place.store.listed("objects/")}


def file_of(place, content):
    """Where an object of this content lies on the disk."""
    root = Path(place.url.removeprefix("file://"))
    return next(path for path in root.rglob("*") if path.is_file() and path.read_bytes() == content)


def test_only_what_is_new_is_read_and_copied(place, monkeypatch):
    storage.put(ORIGINAL, b"sound")
    storage.put(PEAKS, b"peaks")
    first = backed_up(place, 0)["objects"]
    storage.put(PEAKS, b"paaks")
    read, asked = storage.read, []
    monkeypatch.setattr(storage, "read", lambda key: asked.append(key) or read(key))

    second = backed_up(place, 1)["objects"]

    assert (first["count"], first["copied"]) == (2, 2)
    assert (second["count"], second["copied"]) == (2, 1)
    assert asked == [PEAKS]
    assert sounds(place) == {b"sound", b"peaks", b"paaks"}


def test_sound_that_was_purged_leaves_every_backup_within_thirty_days(place, settings):
    storage.put(ORIGINAL, b"sound")
    storage.put("clips/b/original", b"other")
    for day in range(3):
        backed_up(place, day)
    storage.erase("clips/a/")
    days_it_was_there = []
    for day in range(3, 36):
        backed_up(place, day)
        if b"sound" in sounds(place):
            days_it_was_there.append(day)
        assert NOON + timedelta(days=day - settings.BACKUP_DAYS) < oldest(place)

    # The last backup that held it was made on day 2, and went before it was 30 days old.
    assert days_it_was_there == list(range(3, 2 + settings.BACKUP_DAYS))
    assert sounds(place) == {b"other"}
    assert Backup.objects.count() == len(place.names())


def oldest(place):
    return datetime.strptime(place.names()[0][:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_what_is_too_old_goes_even_where_no_backup_can_be_made_any_more(place, monkeypatch):
    storage.put(ORIGINAL, b"sound")
    backed_up(place, 0)
    monkeypatch.setattr(databases, "dump", lambda folder: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        backed_up(place, 30)

    assert list(place.store.keys("")) == []


def test_a_backup_that_was_killed_is_none_and_leaves_nothing_once_the_next_is_finished(place, monkeypatch):
    storage.put(ORIGINAL, b"sound")
    with monkeypatch.context() as power_cut:
        power_cut.setattr(ledger, "copy", lambda place: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            backed_up(place, 0)
    assert place.names() == []
    storage.erase("clips/a/")
    storage.put("clips/b/original", b"other")

    told = backed_up(place, 1)

    assert set(place.files()) == {told["name"]}
    assert sounds(place) == {b"other"}


@pytest.mark.parametrize("harm", ["flipped", "cut", "lost"])
@pytest.mark.parametrize("part", ["object", "database", "index", "manifest"])
def test_what_has_rotted_is_named(place, harm, part):
    storage.put(ORIGINAL, b"a sound that is long enough to lose a bit")
    told = backed_up(place, 0)
    root = Path(place.url.removeprefix("file://"))
    within = root / "backups" / told["name"]
    path = {
        "object": root / "objects",
        "database": within / "database.sqlite3",
        "index": within / "objects.sqlite3",
        "manifest": within / "manifest.json",
    }[part]
    path = next(each for each in [path, *path.rglob("*")] if each.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content if harm == "flipped" else content[:-7])
    if harm == "lost":
        path.unlink()

    named = "holds no finished backup" if (part, harm) == ("manifest", "lost") else path.name
    for command in ("verify_backup", "restore"):
        with pytest.raises(CommandError, match=re.escape(named)):
            call_command(command, place.url, **({"over": True} if command == "restore" else {}))
    if part == "object":
        with pytest.raises(CommandError, match=ORIGINAL):
            call_command("verify_backup", place.url)


def test_what_has_rotted_is_copied_anew_while_the_storage_has_it(place):
    storage.put(ORIGINAL, b"sound")
    backed_up(place, 0)
    file_of(place, b"sound").write_bytes(b"soumd")

    mended = sum(backed_up(place, day)["objects"]["mended"] for day in range(1, 29))

    assert mended == 1
    assert sounds(place) == {b"sound"}


def test_what_is_erased_while_the_copy_runs_is_no_fault(place, monkeypatch):
    storage.put(ORIGINAL, b"sound")
    storage.put("clips/b/original", b"other")
    listed = list(storage.listed(""))
    storage.erase("clips/a/")
    monkeypatch.setattr(storage, "listed", lambda prefix: iter(listed))

    told = backed_up(place, 0)["objects"]

    assert (told["count"], told["gone"], told["damaged"]) == (1, 1, [])


def test_the_ledger_goes_ahead_of_the_next_backup(place):
    assert f"{withdrawals.ROOT}/" == ledger.ROOT
    scheduling.turn(place, now=NOON)
    storage.put("withdrawals/clips/a", b"{}")

    assert scheduling.turn(place, now=NOON + timedelta(hours=23)) is False
    assert list(place.store.keys("ledger/")) == ["ledger/withdrawals/clips/a"]
    assert scheduling.turn(place, now=NOON + timedelta(hours=24)) is True


def test_another_sites_backups_are_not_touched(place, settings):
    storage.put(ORIGINAL, b"sound")
    backed_up(place, 0)
    settings.SIGNATURE_KEY = "another site's"

    with pytest.raises(Broken, match="another key"):
        backed_up(place, 40)

    assert sounds(place) == {b"sound"}


def test_nobody_backs_up_into_the_storage_itself(settings):
    inside = Path(settings.STORAGE_URL.removeprefix("file://"))
    for word in (inside, inside / "backups", inside.parent):
        with pytest.raises(NoPlace):
            Place(str(word))
    Place(f"{inside}-copies")


def test_two_do_not_work_at_once(place):
    with drafts.draft(), pytest.raises(AlreadyRunning):
        backed_up(place, 0)


def test_keys_lie_beside_it_only_where_that_was_asked_for_and_only_the_word_opens_them(place, settings, monkeypatch):
    backed_up(place, 0)
    assert "keys/sealed" not in place.store.keys("")
    monkeypatch.setattr(sealed_keys, "COST", 1 << 10)
    making.make(place, now=NOON + timedelta(days=1), passphrase="seven quiet horses")

    assert settings.SIGNING_KEY.encode() not in place.read("keys/sealed")
    with pytest.raises(sealed_keys.WrongPassphrase):
        sealed_keys.unseal(place, "seven loud horses")
    kept = sealed_keys.unseal(place, "seven quiet horses")
    assert kept["signing.key"] == settings.SIGNING_KEY

    settings.SIGNING_KEY = "made at this machine's first start"
    with pytest.raises(CommandError, match="another signing key"):
        call_command("restore", place.url)
    with pytest.raises(sealed_keys.OthersThere):
        sealed_keys.bring_back(kept, over=False)
    (written,) = sealed_keys.bring_back(kept, over=True)
    assert written.read_text() == kept["signing.key"]
    assert written.stat().st_mode & 0o077 == 0


def test_a_site_that_is_not_empty_is_not_written_over_unless_told(place):
    storage.put(ORIGINAL, b"sound")
    backed_up(place, 0)

    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", place.url)


def test_the_age_of_the_newest_is_known_and_a_late_one_is_said(place):
    with pytest.raises(CommandError, match="none yet"):
        call_command("back_up", check=True)
    backed_up(place, 0)

    assert newest.age_seconds(NOON + timedelta(hours=5)) == 5 * 3600
    assert not newest.is_late(NOON + timedelta(hours=47))
    assert newest.is_late(NOON + timedelta(hours=49))


def test_without_postgresqls_programs_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ProgramMissing, match="pg_dump is not installed"):
        databases.run("pg_dump")
