"""A trainer that dies at any call of storage leaves the old champion or the new one, and the next one ends its work.

Before the call and after its effect. `./run test` cuts at some of them in a folder, `./run soak` at all and in a bucket
too; there the process is killed at every change of a file and at every request to the bucket, and stopped for others to
overtake it (test_interruption_killed.py); the bucket's once more on PostgreSQL (tests/soak/test_publication.py).
"""

import logging
from contextlib import suppress

import pytest
from django.db.models.functions import Now

from openempathic import moves, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests.forms import EVERY, first_of
from tests.races import Killed, Step, stopped
from tests.training.publishing import S, finished, is_told, ready, seen
from training import publication
from training.models import TrainingRun

log = logging.getLogger(__name__)
CALLS = ("put", "open", "read", "fetch", "stat", "erase", "keys")


class Cut:
    """Counts the calls of storage, and ends the process before or after the one that is asked for."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.count = at, when, 0

    def __enter__(self) -> "Cut":
        self.hook = pytest.MonkeyPatch()
        for name in CALLS:
            self.hook.setattr(storage, name, self.cutting(getattr(storage, name)))
        return self

    def __exit__(self, *_fault):
        self.hook.undo()

    def cutting(self, real):
        def call(*args, **options):
            number, self.count = self.count, self.count + 1
            if (number, self.when) == (self.at, "before"):
                raise Killed
            result = real(*args, **options)
            if (number, self.when) == (self.at, "after"):
                raise Killed
            return result

        return call


@pytest.fixture(params=first_of(["folder", "bucket"]))
def place(request):
    """Where the site keeps its bytes."""
    return request.getfixturevalue({"folder": "folder_storage", "bucket": "s3_storage"}[request.param])


@pytest.fixture
def old(judged):
    """The champion before, published whole."""
    run, export, claim = judged
    return publication.publish(run, export, claim)


def calls_of_one(judged):
    """How many calls of storage a publication makes."""
    run, export, claim = ready(judged[0].release, judged[1], name="counted")
    with Cut(-1, "never") as cut:
        publication.publish(run, export, claim)
    return cut.count


def some(count):
    """All of them, or the first, one among the blobs, and those about and after the transaction."""
    return range(count) if EVERY else sorted({0, count // 3, *range(count - 6, count, 2)})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_trainer_that_dies_at_any_call_of_storage_leaves_the_old_champion_or_the_new_one(
    place, judged, old, when, tmp_path
):
    count = calls_of_one(judged)

    for at in some(count):
        before = champion.champion()
        run, export, claim = ready(judged[0].release, judged[1], name=f"{when}-{at}")
        with suppress(Killed), Cut(at, when) as cut:
            publication.publish(run, export, claim)
        alias, holder = seen(tmp_path / "worker"), champion.champion()
        new = finished(run, export)

        assert cut.count == at + 1
        assert alias in (before.digest, new.digest)
        assert holder in (before, new)
        assert champion.champion() == new
        assert new.number == before.number + 1
        is_told(new)
    log.warning("%s: ended %s each of %s calls of storage, 0 broken champions.", place.split(":")[0], when, count)


def published_by_another(run, other):
    """The lease ran out, and the next trainer published its own candidate meanwhile."""

    def heir():
        TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
        finished(run, other)

    return heir


@pytest.mark.parametrize("step", [Step(storage, "put", 3, "checkpoints/"), Step(publication, "signed")], ids=str)
def test_a_zombie_that_wakes_after_another_published_publishes_nothing(place, judged, step):
    run, export, claim = judged
    other = export.parent / "other"
    other.mkdir()
    for path in export.iterdir():
        (other / path.name).write_bytes(path.read_bytes() + (b" " if path.name == "README.md" else b""))

    with stopped(step, "after", published_by_another(run, other), dies=False), pytest.raises(moves.MovedMeanwhile):
        publication.publish(run, export, claim)
    publication.repair()

    (checkpoint,) = Checkpoint.objects.all()
    assert checkpoint.files["README.md"] != publication.draft(run, export).files["README.md"]
    assert AuditEvent.objects.filter(act="training_run.published").count() == 1
    assert TrainingRun.objects.get().status == S.PUBLISHED
    is_told(checkpoint)
