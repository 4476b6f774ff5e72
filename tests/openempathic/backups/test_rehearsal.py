"""A site is lost and comes back on an empty machine: what was withdrawn stays so, and nothing else is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as site
from django.core.management import call_command

from openempathic.backups import newest
from openempathic.backups.models import Backup
from tests import servers, sites
from tests.openempathic.backups import machine

KEYS = {
    "OE_SECRET_KEY": site.SECRET_KEY,
    "OE_SIGNING_KEY": site.SIGNING_KEY,
    "OE_SIGNATURE_KEY": site.SIGNATURE_KEY,
}


@pytest.mark.django_db(transaction=True)
def test_a_site_comes_back_on_an_empty_machine_without_what_was_withdrawn(settings, tmp_path, capsys):
    settings.VAR = tmp_path / "here"
    settings.VAR.mkdir()
    clips = machine.world()["clips"]
    place = str(tmp_path / "place")
    call_command("back_up", place)
    told = capsys.readouterr().out
    before = machine.seen()
    # After the backup; the machine is lost some minutes later, with everything on it.
    machine.withdraw(clips[1])
    call_command("back_up", place, ledger=True)

    there = elsewhere(tmp_path, "restored", place, **KEYS)

    assert "The keys are NOT in it" in told
    assert newest.age_seconds(Backup.objects.get().finished_at) >= 0
    compare(before, there, clips)


def compare(before: dict, there: dict, clips: list[str]) -> None:
    """Of three clips the first was withdrawn before the backup, the second after it, the third never."""
    purged, withdrawn, living = clips
    assert there["clips"] == before["clips"] | {withdrawn: "WITHDRAWN"}
    assert there["clips"][purged] == "PURGED"
    assert there["clips"][living] == "ACCEPTED"
    # A backup does not hold the row that says it was made.
    before["rows"]["backups_backup"] -= 1
    # The replay adds to the log, owes, and needs no listener for what is gone.
    added = {table for table, count in there["rows"].items() if count != before["rows"].get(table)}
    assert added <= {"audit_auditevent", "contributions_takingback", "contributions_listeningneed"}
    assert there["objects"].items() >= before["objects"].items()
    assert set(there["objects"]) - set(before["objects"]) == {f"withdrawals/clips/{withdrawn}"}
    assert not [key for key in there["objects"] if purged in key and not key.startswith("withdrawals/")]
    assert withdrawn not in there["heard"]
    assert there["heard"][living] == before["objects"][f"clips/{living}/archive.flac"]
    assert sorted(there["feed"]) == sorted([purged, withdrawn])
    assert there["health"] == 200
    assert there["at_last"]["clips"][withdrawn] == "PURGED"
    assert not [key for key in there["at_last"]["objects"] if withdrawn in key and not key.startswith("withdrawals/")]


def elsewhere(folder: Path, *words: str, **environment: str) -> dict:
    """What another machine does with the words, whose environment has nothing of this one's."""
    left_out = ("DATABASE_URL", "STORAGE_URL", "DJANGO_SETTINGS_MODULE", "OE_VAR")
    environment = {
        **{name: x for name, x in os.environ.items() if name not in left_out},
        "DJANGO_SETTINGS_MODULE": "openempathic.settings",
        "OE_VAR": str(folder / f"machine-{uuid4().hex[:6]}"),
        **environment,
    }
    command = [sys.executable, "-m", "tests.openempathic.backups.machine", *words]
    done = subprocess.run(command, cwd=sites.HOUSE, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.soak
def test_so_does_one_on_postgresql_and_s3_and_it_serves(postgres_server, s3_server, tmp_path):
    def at(name: str) -> dict[str, str]:
        return {
            **s3_server.environment,
            "DATABASE_URL": servers.new_database(postgres_server),
            "STORAGE_URL": s3_server.url.replace("?", f"/{name}-{uuid4().hex[:6]}?"),
            "OE_BACKUP_URL": s3_server.url.replace("?", f"/place-{tmp_path.name}?"),
            "OE_BACKUP_PASSPHRASE": "seven quiet horses",
            "PATH": f"{servers.postgres_programs()}:{os.environ['PATH']}",
        }

    here, there = at("here"), at("there")
    with sites.site(tmp_path / "here", here) as lost:
        clips = elsewhere(tmp_path, "world", **here, OE_VAR=lost.environment["OE_VAR"])["clips"]
        lost.manage("back_up")
        lost.manage("verify_backup")
        before = elsewhere(tmp_path, "seen", **here, OE_VAR=lost.environment["OE_VAR"])
        elsewhere(tmp_path, "withdraw", clips[1], **here, OE_VAR=lost.environment["OE_VAR"])
        lost.manage("back_up", "--ledger")

    other = sites.Site(tmp_path / "there", there)
    try:
        other.manage("restore_keys", "--over")
        after = elsewhere(tmp_path, "restored", **there, OE_VAR=other.environment["OE_VAR"])
        other.prepare_anew()
        other.start("web", sites.COMMANDS["web"], other.is_healthy)
        compare(before, after, clips)
        assert other.is_healthy()
    finally:
        other.stop()
