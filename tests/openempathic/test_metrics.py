"""What Prometheus reads: who may, what it finds there, and that it costs few questions."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from contributions.leaving import withdrawal
from contributions.models import Clip
from openempathic import leases
from openempathic.audit.models import Verification
from openempathic.backups.models import Backup
from openempathic.metrics import counting, folder_of, page, tasks
from tests import worlds
from training.models import TrainingRun

pytestmark = pytest.mark.django_db
WORD = "a-word-for-prometheus"
# Six sources; the most asked are two questions for each of the nine kinds of work.
QUESTIONS_MAX = 45
SCREENING = ("stage", "screening")


@pytest.fixture(autouse=True)
def _fresh(settings):
    settings.METRICS_TOKEN = WORD
    page.kept.forget()
    yield
    page.kept.forget()


@pytest.fixture
def read(client):
    """The figures by name and labels."""

    def read():
        page.kept.forget()
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {WORD}"})
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


@pytest.mark.parametrize("shown", [None, "Bearer", "Bearer wrong", f"Basic {WORD}", f"Bearer {WORD}x", WORD])
def test_who_has_not_the_word_finds_nothing(client, shown):
    headers = {"Authorization": shown} if shown else {}

    assert client.get("/metrics", headers=headers).status_code == 404


def test_without_a_word_nobody_is_answered(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_what_waits_and_what_there_is_can_be_read(read, folder_storage):
    clip = worlds.stored_clip(worlds.volunteer("vera"))

    found = read()

    assert found["openempathic_queue_length", SCREENING] == 1
    assert found["openempathic_queue_oldest_age_seconds", SCREENING] > 0
    assert found["openempathic_clips", ("status", "STORED")] == 1
    assert found["openempathic_uploads_last_hour", ("status", "STORED")] == 1
    assert found["openempathic_audit_unsealed_events",] > 0
    assert found["openempathic_disk_free_bytes",] > 0
    assert found["openempathic_champion_refused",] == 0
    assert {value for (name, *_labels), value in found.items() if name.endswith("source_up")} == {1}
    assert str(clip.pk) not in str(found)


def test_a_lease_that_ran_out_is_told_from_one_that_is_held(read, folder_storage):
    for owner, seconds in (("worker:a", 60), ("worker:b", -60)):
        clip = worlds.stored_clip(worlds.volunteer(owner[-1]))
        leases.claim(Clip.objects.all(), clip.pk, owner=owner, seconds=seconds)

    found = read()

    assert found["openempathic_leases_held", SCREENING] == 1
    assert found["openempathic_leases_expired", SCREENING] == 1
    assert found["openempathic_queue_retried", SCREENING] == 1


def test_what_waits_to_be_erased_is_as_old_as_the_word_that_took_it_back(read, folder_storage):
    vera = worlds.volunteer("vera")
    clip = worlds.stored_clip(vera)
    Clip.objects.filter(pk=clip.pk).update(stored_at=timezone.now() - timedelta(days=300))
    withdrawal.withdraw(clip, by=vera)

    found = read()

    assert found["openempathic_queue_length", ("stage", "purges")] == 1
    assert 0 < found["openempathic_queue_oldest_age_seconds", ("stage", "purges")] < 24 * 3600


def test_the_run_under_way_and_the_last_one_are_told(read):
    now = timezone.now()
    TrainingRun.objects.create(status="FAILED", ended_at=now - timedelta(hours=1))
    TrainingRun.objects.create(
        status="TRAINING", progress={"step": 30, "steps": 120}, lease_expires_at=now - timedelta(seconds=90)
    )

    found = read()

    assert found["openempathic_training_run_progress_ratio",] == 0.25
    assert found["openempathic_training_run_lease_expired_seconds",] >= 90
    assert found["openempathic_training_last_outcome", ("status", "FAILED")] == 1
    assert found["openempathic_training_last_outcome", ("status", "PUBLISHED")] == 0
    assert found["openempathic_training_runs", ("status", "TRAINING")] == 1


def test_what_was_verified_and_backed_up_is_told_by_its_age(read):
    nothing = read()
    moment = timezone.now() - timedelta(hours=2)
    Verification.objects.create(verified_at=moment, broken_count=3)
    sizes = {"object_count": 1, "byte_count": 1, "copied_bytes": 1}
    Backup.objects.create(begun_at=moment, finished_at=moment, place="file:///x", name="x", **sizes)

    found = read()

    assert not {("openempathic_audit_broken",), ("openempathic_backup_age_seconds",)} & nothing.keys()
    assert found["openempathic_audit_broken",] == 3
    assert 7200 <= found["openempathic_audit_verified_age_seconds",] < 7300
    assert 7200 <= found["openempathic_backup_age_seconds",] < 7300


def test_doors_and_tasks_are_counted_by_name(client, read):
    client.get("/no/such/door-of-vera")
    tasks.count(task="contributions.tasks.sweep", state="SUCCESS", seconds=0.3)

    found = read()

    nowhere = (("method", "GET"), ("route", "nowhere"), ("status", "404"))
    assert found["openempathic_http_request_duration_seconds_count", *nowhere] >= 1
    assert found["openempathic_task_duration_seconds_count", ("state", "SUCCESS"), ("task", "sweep")] >= 1
    assert found["openempathic_task_last_success_timestamp_seconds", ("task", "sweep")] > 1_700_000_000
    assert "door-of-vera" not in str(found)


def test_it_asks_few_questions_and_none_again_while_the_answer_is_good(client):
    ask = {"headers": {"Authorization": f"Bearer {WORD}"}}
    with CaptureQueriesContext(connection) as first:
        client.get("/metrics", **ask)
    with CaptureQueriesContext(connection) as second:
        client.get("/metrics", **ask)

    assert len(first) <= QUESTIONS_MAX
    assert len(second) == 0


def test_a_source_that_cannot_answer_takes_no_other_along(read, monkeypatch):
    def broken():
        raise DatabaseError("no")

    monkeypatch.setattr("training.metrics.gauges", broken)

    found = read()

    assert found["openempathic_metrics_source_up", ("source", "training.metrics.gauges")] == 0
    assert found["openempathic_clips", ("status", "STORED")] == 0


def test_what_several_processes_counted_is_added_up(tmp_path):
    counts = (
        "import sys; from pathlib import Path; from openempathic.metrics import counting, tasks\n"
        "counting.count_as(sys.argv[2], var=Path(sys.argv[1]))\n"
        "tasks.count(task='x.sweep', state='SUCCESS', seconds=1)\n"
    )
    for name in ("worker-a", "worker-b"):
        subprocess.run([sys.executable, "-c", counts, str(tmp_path), name], check=True)

    families = MultiProcessCollector.merge(counting.counted_files(var=tmp_path))
    found = {(sample.name, sample.labels.get("le")): sample.value for family in families for sample in family.samples}

    assert found["openempathic_task_duration_seconds_count", None] == 2


def test_who_counts_anew_begins_at_nothing_and_forgets_who_is_long_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(counting.values, "ValueClass", counting.values.ValueClass)
    monkeypatch.setenv(counting.VARIABLE, "")
    old, fresh = (folder_of(name, var=tmp_path) for name in ("worker-old@x", "worker-new@x"))
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "histogram_1.db").write_bytes(b"")
    os.utime(old / "histogram_1.db", (0, 0))
    os.utime(old, (0, 0))

    counting.count_as("web", var=tmp_path)

    assert fresh.exists()
    assert not old.exists()
    assert counting.counted_files(var=tmp_path) == [str(fresh / "histogram_1.db")]
