"""The champion, and the files a worker gets of it."""

import json

import pytest

from openempathic import storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion, fetching
from openempathic.registry.champion import NotFetchable
from openempathic.registry.models import Checkpoint
from tests.checkpoints import put_checkpoint

pytestmark = pytest.mark.django_db
WEIGHTS = bytes(range(256)) * 40


def published(digest: str, *, content: bytes = WEIGHTS) -> Checkpoint:
    """A signed checkpoint of two files in storage, not crowned yet."""
    return put_checkpoint({"model.safetensors": content, "config.json": b"{}"}, digest=digest)


@pytest.fixture
def first():
    checkpoint = published("first")
    champion.crown(checkpoint, by="tester")
    return checkpoint


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch):
    monkeypatch.setattr(fetching, "_verified", set())


def test_without_a_publication_there_is_no_champion_and_no_alias():
    champion.point_alias()

    assert champion.champion() is None
    assert champion.alias() is None


def test_a_crown_passes_on_and_is_audited(first):
    second = published("second")

    champion.crown(second, by="tester")

    first.refresh_from_db()
    assert champion.champion() == second
    assert first.status == Checkpoint.Status.PREVIOUS
    assert AuditEvent.objects.filter(act="checkpoint.champion").count() == 2


def test_the_alias_follows_the_database_and_is_written_only_when_it_differs(first, monkeypatch):
    champion.point_alias()
    second = published("second")
    champion.crown(second, by="tester")
    before = champion.alias()["digest"]
    champion.point_alias()
    after = champion.alias()["digest"]
    monkeypatch.setattr(storage, "put", None)
    champion.point_alias()

    assert (before, after) == ("first", "second")


def test_an_alias_that_was_overtaken_is_put_right(first, monkeypatch):
    second = published("second")
    put = storage.put

    def overtaken(key, body):
        put(key, body)
        if json.loads(body)["digest"] == "first":
            champion.crown(second, by="a faster trainer")

    monkeypatch.setattr(storage, "put", overtaken)

    champion.point_alias()

    assert champion.alias()["digest"] == "second"


def test_a_half_written_alias_is_replaced(first):
    storage.put(champion.ALIAS, b'{"digest": "fir')

    champion.point_alias()

    assert champion.alias()["digest"] == "first"


def test_a_worker_gets_the_files_once(first, tmp_path, monkeypatch):
    folder = champion.fetch(first, into=tmp_path)
    monkeypatch.setattr(storage, "fetch", None)
    again = champion.fetch(first, into=tmp_path)

    assert folder == again
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_byte_that_changed_in_storage_is_refused_and_leaves_nothing(first, tmp_path):
    damaged = bytearray(WEIGHTS)
    damaged[5000] ^= 1
    storage.put(f"{first.prefix}/model.safetensors", bytes(damaged))

    with pytest.raises(NotFetchable, match=r"model\.safetensors of checkpoint first is not what was published"):
        champion.fetch(first, into=tmp_path)
    assert not (tmp_path / "first" / "model.safetensors").exists()


def test_a_file_that_is_gone_from_storage_is_named(first, tmp_path):
    storage.erase(f"{first.prefix}/config.json")

    with pytest.raises(NotFetchable, match=r"config\.json of checkpoint first"):
        champion.fetch(first, into=tmp_path)


def test_a_local_copy_that_rotted_is_mended_by_the_next_process(first, tmp_path, monkeypatch):
    folder = champion.fetch(first, into=tmp_path)
    (folder / "model.safetensors").write_bytes(b"rotten")
    monkeypatch.setattr(fetching, "_verified", set())

    champion.fetch(first, into=tmp_path)

    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
