"""Trainers killed at every change of a file while they publish, and trainers stopped there who wake too late.

Processes of their own, killed and stopped by the kernel before a file is opened for writing, renamed or removed in
storage or in the run's folder, and before and after each request to a bucket. The old champion or the new one, never a
broken one; nothing is published twice.
"""

import logging
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from botocore.httpsession import URLLib3Session
from django.conf import settings
from django.db import connections

from openempathic import moves
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests.training.interrupted import is_change
from tests.training.publishing import S, finished, is_told, ready, seen
from training import publication
from training.models import TrainingRun

log = logging.getLogger(__name__)

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]
ZOMBIES = 20
PUBLISHED, OVERTAKEN = 0, 3


def at_change(export, *, nth, sends):
    """From now on this process sends itself the signal before the n-th change of a file."""
    folders = (settings.STORAGE_URL.removeprefix("file://"), str(export))
    seen_so_far = iter(range(sys.maxsize))

    def watches(event, arguments):
        is_ours = any(is_change(event, arguments, folder) for folder in folders)
        if is_ours and next(seen_so_far) == nth:
            os.kill(os.getpid(), sends)

    sys.addaudithook(watches)


def at_request(_export, *, nth, sends):
    """The same at requests to a bucket: the even numbers before each is sent, the odd ones once it is answered."""
    real, seen_so_far = URLLib3Session.send, iter(range(sys.maxsize))

    def send(session, request):
        if next(seen_so_far) == nth:
            os.kill(os.getpid(), sends)
        answer = real(session, request)
        if next(seen_so_far) == nth:
            os.kill(os.getpid(), sends)
        return answer

    URLLib3Session.send = send


def publishing(run, export, claim, *, nth, sends, at=at_change):
    """The number of a process that publishes, and sends itself the signal at the n-th change or request."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        at(export, nth=nth, sends=sends)
        try:
            publication.publish(run, export, claim)
            code = PUBLISHED
        except moves.MovedMeanwhile:
            code = OVERTAKEN
    finally:
        os._exit(code)


def first(judged):
    """The champion before."""
    run, export, claim = judged
    return publication.publish(run, export, claim)


def test_killed_before_any_change_of_a_file_it_leaves_the_old_champion_or_the_new_one(judged, tmp_path):
    count = killed_everywhere(judged, tmp_path, at=at_change)
    log.warning("A trainer was killed at each of %s changes of a file: 0 broken champions.", count)
    assert count > 2 * len(publication.MADE_BY_CHILD)


def test_killed_about_any_request_to_a_bucket_it_leaves_the_old_champion_or_the_new_one(s3_storage, judged, tmp_path):
    count = killed_everywhere(judged, tmp_path, at=at_request)
    log.warning("A trainer was killed before or after each of %s requests to S3: 0 broken champions.", count // 2)
    assert count > 2 * len(publication.MADE_BY_CHILD)


def killed_everywhere(judged, tmp_path, *, at):
    """Kill a trainer at each place of a publication until one comes through; at how many it was killed."""
    before, release, template = first(judged), judged[0].release, judged[1]
    for nth in range(1000):
        run, export, claim = ready(release, template, name=f"killed-{nth}")
        _pid, status = os.waitpid(publishing(run, export, claim, nth=nth, sends=signal.SIGKILL, at=at), 0)
        alias, holder = seen(tmp_path / "worker"), champion.champion()
        new = finished(run, export)

        assert alias in (before.digest, new.digest)
        assert holder in (before, new)
        assert champion.champion() == new
        assert new.number == before.number + 1
        is_told(new)
        before = new
        if (code := os.waitstatus_to_exitcode(status)) == PUBLISHED:
            return nth
        assert code == -signal.SIGKILL
    raise AssertionError("a publication never ends")


@pytest.mark.faults(seeds="OE_LONG_SEEDS")
def test_twenty_zombie_trainers_publish_nothing_twice(judged, tmp_path):
    first(judged)
    release, template, overtaken = judged[0].release, judged[1], 0
    chance = random.Random(int(os.environ.get("OE_SEED", "1")))
    for trial in range(ZOMBIES):
        run, export, claim = ready(release, template, name=f"zombie-{trial}")
        pid = publishing(run, export, claim, nth=chance.randrange(48), sends=signal.SIGSTOP)
        _pid, status = os.waitpid(pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        winner = published_meanwhile(run, release, template, name=f"heir-{trial}")

        os.kill(pid, signal.SIGCONT)
        _pid, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        overtaken += code == OVERTAKEN
        publication.repair()

        assert code in (PUBLISHED, OVERTAKEN)
        assert champion.champion() == winner
        assert seen(tmp_path / "worker") == winner.digest
        is_told(winner)
    published = AuditEvent.objects.filter(act="training_run.published").count()
    log.warning("%s zombies, %s overtaken: %s runs, none published twice.", ZOMBIES, overtaken, published)
    assert published == TrainingRun.objects.filter(status=S.PUBLISHED).count() == Checkpoint.objects.count()
    assert overtaken > ZOMBIES // 2


def published_meanwhile(run, release, template: Path, *, name: str) -> Checkpoint:
    """The heir publishes its own candidate of the run; where the zombie had come past the fence, the next run does."""
    if TrainingRun.objects.get(pk=run.pk).status == S.PUBLISHED:
        run, export, _claim = ready(release, template, name=name)
        return finished(run, export)
    export = template.parent / name
    export.mkdir()
    for path in template.iterdir():
        (export / path.name).write_bytes(path.read_bytes())
    (export / "README.md").write_text(f"# {name}\n")
    return finished(run, export)
