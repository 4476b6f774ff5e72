"""A worker killed in the middle of screening: every clip is screened all the same, once."""

import shutil
import uuid

import pytest

from tests import servers, sites, worlds
from tests.forms import first_of

pytestmark = pytest.mark.faults
CLIPS = 12


@pytest.fixture(params=first_of(["servers", "embedded"]))
def site(request, tmp_path):
    environment = {"OE_LEASE_SECONDS": "4"}
    if request.param == "servers":
        postgres = request.getfixturevalue("postgres_server")
        for name in ("redis_server", "s3_server"):
            environment |= request.getfixturevalue(name).environment
        environment["DATABASE_URL"] = servers.new_database(postgres)
        # A corner of the bucket of its own: other tests keep their sound there too.
        environment["STORAGE_URL"] = environment["STORAGE_URL"].replace("?", f"/{uuid.uuid4().hex}?")
    with sites.site(tmp_path, environment) as made:
        yield made


def corpus(folder):
    """A little corpus of the spoken clips, each said to be many."""
    folder.mkdir()
    sounds = sorted(worlds.SOUNDS.glob("*.wav"))
    lines = ["path\tspeaker\temotion\tlanguage"]
    for number in range(CLIPS):
        sound = sounds[number % len(sounds)]
        shutil.copy(sound, folder / f"{number}.wav")
        lines.append(f"{number}.wav\t{number % 4}\t{sound.stem.split('-')[1]}\tde")
    (folder / "labels.tsv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_worker_killed_while_it_screens_loses_nothing_and_does_nothing_twice(site, tmp_path):
    folder = corpus(tmp_path / "corpus")
    words = ["--folder", str(folder), "--labels", str(folder / "labels.tsv"), "--licence", "CC-BY-4.0", "--source", "x"]
    site.manage("import_corpus", "little", *words)
    site.start("beat", sites.COMMANDS["beat"])

    killed_in_the_middle = 0
    for _kill in range(2):
        worker = site.start("worker", sites.COMMANDS["worker"])
        site.wait_for(lambda: site.rows(BEING_SCREENED), "a worker took a clip")
        worker.kill()
        killed_in_the_middle += len(site.rows(BEING_SCREENED))
    site.start("worker", sites.COMMANDS["worker"])
    site.wait_for(lambda: not site.rows(STORED), "every clip was screened")

    assert killed_in_the_middle > 0
    assert site.rows("SELECT count(*) FROM contributions_clip WHERE status = 'IN_REVIEW'") == [(CLIPS,)]
    assert site.rows("SELECT count(*), count(DISTINCT clip_id) FROM contributions_examination") == [(CLIPS, CLIPS)]
    assert site.rows("SELECT count(*) FROM audit_auditevent WHERE act = 'clip.in_review'") == [(CLIPS,)]


STORED = "SELECT id FROM contributions_clip WHERE status = 'STORED'"
BEING_SCREENED = STORED + " AND lease_owner <> ''"
