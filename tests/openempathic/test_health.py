"""Whether the site says that it lives, that it is ready, and what it lacks."""

import threading

import pytest

from openempathic import readiness

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A busy machine may take its time; what does not answer at all is waited for shortly."""
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 60)
    readiness.newest()


def test_a_site_with_all_it_needs_is_ready(client, folder_storage):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_store_in_a_bucket_is_asked_too(client, s3_storage):
    assert client.get("/readyz").status_code == 200


def test_a_migration_that_is_not_applied_is_missing(client, folder_storage, monkeypatch):
    newest = readiness.newest() | {("training", "9999_of_tomorrow")}
    monkeypatch.setattr(readiness, "newest", lambda: newest)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, {"migrations": "not applied"})


def test_what_is_missing_is_told_without_addresses(client, settings, caplog):
    settings.STORAGE_URL = "s3://bucket?endpoint=http://127.0.0.1:9&region=here"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["missing"]) == (503, {"storage": "no answer"})
    assert "127.0.0.1" not in answer.content.decode()
    assert not [line for line in caplog.records if line.name.startswith("django")]


def test_what_hangs_is_waited_for_shortly_and_asked_once(client, folder_storage, monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.01)
    asked, goes_on = [], threading.Event()

    def hang():
        asked.append(1)
        goes_on.wait()

    monkeypatch.setattr(readiness, "QUESTIONS", {"storage": hang})
    try:
        answers = [client.get("/readyz") for _question in range(3)]
    finally:
        goes_on.set()

    assert [answer.json()["missing"] for answer in answers] == [{"storage": "no answer in time"}] * 3
    assert asked == [1]
