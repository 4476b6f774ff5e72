"""Random histories of people, purposes and clips: at no moment is a clip used for a purpose without leave for it.

`./run soak` tells 10,000 of them (OE_HISTORIES); `./run test` a few. The model beside the site is a handful of sets.
"""

import io
import os
import uuid

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contributions import consent, intake, ratings, records, selection, states, withdrawal
from contributions.models import Clip, Purpose, Release
from openempathic import moves
from openempathic.accounts.models import Role
from tests import worlds

HISTORIES = int(os.environ.get("OE_HISTORIES", "20"))
STEPS = 25
NAMES = ("vera", "otto", "nina")
people = st.sampled_from(NAMES)
S = Clip.Status


class Histories(RuleBasedStateMachine):
    """What may be done to a clip and its consent, in any order, and what must be true after each act."""

    def __init__(self) -> None:
        super().__init__()
        self.history = transaction.atomic()
        self.history.__enter__()
        self.given: dict[str, set[str]] = {name: set() for name in NAMES}
        self.clips: dict[uuid.UUID, str] = {}
        self.gone: set[uuid.UUID] = set()

    def teardown(self) -> None:
        """Forget this history."""
        transaction.set_rollback(True)
        self.history.__exit__(None, None, None)

    @initialize()
    def a_site_with_people(self) -> None:
        worlds.stocked()
        self.people = {name: worlds.person(name) for name in NAMES}
        self.milo = worlds.person("milo", Role.MODERATOR)
        for name in NAMES:
            self.decides(name=name, purposes={Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS})
            self.gives_a_clip(name=name, sound=b"a take")

    def voice(self, name):
        return consent.contributor_for(self.people[name])

    @rule(name=people, purposes=st.sets(st.sampled_from([Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS])))
    def decides(self, name, purposes):
        try:
            consent.decide(
                self.voice(name),
                given={str(purpose) for purpose in purposes},
                shown=consent.texts("en"),
                locale="en",
                is_adult=True,
                by=self.people[name],
            )
        except consent.NotConsented:
            assert Purpose.STORE_AND_REVIEW not in purposes
        else:
            self.given[name] = {str(purpose) for purpose in purposes}

    @rule(name=people, purpose=st.sampled_from([Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS]))
    def takes_a_purpose_back(self, name, purpose):
        consent.withdraw(self.voice(name), purpose, by=self.people[name], locale="en")
        if purpose == Purpose.STORE_AND_REVIEW:
            self.given[name] = set()
            self.gone |= {clip for clip, owner in self.clips.items() if owner == name}
        else:
            self.given[name] -= {purpose}

    @rule(name=people, sound=st.binary(min_size=1, max_size=8))
    def gives_a_clip(self, name, sound):
        number = uuid.uuid4()
        try:
            intake.intake(
                number,
                contributor=self.voice(name),
                body=io.BytesIO(sound),
                announced=worlds.announced(sound),
                by=self.people[name],
            )
        except intake.NoConsent:
            assert Purpose.STORE_AND_REVIEW not in self.given[name]
        else:
            assert Purpose.STORE_AND_REVIEW in self.given[name]
            self.clips[number] = name

    @precondition(lambda self: self.clips)
    @rule(data=st.data(), to=st.sampled_from([S.IN_REVIEW, S.ACCEPTED, S.REJECTED, S.DISPUTED, S.QUARANTINED]))
    def a_worker_or_a_moderator_moves_a_clip(self, data, to):
        clip = Clip.objects.get(pk=data.draw(st.sampled_from(sorted(self.clips))))
        try:
            states.move(clip, to=to, by="history")
        except moves.IllegalMove:
            return
        assert clip.pk not in self.gone

    @rule(emotion=st.sampled_from(["anger", "sadness"]))
    def milo_rates_what_he_is_offered(self, emotion):
        turn = ratings.open_turn(self.milo)
        if turn is None:
            return
        owner = self.clips[turn.clip_id]
        assert turn.clip_id not in self.gone
        assert Purpose.STORE_AND_REVIEW in self.given[owner]
        ratings.rate(turn, by=self.milo, answer=ratings.Answer(is_usable=True, emotion=emotion))

    @precondition(lambda self: self.clips)
    @rule(data=st.data())
    def a_clip_is_withdrawn(self, data):
        clip = Clip.objects.get(pk=data.draw(st.sampled_from(sorted(self.clips))))
        withdrawal.withdraw(clip, by=clip.contributor.user)
        self.gone.add(clip.pk)

    @rule(name=people)
    def withdraws_everything(self, name):
        withdrawal.withdraw_all(self.voice(name), by=self.people[name])
        self.gone |= {clip for clip, owner in self.clips.items() if owner == name}

    @invariant()
    def nothing_is_used_without_leave(self):
        for purpose in Purpose.values:
            covered = set(Clip.objects.covered_by(purpose).values_list("pk", flat=True))
            assert covered == {
                clip for clip, owner in self.clips.items() if purpose in self.given[owner] and clip not in self.gone
            }
        chosen = {each.clip for each in selection.select(Release.Kind.TRAINING).clips}
        assert chosen <= set(Clip.objects.covered_by(Purpose.TRAIN_MODELS).values_list("pk", flat=True))
        assert not selection.select(Release.Kind.DATASET).clips

    @invariant()
    def the_records_hold(self):
        for name in getattr(self, "people", {}):
            voice = self.voice(name)
            assert consent.current(voice) == consent.folded(voice)
            assert {purpose for purpose, is_given in consent.current(voice).items() if is_given} == self.given[name]
            assert not list(records.broken_chain(voice))

    @invariant()
    def what_was_withdrawn_stays_so(self):
        live = set(Clip.objects.live().values_list("pk", flat=True))
        assert live == set(self.clips) - self.gone


@pytest.mark.django_db(transaction=True)
def test_no_history_uses_a_clip_without_leave():
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=HISTORIES < 100,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
