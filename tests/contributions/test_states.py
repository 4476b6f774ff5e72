"""Every legal move can be made, and no other."""

import itertools

import pytest

from contributions import states
from contributions.models import Clip, ListeningNeed
from openempathic import moves
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.contributions.listening.crowd import needs_as_reckoned

LEGAL = [(move.source, move.target) for move in states.TABLE.moves]
ILLEGAL = [pair for pair in itertools.product(Clip.Status.values, repeat=2) if pair not in LEGAL]


@pytest.fixture
def clip(vera):
    return worlds.stored_clip(vera)


def placed(clip, status):
    Clip.objects.filter(pk=clip.pk).update(status=status)
    clip.refresh_from_db()
    return clip


@pytest.mark.parametrize(("source", "target"), LEGAL)
def test_a_legal_move_is_made_and_audited(clip, source, target):
    states.move(placed(clip, source), to=target, by="test", reason="WHY")
    clip.refresh_from_db()

    assert (clip.status, clip.status_reason) == (target, "WHY")
    event = AuditEvent.objects.filter(act=f"clip.{target.lower()}").latest("pk")
    assert (event.subject_id, event.facts["source"]) == (str(clip.pk), source)
    needs_as_reckoned([clip])
    assert ListeningNeed.objects.filter(pk=clip.pk).exists() == (target in ("IN_REVIEW", "ACCEPTED"))


@pytest.mark.parametrize(("source", "target"), ILLEGAL)
def test_an_illegal_move_changes_nothing(clip, source, target):
    with pytest.raises(moves.IllegalMove):
        states.move(placed(clip, source), to=target, by="test")
    clip.refresh_from_db()

    assert clip.status == source


def test_a_move_from_a_status_the_clip_has_left_is_refused(clip):
    stale = Clip.objects.get(pk=clip.pk)
    states.move(clip, to=Clip.Status.WITHDRAWN, by="test")

    with pytest.raises(moves.MovedMeanwhile):
        states.move(stale, to=Clip.Status.IN_REVIEW, by="test")
    assert Clip.objects.get(pk=clip.pk).status == Clip.Status.WITHDRAWN


def test_withdrawal_is_open_from_everywhere_alive():
    alive = set(Clip.Status.values) - {"WITHDRAWN", "PURGED"}

    assert all((source, "WITHDRAWN") in LEGAL for source in alive)
    assert [target for source, target in LEGAL if source == "WITHDRAWN"] == ["PURGED"]
    assert not [target for source, target in LEGAL if source == "PURGED"]
