"""What happens to clips: given, screened, judged, listened to by a model, taken back, erased."""

import io
from datetime import timedelta

import pytest
from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from contributions import intake, states
from contributions.leaving import ledger, withdrawal
from contributions.listening import prelabelling, ratings
from contributions.models import Clip, LicenceGrant, Purpose, Rating, RatingTurn, Suggestion, TakingBack
from openempathic import leases, moves, storage
from openempathic.accounts.models import User
from tests import worlds
from tests.soak.memory import FOR, Take, Voice
from tests.soak.stage import Stage, archive_of, picks, sound_of

S = Clip.Status
# As long as the longest clip takes to be heard.
LISTENING = timedelta(minutes=1)
VERDICTS = (S.IN_REVIEW, S.ACCEPTED, S.REJECTED, S.DISPUTED, S.QUARANTINED, S.STORED)


class Clips(Stage):
    """From the microphone to the tombstone."""

    turn: RatingTurn | None = None
    rating: Rating | None = None

    def takes(self):
        return list(self.memory.takes.values())

    @rule(pick=picks, is_screened=st.booleans())
    def gives_a_clip(self, pick, is_screened):
        take = self.gives(self.one_of(self.here(), pick))
        if take and is_screened:
            self.is_moved(take, to=S.IN_REVIEW)

    def gives(self, voice) -> Take | None:
        pk = self.scene.fate.number()
        contributor, body = self.visits(voice), b"as it came: " + sound_of(pk)
        try:
            intake.intake(
                pk,
                contributor=contributor,
                body=io.BytesIO(body),
                announced=worlds.announced(body),
                by=contributor.actor,
            )
        except intake.NoConsent:
            assert Purpose.STORE_AND_REVIEW not in voice.given
            return None
        assert Purpose.STORE_AND_REVIEW in voice.given
        self.memory.takes[pk] = Take(pk, voice)
        return self.memory.takes[pk]

    @rule(pick=picks, to=st.sampled_from(VERDICTS))
    def a_worker_or_a_moderator_moves_a_clip(self, pick, to):
        self.is_moved(self.one_of(self.takes(), pick), to=to)

    def is_moved(self, take, *, to):
        clip = self.clip(take)
        was_stored = clip.status == S.STORED
        try:
            states.move(clip, to=to, by="history")
        except moves.IllegalMove:
            return
        assert not take.is_gone
        if was_stored:
            # Screening decodes in a child, a second a clip: what it leaves is enough here.
            storage.put(clip.archive, archive_of(clip.pk))
        if to == S.ACCEPTED:
            self.memory.accepted.append(take.pk)

    @rule(emotion=st.sampled_from(["anger", "sadness"]), is_usable=st.booleans(), is_at_once=st.booleans())
    def milo_listens(self, emotion, is_usable, is_at_once):
        """He answers what he was offered, now or once other things have happened."""
        turn = self.turn or self.is_offered()
        self.turn = None if self.turn or is_at_once else turn
        if turn and self.turn is None:
            self.answers_a_turn(turn, emotion if is_usable else None)

    def is_offered(self) -> RatingTurn | None:
        turn = ratings.open_turn(self.milo())
        if turn:
            take = self.memory.takes[turn.clip_id]
            assert take.pk in self.memory.covered(Purpose.STORE_AND_REVIEW)
            assert not self.is_milos(take)
        return turn

    def milo(self):
        return User.objects.get(email="milo@example.org")

    def is_milos(self, take):
        return isinstance(take.owner, Voice) and take.owner.account == self.milo().pk

    def answers_a_turn(self, turn, emotion):
        said = {"emotion": emotion} if emotion else {"unusable_reason": "NO_SPEECH"}
        take = self.memory.takes[turn.clip_id]
        may_be_heard = take.pk in self.memory.covered(Purpose.STORE_AND_REVIEW)
        status = self.clip(take).status
        try:
            answer = ratings.Answer(is_usable=emotion is not None, **said)
            self.scene.fate.at += LISTENING
            ratings.note_heard(turn, by=self.milo())
            self.rating = ratings.rate(turn, by=self.milo(), answer=answer)
        except ratings.NoLongerRateable:
            assert not may_be_heard or status not in ratings.RATEABLE
            return
        except ratings.OwnClip:
            assert self.is_milos(take)
            return
        assert may_be_heard
        assert not self.is_milos(take)
        if status == S.IN_REVIEW and emotion:
            self.memory.accepted.append(take.pk)

    @rule(is_busy=st.booleans())
    def the_champion_listens(self, is_busy):
        """To what it may, now or later; and Milo is told of what it heard only while he may hear it himself."""
        prelabelling.owe_backlog()
        if is_busy:
            return
        for pk in Suggestion.objects.filter(scores=None, next_attempt_at__isnull=False).values_list("pk", flat=True):
            heard = prelabelling.prelabel_due(pk)
            if heard:
                assert heard.clip_id in self.memory.covered(Purpose.STORE_AND_REVIEW)
        if self.rating and ratings.suggestion_for(self.rating):
            assert self.rating.clip_id in self.memory.covered(Purpose.STORE_AND_REVIEW)

    @precondition(lambda self: any(isinstance(take.owner, Voice) and take.owner.is_here for take in self.takes()))
    @rule(pick=picks)
    def a_clip_is_withdrawn(self, pick):
        mine = [take for take in self.takes() if isinstance(take.owner, Voice) and take.owner.is_here]
        take = self.one_of(mine, pick)
        self.is_refused_to_others(take)
        # A second time changes nothing.
        for _time in range(2):
            withdrawal.withdraw(self.clip(take), by=self.visits(take.owner).actor)
        take.is_gone = True

    def is_refused_to_others(self, take):
        others = [voice for voice in self.here() if voice.person != take.owner.person]
        if others:
            with pytest.raises(withdrawal.NotWithdrawable):
                withdrawal.withdraw(self.clip(take), by=self.visits(self.scene.fate.chance.choice(others)).actor)

    @rule(pick=picks, of_day=picks | st.none())
    def withdraws_many(self, pick, of_day):
        """Everything, or what was given on the day of one clip."""
        voice = self.one_of(self.here(), pick)
        days = dict(Clip.objects.filter(contributor=voice.pk).values_list("pk", "stored_at__date"))
        day = None if of_day is None else self.one_of(sorted(days.values()), of_day)
        meant = [take for take in self.memory.of(voice) if day in (None, days[take.pk])]
        count = withdrawal.withdraw_all(contributor := self.visits(voice), by=contributor.actor, day=day)
        assert count == sum(not take.is_gone for take in meant)
        for take in meant:
            take.is_gone = True

    @rule(pick=picks)
    def a_licence_ends(self, pick):
        corpus = self.one_of(self.memory.corpora, pick)
        withdrawal.end_licence(LicenceGrant.objects.get(pk=corpus.pk), by="history")
        corpus.is_ended = True

    @rule(at_most=st.integers(1, 4))
    def the_sweep_erases(self, at_most):
        self.a_lease_runs_out()
        due = leases.due(Clip.objects.filter(status=S.WITHDRAWN), at_most=at_most)
        assert len(due) == min(at_most, sum(take.is_gone and not take.is_purged for take in self.takes()))
        for pk in due:
            self.is_purged(pk)
        self.nothing_is_left()

    @rule(at_most=st.integers(1, 4))
    def the_sweep_carries(self, at_most):
        self.a_lease_runs_out()
        for pk in leases.due(TakingBack.objects.all(), at_most=at_most):
            self.is_carried(pk)

    def a_lease_runs_out(self):
        """What was promised to a sweep is due again."""
        self.scene.fate.at += timedelta(seconds=settings.LEASE_SECONDS)

    def is_purged(self, pk):
        assert withdrawal.purge_due(pk).status == S.PURGED
        take = self.memory.takes[pk]
        assert take.is_gone
        take.is_purged = True
        self.memory.are_rewritten(each for each in self.memory.releases.values() if pk in each.clips)

    def nothing_is_left(self):
        """No object of ours has a sound that was erased."""
        erased = [sound_of(take.pk) for take in self.takes() if take.is_purged]
        for key in storage.keys(""):
            content = storage.read(key)
            assert not any(sound in content for sound in erased), key

    def is_carried(self, pk):
        row = withdrawal.carry_due(pk)
        for release in self.memory.releases.values():
            owners = {self.memory.takes[clip].owner.pk for clip in release.clips}
            if row.licence_id in owners or (row.contributor_id in owners and row.purpose == FOR[release.kind]):
                self.memory.are_rewritten([release])

    def all_is_carried(self):
        """As after a day of sweeps: nothing is owed, and every release has lost all that left it."""
        self.a_lease_runs_out()
        for pk in leases.due(Clip.objects.filter(status=S.WITHDRAWN), at_most=1000):
            self.is_purged(pk)
        for pk in leases.due(TakingBack.objects.all(), at_most=1000):
            self.is_carried(pk)
        self.nothing_is_left()
        assert all(take.is_purged for take in self.takes() if take.is_gone)
        assert all(release.erased == release.out for release in self.memory.releases.values())
        kept = set(storage.keys(f"{ledger.ROOT}/"))
        assert {pk for pk in self.memory.takes if ledger.key_of_clip(pk) in kept} == self.memory.gone()
