"""Runs through the gate: the first champion, a better one, a worse one, a new language, and what a curator decides."""

import json
from datetime import timedelta
from itertools import count

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from openempathic import storage
from openempathic.audit.models import AuditEvent
from openempathic.registry.champion import champion
from openempathic.registry.models import Checkpoint
from training import notices, retraining, schedule
from training.gate import approval, looks, rivals
from training.models import TrainingRun, TrainingSchedule

S = TrainingRun.Status
# Right of ten, by language.
GOOD = {"candidate": {"en": 8}, "champion": {"en": 6}, "log_mel": {"en": 6}}
WORSE = {"candidate": {"en": 6}, "champion": {"en": 8}}
SHUFFLED = {"candidate": {"en": 5}, "champion": {"en": 8}, "log_mel": {"en": 6}}
WITH_POLISH = {"candidate": {"en": 8, "pl": 9}, "champion": {"en": 8, "pl": 9}}


def retrain():
    return retraining.retrain_due(owner="trainer")


@pytest.fixture
def next_run(run, cleo):
    """The next run, of a child that is so good; another at every call."""

    numbers = count(1)

    def opened(right, **plan):
        active = schedule.active_run() or schedule.open_run(by=cleo)
        # Other figures make other bytes: the same checkpoint would not be published twice.
        plan = active.plan | {"right": right, "measured": {"round": next(numbers)}} | plan
        TrainingRun.objects.filter(pk=active.pk).update(plan=plan)
        return retrain()

    return opened


@pytest.fixture
def asked(db):
    """Curators want to be asked."""
    row = schedule.current()
    row.needs_approval = True
    row.save()


def test_the_first_champion_beats_chance_and_what_knows_no_speech(next_run):
    done = next_run(GOOD)

    gate = done.checkpoint.evaluation["gate"]
    assert done.status == S.PUBLISHED
    assert (gate["rule"], gate["champion"], gate["against"]) == ("first_champion", None, [])
    assert gate["first"]["is_above_log_mel"]
    assert done.verdict == gate
    assert {"gate.json", "gate.html"} <= set(done.checkpoint.files)
    page = storage.read(f"{done.checkpoint.prefix}/gate.html").decode()
    assert "It passes." in page
    assert "<script" not in page


def test_a_better_one_follows_and_a_worse_one_does_not(next_run):
    first = next_run(GOOD)
    better = next_run({"candidate": {"en": 9}, "champion": {"en": 7}})
    worse = next_run(WORSE)

    assert (first.status, better.status, worse.status) == (S.PUBLISHED, S.PUBLISHED, S.REJECTED)
    assert better.verdict["champion"] == first.checkpoint.digest
    assert champion() == better.checkpoint
    assert "not better than the champion" in worse.status_reason
    assert {one["code"] for one in worse.verdict["against"]} == {"not_better", "worse"}
    assert worse.checkpoint is None
    assert [run.verdict["looks"]["number"] for run in (first, better, worse)] == [1, 2, 3]


def test_a_candidate_trained_on_shuffled_labels_is_rejected_with_and_without_a_champion(next_run):
    alone = next_run(SHUFFLED)
    next_run(GOOD)
    beside = next_run(SHUFFLED)

    assert (alone.status, beside.status) == (S.REJECTED, S.REJECTED)
    assert "not above chance" in alone.status_reason
    assert champion().evaluation["round"] == 2


def test_a_new_language_is_a_reason_to_publish(next_run):
    next_run(GOOD)
    splits = {"splits": {"train": {"languages": {"en": 4, "pl": 4}}}}
    level = next_run(WITH_POLISH, measured=splits)

    assert level.status == S.PUBLISHED
    assert not level.verdict["primary"]["is_better"]
    assert level.verdict["new_languages"]["languages"][0]["language"] == "pl"


def test_an_open_gate_tells_what_a_closed_one_would_have_said(next_run, settings, caplog):
    settings.GATE = "open"
    done = next_run(SHUFFLED)

    assert done.status == S.PUBLISHED
    assert [one["code"] for one in done.verdict["against"]] == ["not_above_chance", "not_above_log_mel"]
    assert done.verdict["gate"] == "open"
    assert "a closed one would have held it back" in caplog.text


def test_a_candidate_of_which_nothing_was_compared_is_held_back(next_run, monkeypatch):
    enter = retraining.enter

    def and_loses_it(attempt, status, **columns):
        enter(attempt, status, **columns)
        if status == S.EVALUATING:
            attempt.check = lambda: (attempt.folder / "comparison.json").write_text("{")

    monkeypatch.setattr(retraining, "enter", and_loses_it)

    assert "no comparison" in next_run(GOOD).status_reason


def test_a_candidate_compared_with_another_champion_is_compared_anew(next_run, tmp_path, run):
    first = next_run(GOOD)
    folder = tmp_path / "runs" / "another"
    (folder / "export").mkdir(parents=True)
    (folder / "comparison.json").write_text(json.dumps({"champion_digest": "d" * 64}))
    (folder / "champion" / ("d" * 64)).mkdir(parents=True)

    rivals.bring(folder)

    assert not (folder / "export").exists()
    assert [place.name for place in (folder / "champion").iterdir()] == [first.checkpoint.digest]
    assert {path.name for path in (folder / "champion" / first.checkpoint.digest).iterdir()} >= {"model.safetensors"}
    (folder / "comparison.json").write_text(json.dumps({"champion_digest": first.checkpoint.digest}))
    (folder / "export").mkdir()
    rivals.bring(folder)
    assert (folder / "export").exists()


