"""A curator asks for a DATASET release, and a worker makes it; nobody else sees it before it is published."""

import pytest
from django.utils import timezone

from contributions import tasks
from contributions.models import Dataset, Release, ReleaseOrder
from contributions.releasing import datasets, orders, releases
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import harvest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.RUNS_FOLDER = tmp_path / "runs"


def test_cleo_orders_a_release_and_a_worker_freezes_it_unseen_by_the_public(cleo):
    harvest.corpus()
    row = orders.order(by=cleo)

    tasks.freeze(order_id=str(row.pk))

    row.refresh_from_db()
    release = row.release
    assert (row.failure, row.next_attempt_at) == ("", None)
    assert release.kind == Release.Kind.DATASET
    dataset = Dataset.objects.get(release=release)
    assert dataset.figures["clips"] == release.counts["clips"]
    assert dataset.published_at is None
    assert not datasets.public().exists()
    assert orders.freeze_due(row.pk) is None


def test_only_one_order_is_open_at_a_time(cleo):
    orders.order(by=cleo)

    with pytest.raises(orders.NotOrderable):
        orders.order(by=cleo)


def test_where_there_is_nothing_to_publish_the_order_says_so_and_another_may_follow(cleo):
    row = orders.order(by=cleo)

    orders.freeze_due(row.pk)

    row.refresh_from_db()
    assert row.failure.startswith("No clip")
    assert row.release is None
    assert orders.open_order() is None
    assert orders.order(by=cleo)


def test_a_store_that_is_away_is_tried_again_and_then_given_up(cleo, monkeypatch):
    def away(*_args, **_named):
        raise storage.StorageUnreachable("/secret/folder is away")

    monkeypatch.setattr(releases, "freeze", away)
    row = orders.order(by=cleo)

    for attempt in range(1, orders.ATTEMPTS_MAX + 1):
        ReleaseOrder.objects.update(next_attempt_at=timezone.now(), lease_expires_at=None)
        orders.freeze_due(row.pk)
        row.refresh_from_db()
        assert row.attempts == attempt
        assert row.failure == "StorageUnreachable"
        assert bool(row.finished_at) == (attempt == orders.ATTEMPTS_MAX)

    assert AuditEvent.objects.filter(act="release.order-failed").count() == 1


def test_a_worker_that_lost_its_lease_ends_no_order(cleo, monkeypatch):
    harvest.corpus()
    row = orders.order(by=cleo)
    freeze = releases.freeze

    def slept(*args, **named):
        ReleaseOrder.objects.update(fence=99, lease_owner="another")
        return freeze(*args, **named)

    monkeypatch.setattr(releases, "freeze", slept)
    orders.freeze_due(row.pk)

    row.refresh_from_db()
    assert row.finished_at is None
    assert row.release is None
