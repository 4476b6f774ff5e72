"""Anybody reads of what was published and verifies it; curators roll back and retract; the log says who and why."""

import json
import threading
from functools import partial
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from openempathic import storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests.checkpoints import put_checkpoint
from tests.training.conftest import EVALUATION

FILES = ("README.md", "config.json", "model.safetensors")


def published(seed, **columns):
    """Another checkpoint, crowned."""
    content = {name: f"{name} {seed}".encode() * 50 for name in FILES}
    with transaction.atomic():
        checkpoint = put_checkpoint(content, is_signed=False, evaluation=EVALUATION, **columns)
        champion.crown(checkpoint, by="test")
    checkpoint.refresh_from_db()
    return checkpoint


@pytest.fixture
def three(db):
    """Three champions, one after another."""
    made = [published(seed) for seed in range(3)]
    champion.point_alias()
    return made


def statuses():
    return list(Checkpoint.objects.order_by("number").values_list("status", flat=True))


def aliases():
    told = [champion.alias(key) for key in (champion.ALIAS, champion.PREVIOUS_ALIAS)]
    return [each and each["digest"] for each in told]


def test_a_rollback_brings_the_one_before_back_and_the_aliases_with_it(three, cleo):
    _first, second, third = three
    before = aliases()

    champion.rollback(by=cleo, reason="Worse on whispers.")

    assert before == [third.digest, second.digest]
    assert statuses() == ["PREVIOUS", "CHAMPION", "PREVIOUS"]
    assert aliases() == [second.digest, third.digest]
    event = AuditEvent.objects.get(act="checkpoint.rolled_back")
    assert (event.actor, event.facts["reason"], event.facts["left"]) == (cleo, "Worse on whispers.", third.digest)


def test_the_retracted_champion_is_followed_by_the_newest_sound_one_and_in_the_end_by_nobody(three, cleo):
    first, second, third = three
    champion.refuse(second, "its files are damaged", by="test")

    holders = [
        champion.retract(third, by=cleo, reason="It knew its test."),
        champion.retract(first, by=cleo, reason="x"),
    ]

    assert holders == [first, None]
    assert statuses() == ["RETRACTED", "PREVIOUS", "RETRACTED"]
    assert aliases() == [None, None]
    assert champion.previous() is None


@pytest.mark.parametrize("who", ["otto", "milo"])
def test_only_a_curator_changes_who_serves(three, request, who):
    person = request.getfixturevalue(who)

    for act in (champion.rollback, partial(champion.retract, three[0])):
        with pytest.raises(champion.NotChanged):
            act(by=person, reason="I would like to.")
    assert statuses() == ["PREVIOUS", "PREVIOUS", "CHAMPION"]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 401])
def test_nobody_changes_it_without_a_reason(three, cleo, reason):
    with pytest.raises(champion.NotChanged):
        champion.rollback(by=cleo, reason=reason)


def test_there_may_be_nothing_to_come_back_to(db, cleo):
    only = published(0)
    with pytest.raises(champion.NotChanged):
        champion.rollback(by=cleo, reason="x")
    champion.retract(only, by=cleo, reason="x")

    with pytest.raises(champion.NotChanged):
        champion.retract(only, by=cleo, reason="x")
    with pytest.raises(champion.NotCrownable):
        champion.crown(only, by="trainer")


def test_one_command_rolls_back_and_one_retracts(three):
    said = StringIO()

    call_command("rollback", reason="Worse.", stdout=said)
    call_command("rollback", reason="Not that one.", to="1", stdout=said)
    call_command("retract", three[2].version, reason="It leaked.", stdout=said)

    assert statuses() == ["CHAMPION", "PREVIOUS", "RETRACTED"]
    assert [line.split()[1] for line in said.getvalue().splitlines()[:2]] == ["2", "1"]
    for wrong in ("9", "abc", three[0].version[:5], ""):
        with pytest.raises(CommandError):
            call_command("retract", wrong, reason="x")