def test_a_run_judged_on_another_machine_gets_the_same_verdict(next_run, asked, settings, tmp_path, cleo):
    waiting = next_run(GOOD)
    approval.approve(waiting, by=cleo)
    settings.RUNS_FOLDER = tmp_path / "another machine"
    done = retrain()

    assert done.status == S.PUBLISHED
    assert done.checkpoint.evaluation["gate"] == waiting.verdict
    assert looks.earlier(done) == 0


def test_cleo_is_asked_and_her_word_publishes(next_run, asked, cleo, client):
    waiting = next_run(GOOD)
    assert (waiting.status, waiting.approval) == (S.PUBLISHING, "WAITING")
    assert (waiting.next_attempt_at, waiting.lease_owner) == (None, "")
    assert retrain() is None
    assert (retraining.folder_of(waiting) / "export").exists()

    client.force_login(cleo)
    address = reverse("run", args=[waiting.pk])
    before = client.get(address).content.decode()
    answer = client.post(reverse("run-approval", args=[waiting.pk]), {"answer": "approve"}, follow=True)
    done = retrain()

    assert "waits for a curator" in before
    assert "Approve and publish" in before
    assert "next free trainer" in answer.content.decode()
    assert (done.status, done.approval, done.approval_by) == (S.PUBLISHED, "GIVEN", cleo)
    assert champion() == done.checkpoint
    assert AuditEvent.objects.get(act="training_run.approved").actor == cleo
    assert "Approve and publish" not in client.get(address).content.decode()


def test_curators_are_mailed_once_that_a_candidate_waits_and_again_for_another(next_run, asked, cleo, milo, mailoutbox):
    waiting = next_run(GOOD)
    (letter,) = mailoutbox
    assert (letter.to, "waits for your approval" in letter.subject) == ([cleo.email], True)
    assert reverse("run", args=[waiting.pk]) in letter.body

    # Due again, as after a restore: the same weights are no news.
    TrainingRun.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert (retrain().approval, len(mailoutbox)) == ("WAITING", 1)

    approval.approve(waiting, by=cleo)
    TrainingRun.objects.update(verdict=waiting.verdict | {"candidate": "of other weights"})
    assert (retrain().approval, len(mailoutbox)) == ("WAITING", 2)


def test_curators_are_mailed_of_what_is_committed_and_while_nothing_is_open(next_run, asked, monkeypatch):
    seen = []

    def told(run):
        # The test's own transaction has no savepoint; whoever opened one inside it could still roll back.
        seen.append((list(connection.savepoint_ids), TrainingRun.objects.get(pk=run.pk).approval))

    monkeypatch.setattr(notices, "tell_of_candidate", told)
    next_run(GOOD)

    assert seen == [([], "WAITING")]


def test_cleo_refuses_and_says_why(next_run, asked, cleo, client):
    waiting = next_run(GOOD)
    client.force_login(cleo)
    address = reverse("run-approval", args=[waiting.pk])

    silent = client.post(address, {"answer": "refuse", "reason": " "}, follow=True).content.decode()
    client.post(address, {"answer": "refuse", "reason": "It mishears my aunt."})

    run = TrainingRun.objects.get()
    assert "Say why" in silent
    assert (run.status, run.approval, run.status_reason) == (S.REJECTED, "REFUSED", "It mishears my aunt.")
    assert (run.next_attempt_at, champion()) == (None, None)
    assert not Checkpoint.objects.exists()
    with pytest.raises(approval.NotApprovable, match="nobody's approval"):
        approval.approve(run, by=cleo)


def test_nobody_but_a_curator_approves_and_nobody_twice(next_run, asked, cleo, milo, vera):
    waiting = next_run(GOOD)

    for person in (milo, vera):
        with pytest.raises(approval.NotApprovable, match="Only a curator"):
            approval.approve(waiting, by=person)
    approval.approve(waiting, by=cleo)
    with pytest.raises(approval.NotApprovable):
        approval.refuse(waiting, by=cleo, reason="Too late.")
    assert TrainingRun.objects.get().approval == "GIVEN"


def test_what_was_approved_is_what_is_published(next_run, asked, cleo):
    waiting = next_run(GOOD)
    approval.approve(waiting, by=cleo)
    TrainingRun.objects.update(verdict=waiting.verdict | {"candidate": "of other weights"})
    again = retrain()

    assert (again.status, again.approval) == (S.PUBLISHING, "WAITING")
    assert champion() is None


def test_an_operator_approves_by_hand(next_run, asked, cleo, milo, capsys):
    with pytest.raises(CommandError, match="No run waits"):
        call_command("approve", by=cleo.email)
    next_run(GOOD)
    with pytest.raises(CommandError, match="no curator"):
        call_command("approve", by=milo.email)
    call_command("approve", by=cleo.email)

    assert retrain().status == S.PUBLISHED
    assert "approved" in capsys.readouterr().out


def test_the_page_of_a_rejected_run_tells_every_guard_in_words(next_run, cleo, client):
    next_run(GOOD)
    run = next_run(WORSE)
    client.force_login(cleo)
    text = client.get(reverse("run", args=[run.pk])).content.decode()
    told = client.get(reverse("run-gate", args=[run.pk]), {"format": "json"})
    page = client.get(reverse("run-gate", args=[run.pk]))

    assert "The candidate was held back." in text
    assert "disturbed sound: telephone" in text
    assert "credibly worse" in text
    assert "This is look 2" in text
    assert told.json() == run.verdict
    assert page["Content-Disposition"] == 'attachment; filename="gate.html"'
    assert "It is held back." in page.content.decode()


def test_nobody_is_asked_where_the_schedule_does_not_want_it(next_run):
    assert not TrainingSchedule.objects.exists()
    assert next_run(GOOD).approval == ""
