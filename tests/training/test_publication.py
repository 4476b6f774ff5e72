"""What is published, and that nobody publishes without the lease."""

import json

import pytest
from django.db.models.functions import Now

from contributions.models import Suggestion
from openempathic import leases, moves, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion, signing
from openempathic.registry.manifests import BESIDE
from openempathic.registry.models import Checkpoint
from training import publication, retraining, schedule
from training.clara import Clara
from training.models import TrainingRun

S = TrainingRun.Status


def snapshot():
    """All that the world can see of publications."""
    rows = list(Checkpoint.objects.values_list("digest", "status")), list(TrainingRun.objects.values_list("status"))
    return rows, AuditEvent.objects.count(), sorted(key for key in storage.keys("") if not key.startswith("clips/"))


def test_what_is_published_is_whole_verified_and_named_last(judged, tmp_path):
    run, export, claim = judged

    checkpoint = publication.publish(run, export, claim)

    manifest = json.loads(storage.read(f"{checkpoint.prefix}/manifest.json"))
    alias = json.loads(storage.read("aliases/champion.json"))
    folder = champion.fetch(checkpoint, into=tmp_path / "worker")
    assert manifest["files"] == alias["files"] == checkpoint.files
    assert manifest["digest"] == alias["digest"] == checkpoint.digest
    assert set(checkpoint.files) == {*publication.MADE_BY_CHILD, "gate.json", "gate.html"}
    assert Clara.load(folder).labels.keys() == {"anger", "neutral"}
    assert checkpoint.evaluation["zero_shot"]["uar"] == 0.5
    assert checkpoint.evaluation["gate"]["passes"]


def test_the_row_knows_from_where_the_checkpoint_is_sure(judged):
    run, export, claim = judged
    config = json.loads((export / "config.json").read_bytes())
    config["clara"]["sure_from"] = 0.62
    (export / "config.json").write_text(json.dumps(config))

    published = publication.publish(run, export, claim)

    published.refresh_from_db()
    assert published.sure_from == 0.62
    said = {"anger": 0.61, "neutral": 0.39}
    assert not Suggestion(checkpoint=published, scores=said).is_sure


def test_the_alias_and_the_manifest_come_after_the_crown(judged, monkeypatch):
    run, export, claim = judged
    order = []
    put = storage.put

    def noted(key, *args, **options):
        order.append((key.rpartition("/")[2], TrainingRun.objects.get().status))
        return put(key, *args, **options)

    monkeypatch.setattr(storage, "put", noted)

    publication.publish(run, export, claim)

    assert [name for name, _status in order[-3:]] == ["manifest.json", "model.sig", "champion.json"]
    assert {status for _name, status in order[-3:]} == {S.PUBLISHED}
    assert {status for _name, status in order[:-3]} == {S.PUBLISHING}


def test_a_zombie_trainer_publishes_nothing(judged):
    run, export, claim = judged
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
    heir = leases.claim(retraining.due_runs(), run.pk, owner="heir", seconds=60)
    rows_before, events_before, _keys = snapshot()

    with pytest.raises(moves.MovedMeanwhile):
        publication.publish(run, export, claim)

    rows, events, keys = snapshot()
    assert (rows, events) == (rows_before, events_before)
    assert not [key for key in keys if key.endswith("manifest.json") and key.startswith("checkpoints/")]
    assert "aliases/champion.json" not in keys
    assert publication.publish(TrainingRun.objects.get(pk=run.pk), export, heir).status == "CHAMPION"


def test_a_run_cancelled_at_the_last_moment_publishes_nothing(judged, cleo):
    run, export, claim = judged
    schedule.cancel(TrainingRun.objects.get(pk=run.pk), by=cleo)

    with pytest.raises(moves.MovedMeanwhile):
        publication.publish(run, export, claim)

    assert not Checkpoint.objects.exists()