def test_a_curator_rolls_back_and_retracts_on_the_page(three, cleo, client):
    _first, second, third = three
    client.force_login(cleo)
    page = client.get(reverse("checkpoints")).content.decode()
    asked = client.get(reverse("checkpoint-crown", args=[second.version])).content.decode()
    client.post(reverse("checkpoint-crown", args=[second.version]), {"reason": "Worse on whispers."})
    client.post(reverse("checkpoint-retraction", args=[third.version]), {"reason": "It leaked."})
    told = client.get(reverse("checkpoint", args=[third.version])).content.decode()

    assert "Roll back to checkpoint 2" in page
    assert "Roll back?" in asked
    assert statuses() == ["PREVIOUS", "CHAMPION", "RETRACTED"]
    assert "It leaked." in told
    assert "cleo@example.org" in told


def test_a_worker_that_refuses_the_champion_is_told_of_on_the_page(three, cleo, client):
    champion.refuse(three[2], "its signature does not fit", by="worker:prelabelling")
    client.force_login(cleo)

    page = client.get(reverse("checkpoints")).content.decode()

    assert "its signature does not fit" in page
    assert f"Checkpoint 2 (<code>{three[1].version}</code>) makes the suggestions now." in page


def test_anybody_reads_the_figures_and_downloads_what_the_manifest_lists(three, client):
    listed = client.get(reverse("models")).content.decode()
    page = client.get(reverse("model", args=[three[2].version])).content.decode()
    address = partial(reverse, "model-file")
    whole = client.get(address(args=[three[2].version, "model.safetensors"]))
    part = client.get(address(args=[three[2].version, "model.safetensors"]), headers={"Range": "bytes=3-9"})
    again = client.get(address(args=[three[2].version, "model.safetensors"]), headers={"If-None-Match": whole["ETag"]})
    manifest = json.loads(b"".join(client.get(address(args=[three[2].version, "manifest.json"])).streaming_content))
    content = b"".join(whole.streaming_content)

    assert [f"Checkpoint {number}" in listed for number in (1, 2, 3)] == [True] * 3
    assert "0.500" in page
    assert "0.400 – 0.600" in page
    assert content == storage.read(f"{three[2].prefix}/model.safetensors")
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[3:10])
    assert again.status_code == 304
    assert manifest["files"] == three[2].files
    assert client.get(address(args=[three[2].version, "withdrawn.json"])).status_code == 404


def test_a_retracted_checkpoint_is_a_name_and_a_reason_and_a_delisted_one_has_no_files(three, cleo, client):
    first, _second, third = three
    champion.retract(third, by=cleo, reason="It knew its test.")
    Checkpoint.objects.filter(pk=first.pk).update(delisted_at="2026-11-01T00:00Z")

    pages = {each.pk: client.get(reverse("model", args=[each.version])).content.decode() for each in three}
    files = [client.get(reverse("model-file", args=[each.version, "README.md"])).status_code for each in three]

    assert files == [404, 200, 404]
    assert "It knew its test." in pages[third.pk]
    assert "0.500" not in pages[third.pk]
    assert "no longer offered" in pages[first.pk]
    assert "0.500" in pages[first.pk]
    assert "Load it" not in pages[first.pk]


def test_the_seed_head_and_candidates_have_no_page(db, client):
    for status in ("SEED", "CANDIDATE"):
        row = Checkpoint.objects.create(
            digest=status.lower().ljust(64, "0"),
            status=status,
            release_digest="",
            run_id="0" * 32,
            files={"README.md": "0"},
        )
        assert client.get(reverse("model", args=[row.version])).status_code == 404
        assert client.get(reverse("model-file", args=[row.version, "README.md"])).status_code == 404
    assert "Checkpoint" not in client.get(reverse("models")).content.decode().partition("<table")[2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["rollback", "retract"])
def test_a_change_and_a_publication_at_once_leave_one_champion_and_its_alias(act, cleo):
    _first, second = published(0), published(1)
    change = partial(champion.rollback) if act == "rollback" else partial(champion.retract, second)
    gate, faults = threading.Barrier(2), []

    def both(does):
        gate.wait()
        try:
            does()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    acts = (lambda: published(2), lambda: change(by="operator", reason="x"))
    threads = [threading.Thread(target=both, args=[each]) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    champion.follow()

    assert faults == []
    assert statuses().count("CHAMPION") == 1
    assert statuses().count("RETRACTED") == (act == "retract")
    assert aliases()[0] == champion.champion().digest
