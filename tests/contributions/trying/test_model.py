"""The ear follows whoever suggests, without a restart, and never listens with what was retracted."""

import pytest
from django.db.models.functions import Now

from contributions.listening import prelabelling
from contributions.trying.model import RETRY_SECONDS, Suggester
from contributions.trying.refusals import NoModel
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests.contributions.trying.test_turns import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def loads(monkeypatch):
    """Which checkpoints were loaded, and which cannot be."""
    told = {"asked": [], "broken": set()}

    def loaded(checkpoint):
        told["asked"].append(checkpoint.digest)
        if checkpoint.digest in told["broken"]:
            raise prelabelling.NotSuggestable("it is damaged")
        return f"clara {checkpoint.digest}"

    monkeypatch.setattr(prelabelling, "loaded", loaded)
    return told


def crowned(letter):
    """A new champion."""
    made = Checkpoint.objects.create(
        digest=letter * 64, preset="nano", release_digest="", run_id="00000000-0000-4000-8000-000000000000", files={}
    )
    champion.crown(made, by="test")
    return made


def test_a_new_champion_is_heard_with_from_the_next_clip_on(loads):
    suggester = Suggester()
    first = crowned("a")

    assert [suggester.now().checkpoint, suggester.now().checkpoint] == [first, first]
    second = crowned("b")
    assert suggester.now().checkpoint == second
    assert loads["asked"] == ["a" * 64, "b" * 64]


def test_a_damaged_champion_leaves_the_ear_with_the_one_before_and_is_tried_again_later(loads):
    clock = Clock()
    suggester = Suggester(clock=clock)
    first = crowned("a")
    suggester.now()
    second = crowned("b")
    loads["broken"] = {second.digest}

    assert [suggester.now().checkpoint, suggester.now().checkpoint] == [first, first]
    assert loads["asked"].count(second.digest) == 1
    loads["broken"] = set()
    clock.now = RETRY_SECONDS
    assert suggester.now().checkpoint == second


@pytest.mark.parametrize(
    "change", [{"status": Checkpoint.Status.RETRACTED}, {"delisted_at": Now()}], ids=["retracted", "delisted"]
)
def test_a_checkpoint_that_was_taken_back_is_not_listened_with(loads, change):
    suggester = Suggester()
    first = crowned("a")
    suggester.now()
    # As where the one before could not be loaded either.
    Checkpoint.objects.filter(pk=first.pk).update(
        **{"status": Checkpoint.Status.PREVIOUS, "refused_reason": "x"} | change
    )

    with pytest.raises(NoModel):
        suggester.now()


def test_without_any_there_is_no_model(loads):
    with pytest.raises(NoModel):
        Suggester().now()