def test_bytes_that_storage_garbles_are_not_published(judged, monkeypatch):
    run, export, claim = judged
    put = storage.put

    def garbling(key, source, **options):
        return put(key, b"other bytes") if key.endswith("labels.json") else put(key, source, **options)

    monkeypatch.setattr(storage, "put", garbling)

    with pytest.raises(publication.NotPublishable, match=r"labels\.json"):
        publication.publish(run, export, claim)
    assert TrainingRun.objects.get().status == S.PUBLISHING
    assert not Checkpoint.objects.exists()


def test_storage_that_is_away_for_the_alias_is_made_good_later(judged, monkeypatch):
    run, export, claim = judged
    put = storage.put

    def away(key, *args, **options):
        if key == champion.ALIAS:
            raise storage.StorageUnreachable("away")
        return put(key, *args, **options)

    with monkeypatch.context() as outage:
        outage.setattr(storage, "put", away)
        checkpoint = publication.publish(run, export, claim)
    before = champion.alias()
    publication.repair()

    assert before is None
    assert champion.alias()["digest"] == checkpoint.digest
    assert TrainingRun.objects.get().status == S.PUBLISHED


def test_the_same_bytes_from_another_run_are_the_same_checkpoint(judged, cleo, template, tmp_path):
    run, export, claim = judged
    first = publication.publish(run, export, claim)
    again = schedule.open_run(by=cleo)
    held = leases.claim(retraining.due_runs(), again.pk, owner="trainer", seconds=60)
    TrainingRun.objects.filter(pk=again.pk).update(status=S.PUBLISHING, release=run.release)

    second = publication.publish(TrainingRun.objects.get(pk=again.pk), export, held)

    assert first == second
    assert Checkpoint.objects.get().status == "CHAMPION"
    assert TrainingRun.objects.filter(checkpoint=first, status=S.PUBLISHED).count() == 2


def test_a_retracted_checkpoint_does_not_come_back(judged, cleo):
    run, export, claim = judged
    drafted = publication.draft(run, export)
    Checkpoint.objects.create(digest=drafted.digest, run_id=run.pk, files={}, number=1, status="RETRACTED")

    with pytest.raises(publication.NotPublishable, match="retracted"):
        publication.publish(run, export, claim)

    assert run.status == TrainingRun.objects.get().status == S.PUBLISHING
    assert champion.champion() is None


def test_the_signature_that_a_reader_finds_is_over_every_file_and_the_manifest(judged, tmp_path):
    run, export, claim = judged

    checkpoint = publication.publish(run, export, claim)

    folder = tmp_path / "reader"
    folder.mkdir()
    for name in (*checkpoint.files, *BESIDE):
        storage.fetch(f"{checkpoint.prefix}/{name}", folder / name)
    signing.verify(folder, [*checkpoint.files, "manifest.json"])
    (key,) = signing.known_keys().values()
    assert Clara.load(folder, verify_key=signing.pem(key)).labels.keys() == {"anger", "neutral"}
    assert (folder / "model.sig").read_text() == checkpoint.signature
    assert checkpoint.number == 1


def test_what_was_published_before_checkpoints_were_signed_is_signed_by_the_next_repair(judged, tmp_path):
    run, export, claim = judged
    checkpoint = publication.publish(run, export, claim)
    storage.erase(f"{checkpoint.prefix}/model.sig")
    Checkpoint.objects.update(signature="", announced_at=None)
    with pytest.raises(champion.Unsound, match="nobody signed"):
        champion.fetch(Checkpoint.objects.get(), into=tmp_path / "worker")

    publication.repair()

    assert champion.fetch(Checkpoint.objects.get(), into=tmp_path / "worker").is_dir()


def test_a_manifest_that_rotted_before_it_was_announced_is_put_right(judged):
    run, export, claim = judged
    checkpoint = publication.publish(run, export, claim)
    told = storage.read(f"{checkpoint.prefix}/manifest.json")
    storage.put(f"{checkpoint.prefix}/manifest.json", told[:20])
    Checkpoint.objects.update(announced_at=None)

    publication.repair()

    assert storage.read(f"{checkpoint.prefix}/manifest.json") == told
