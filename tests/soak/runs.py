"""Releases and training runs: frozen, heard, judged, published, and what withdrawal does to each.

No model is trained: the acts are those of the trainer's parent, and what the child would hear is read from what the
parent hands it. Its whole life, processes and all, is tests/training/test_retraining.py.
"""

import json
import tarfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from contributions.models import Clip, Release
from contributions.releasing import reading, releases, rewriting
from openempathic import leases
from openempathic.accounts.models import User
from openempathic.audit import sealing
from openempathic.holding import Holding
from openempathic.registry import champion
from tests.soak.memory import FOR, TRAIN, Frozen
from tests.soak.stage import Stage
from training import lineage, publication, retraining, schedule
from training.models import TrainingRun

R = TrainingRun.Status
EVALUATION = {"zero_shot": {"uar": 0.5, "interval": {"low": 0.4, "high": 0.6}}}


class Runs(Stage):
    """The loop, by hand."""

    attempt: retraining.Attempt | None = None

    def cleo(self):
        return User.objects.get(email="cleo@example.org")

    @rule(kind=st.sampled_from(Release.Kind.values))
    def a_release_is_frozen(self, kind):
        try:
            release = releases.freeze(kind, at=self.scene.fate.now(), by="history", folder=self.scene.drafts)
        except releases.NotFreezable:
            return
        self.is_frozen(release)

    def is_frozen(self, release):
        """Only what was accepted and allowed may be in a release at the moment when it is frozen."""
        place = reading.InStorage(release.prefix)
        keys = rewriting.gone_keys(release)
        held = {UUID(row["clip"]): row["key"] for row in reading.clips_of(place)}
        held |= dict(release.members.filter(key__in=keys).values_list("clip_id", "key"))
        frozen = Frozen(release.digest, release.kind, held, accepted_before=len(self.memory.accepted))
        accepted = set(Clip.objects.filter(status=Clip.Status.ACCEPTED).values_list("pk", flat=True))
        assert frozen.clips.keys() <= self.memory.covered(FOR[release.kind]) & accepted
        known = self.memory.releases.setdefault(release.digest, frozen)
        assert (known.kind, known.clips) == (frozen.kind, frozen.clips)

    @rule(task=st.sampled_from(["open", "mark", "seal"]))
    def the_beat_calls(self, task):
        if task == "open":
            self.a_run_is_opened_if_due()
        elif task == "mark":
            lineage.mark_due()
            assert lineage.mark_due() == 0
        else:
            sealing.seal_new(now=self.scene.fate.now() + sealing.SETTLED_AFTER)

    def a_run_is_opened_if_due(self):
        is_due = self.is_due()
        run = schedule.open_due_run(self.scene.fate.now())
        assert (run is not None) == is_due
        if run:
            self.begins(run)

    def is_due(self):
        """By what was said: no run is active, the last is long ago, and enough is new or was taken back."""
        if self.attempt or (
            self.memory.ended_at and (self.scene.fate.at - self.memory.ended_at).total_seconds() < self.pause
        ):
            return False
        new = set(self.memory.accepted[self.memory.published_from :])
        usable = Clip.objects.filter(status=Clip.Status.ACCEPTED, pk__in=new).values_list("pk", flat=True)
        holder = champion.champion()
        has_heard = holder is not None and self.memory.no_longer_allowed(self.memory.heard[holder.digest])
        return len(set(usable) & self.memory.covered(TRAIN)) >= settings.RETRAIN_MIN_NEW_CLIPS or bool(has_heard)

    @property
    def pause(self):
        return settings.RETRAIN_EVERY_HOURS * 3600

    def begins(self, run):
        """A trainer claims it, the first or another."""
        claim = leases.claim(retraining.due_runs(), run.pk, owner="trainer", seconds=settings.TRAINER_LEASE_SECONDS)
        assert claim is not None
        run = TrainingRun.objects.select_related("release").get(pk=run.pk)
        folder = retraining.folder_of(run)
        folder.mkdir(parents=True, exist_ok=True)
        # Nobody renews the lease in a thread: time stands still while the trainer works.
        self.attempt = retraining.Attempt(run, claim, folder, Holding(claim))

    @precondition(lambda self: self.attempt)
    @rule(is_killed=st.booleans())
    def the_run_is_interrupted(self, is_killed):
        """Its trainer dies and another takes over, or Cleo cancels it."""
        before = self.attempt
        if is_killed:
            self.is_taken_over()
        else:
            schedule.cancel(TrainingRun.objects.get(pk=before.run.pk), by=self.cleo())
            self.ends()
        # The trainer, were it only asleep, can write nothing any more.
        with pytest.raises(leases.LeaseLost):
            before.keep_progress()

    def is_taken_over(self):
        """By whoever finds the lease run out."""
        self.scene.fate.at += timedelta(seconds=settings.TRAINER_LEASE_SECONDS)
        self.begins(schedule.active_run())

    def ends(self):
        run = TrainingRun.objects.get(pk=self.attempt.run.pk)
        assert not run.is_active
        self.memory.ended_at, self.attempt = run.ended_at, None
        retraining.tidy_ended()

    @rule(stages=st.integers(1, 5))
    def the_loop_turns(self, stages):
        """Cleo opens a run where none is active, and the trainer goes that far with it."""
        if self.attempt:
            with pytest.raises(schedule.RunAlreadyActive):
                schedule.open_run(by=self.cleo())
        else:
            self.begins(schedule.open_run(by=self.cleo()))
        for _stage in range(stages):
            if self.attempt:
                self.goes_on_or_fails()

    def goes_on_or_fails(self):
        try:
            self.goes_on(self.attempt)
        except releases.NotFreezable as reason:
            retraining.fail(self.attempt.run, self.attempt.claim, str(reason))
            self.ends()

    def goes_on(self, attempt):
        if attempt.run.status in (R.EVALUATING, R.PUBLISHING) and not publication.is_exported(attempt.export):
            # The database is younger than what lies on this machine, or older.
            return self.hears(attempt)
        match attempt.run.status:
            case R.QUEUED:
                retraining.enter(attempt, R.FREEZING)
            case R.FREEZING:
                retraining.freeze(attempt)
                self.is_frozen(attempt.run.release)
            case R.TRAINING:
                self.hears(attempt)
            case R.EVALUATING:
                assert retraining.judge(attempt)
                gate = json.loads((attempt.export / "gate.json").read_bytes())
                assert gate["clips_withdrawn_since_freezing"] == len(
                    self.memory.releases[attempt.run.release.digest].out
                )
            case R.PUBLISHING:
                self.publishes(attempt)

    def hears(self, attempt):
        """A boundary of training: what the child has and was not told to drop is what it uses from now on."""
        before = attempt.run.release
        retraining.freeze_and_bring(attempt)
        if attempt.run.release != before:
            # A shard was rewritten before it was read.
            assert self.memory.releases[before.digest].erased
            self.is_frozen(attempt.run.release)
        silenced = dropped_in(attempt.folder)
        retraining.hand_withdrawn(attempt)
        used = keys_below(attempt.folder / "release" / "shards") - dropped_in(attempt.folder)
        release = self.memory.releases[attempt.run.release.digest]
        heard = {pk for pk, key in release.clips.items() if key in used}
        assert heard <= self.memory.covered(TRAIN)
        # What the child has silenced it does not get back, were the database restored from before.
        assert heard == {pk for pk, key in release.clips.items() if key not in silenced} - release.out
        self.exports(attempt)
        retraining.tell(attempt, [{"stage": "evaluating"}])

    def exports(self, attempt):
        attempt.export.mkdir(exist_ok=True)
        for name in publication.MADE_BY_CHILD:
            (attempt.export / name).write_text(json.dumps({name: str(attempt.run.pk)}))
        told = {**EVALUATION, "training": {"release_digest": attempt.run.release.digest}}
        (attempt.export / publication.EVALUATION).write_text(json.dumps(told))

    def publishes(self, attempt):
        checkpoint = publication.publish(attempt.run, attempt.export, attempt.claim)
        release = self.memory.releases[attempt.run.release.digest]
        self.memory.heard[checkpoint.digest] = release
        lineage.mark_due()
        self.memory.published_from = release.accepted_before
        self.ends()


def dropped_in(folder: Path) -> set[str]:
    """The keys that the child was told not to use."""
    path = folder / "dropped.json"
    return set(json.loads(path.read_bytes())) if path.exists() else set()


def keys_below(folder: Path) -> set[str]:
    """The keys of the clips in the shards there."""
    return {key for path in folder.iterdir() for key in keys_in(path.open("rb"))}


def keys_in(shard) -> set[str]:
    """The keys of the clips in one shard."""
    with shard, tarfile.open(fileobj=shard) as tar:
        return {name.partition(".")[0] for name in tar.getnames()}
