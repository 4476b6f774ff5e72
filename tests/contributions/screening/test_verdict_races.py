"""Two moderators decide about one clip at the same moment: one word is kept, the other is told, and nothing is torn."""

import threading
from collections import Counter

import pytest
from django.db import connections

from contributions.models import Clip, Verdict
from contributions.screening import verdicts
from contributions.screening.verdicts import DecidedMeanwhile, Decision
from openempathic import storage
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

S = Clip.Status
DECISIONS = (
    (Decision(S.IN_REVIEW), Decision(S.REJECTED, reason="TOO_NOISY")),
    (Decision(S.ACCEPTED), Decision(S.ACCEPTED)),
    (Decision(S.STORED), Decision(S.IN_REVIEW)),
    (Decision(S.REJECTED, reason="TOO_NOISY"), Decision(S.REJECTED, reason="NO_SPEECH")),
)
ROUNDS = 5


@pytest.fixture
def both(db, monkeypatch):
    """Milo and Mona, who stand before the lock together: each has been found to be allowed when either goes on."""
    together = threading.Barrier(2)
    real = verdicts.check_may_decide

    def allowed(*args, **named):
        real(*args, **named)
        together.wait(timeout=30)

    monkeypatch.setattr(verdicts, "check_may_decide", allowed)
    return [worlds.person(name, Role.MODERATOR) for name in ("milo", "mona")]


def disputed(voice) -> Clip:
    """A clip that waits for a moderator, with sound."""
    clip = worlds.stored_clip(voice)
    storage.put(clip.archive, b"fLaC")
    Clip.objects.filter(pk=clip.pk).update(status=S.DISPUTED, next_attempt_at=None)
    clip.refresh_from_db()
    return clip


def decided_at_once(clip: Clip, people, decisions) -> list[str]:
    """What came of it for each, in real threads with connections of their own."""
    seen, outcomes = verdicts.mark_of(clip), {}

    def decide(person, decision):
        try:
            verdicts.decide(Clip.objects.get(pk=clip.pk), by=person, decision=decision, seen=seen)
            outcomes[person.pk] = "kept"
        except DecidedMeanwhile:
            outcomes[person.pk] = "told"
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=each) for each in zip(people, decisions, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes.get(person.pk, "broke") for person in people]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("decisions", DECISIONS, ids=lambda pair: "-".join(each.to_status for each in pair))
def test_of_two_verdicts_at_one_moment_one_is_kept(vera, both, decisions):
    outcomes = Counter()
    for _round in range(ROUNDS):
        clip = disputed(vera)
        told = decided_at_once(clip, both, decisions)
        outcomes.update(told)
        clip.refresh_from_db()
        [verdict] = Verdict.objects.filter(clip=clip)

        winner = told.index("kept")
        assert (verdict.decided_by, verdict.to_status) == (both[winner], decisions[winner].to_status)
        assert clip.status == decisions[winner].to_status
        moves = AuditEvent.objects.filter(subject_id=str(clip.pk), facts__source=S.DISPUTED)
        assert [event.actor for event in moves] == [both[winner]]

    assert outcomes == {"kept": ROUNDS, "told": ROUNDS}
