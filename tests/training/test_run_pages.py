"""Cleo opens a run by hand and watches it; the schedule's are listed beside hers."""

import pytest
from django.urls import reverse

from contributions.listening import seed
from openempathic.registry.models import Checkpoint
from training import notices, schedule
from training.models import TrainingRun

FIGURES = {"uar": 0.51, "interval": {"low": 0.44, "high": 0.58}}


@pytest.fixture
def signed_in(client, cleo):
    client.force_login(cleo)
    return client


def test_cleo_opens_a_run_and_is_led_to_it(signed_in, cleo):
    answer = signed_in.post(reverse("runs"), follow=True)
    run = TrainingRun.objects.get()

    assert run.opened_by == cleo
    assert answer.redirect_chain[-1][0] == reverse("run", args=[run.pk])
    assert "Queued" in answer.content.decode()


def test_while_a_run_is_active_she_is_told_so_and_none_is_added(signed_in, cleo):
    schedule.open_run(by=cleo)
    answer = signed_in.post(reverse("runs"), follow=True)

    assert "under way already" in answer.content.decode()
    assert TrainingRun.objects.count() == 1


def test_the_page_of_a_run_tells_its_progress_to_whoever_watches(signed_in, cleo):
    run = schedule.open_run(by=cleo)
    progress = {"stage": "training", "step": 30, "steps": 200, "loss": 1.25}
    TrainingRun.objects.filter(pk=run.pk).update(status="TRAINING", progress=progress)
    address = reverse("run", args=[run.pk])
    told = signed_in.get(address, {"format": "json"}).json()

    assert (told["status"], told["is_active"], told["progress"]) == ("TRAINING", True, progress)
    assert "30 / 200" in signed_in.get(address).content.decode()


def test_a_published_run_shows_what_was_measured(signed_in, cleo):
    run = schedule.open_run(by=cleo)
    evaluation = {"chance": 1 / 3, "zero_shot": FIGURES, "by_language": {"pl": FIGURES}}
    checkpoint = Checkpoint.objects.create(
        digest="c" * 64, preset="nano", release_digest="b" * 64, run_id=run.pk, files={}, evaluation=evaluation
    )
    TrainingRun.objects.filter(pk=run.pk).update(status="PUBLISHED", checkpoint=checkpoint)
    text = signed_in.get(reverse("run", args=[run.pk])).content.decode()

    assert checkpoint.version in text
    assert "0.440 – 0.580" in text
    assert "0.333" in text
    assert "suggestions: pl" in text


def test_a_failed_run_says_why(signed_in, cleo):
    run = schedule.open_run(by=cleo)
    TrainingRun.objects.filter(pk=run.pk).update(status="FAILED", status_reason="The child ran out of memory.")

    assert "The child ran out of memory." in signed_in.get(reverse("run", args=[run.pk])).content.decode()


def test_until_the_first_champion_she_reads_who_suggests(signed_in, settings):
    assert "nobody sees suggestions" in signed_in.get(reverse("runs")).content.decode()

    settings.SEED_HEAD = True
    seed.plant()
    text = signed_in.get(reverse("runs")).content.decode()
    assert "the seed head suggests" in text
    assert "CC BY-NC-SA 4.0" in text


def told(answer):
    return " ".join(answer.content.decode().split())


LEARNING = {
    "stage": "training",
    "step": 30,
    "steps": 200,
    "loss": 1.25,
    "recall": 0.5,
    "clips_per_second": 41.26,
    "device": "a large GPU",
    "processes": 4,
    "gpu": {"memory_gib": 12.5, "memory_total_gib": 80.0, "use_percent": 93},
    "eta_seconds": 4000.0,
    "dropped": 2,
    "began": {"FREEZING": "2026-11-23T10:00:00+00:00", "training": "2026-11-23T10:01:30+00:00"},
    "curve": [{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.5, "recall": 0.5}, {"step": 30, "loss": 1.25}],
    "happened": [
        {"at": "2026-11-23T10:00:00+00:00", "what": "attempt", "attempt": 1},
        {"at": "2026-11-23T10:01:00+00:00", "what": "dropped", "clips": 2},
        {"at": "2026-11-23T10:02:00+00:00", "what": "something newer"},
    ],
}


@pytest.fixture
def learning(cleo):
    """A run in the midst of its steps."""
    run = schedule.open_run(by=cleo)
    TrainingRun.objects.filter(pk=run.pk).update(
        status="TRAINING", progress=LEARNING, opened_at="2026-11-23T09:59:00Z", kept_state={"step": 20}
    )
    return run


def test_the_page_says_speed_gpu_time_left_stages_and_what_happened(signed_in, learning):
    page = told(signed_in.get(reverse("run", args=[learning.pk])))

    for said in (
        "41.3 clips a second",
        "a large GPU × 4",
        "93 %",
        "12.5 of 80.0 GiB",
        "1 h 7 min",
        "up to step 20",
        "1 min 30 s",
        "Attempt 1 began",
        "2 clips that were withdrawn meanwhile were left out",
        '<th scope="row">20</th> <td>1.50</td><td>0.50</td>',
    ):
        assert said in page, said
    assert "something newer" not in page


def test_the_curves_are_pictures_in_the_readers_language_that_are_asked_anew(signed_in, learning):
    page = told(signed_in.get(reverse("run", args=[learning.pk])))
    for name in ("loss", "recall"):
        address = reverse("run-plot", args=[learning.pk, name])
        assert f"{address}?step=30" in page
        picture = signed_in.get(address, headers={"Accept-Language": "pl"})
        assert picture["Content-Type"] == "image/svg+xml"
        assert 'lang="pl"' in picture.content.decode()


def test_cleo_pauses_resumes_and_cancels_on_the_page_and_is_told_what_cannot_be(signed_in, learning):
    def posted(name):
        return told(signed_in.post(reverse(name, args=[learning.pk]), follow=True))

    paused = posted("run-pause")
    again = posted("run-pause")
    resumed = posted("run-resumption")
    cancelled = posted("run-cancellation")
    over = posted("run-cancellation")

    assert "No trainer takes it until it is resumed." in paused
    assert "can be paused." in again
    assert "goes on as soon as a trainer takes it" in resumed
    assert "Nothing of it is published." in cancelled
    assert "moved on meanwhile" in over
    assert TrainingRun.objects.get(pk=learning.pk).status == "CANCELLED"


def test_every_curator_is_mailed_once_when_a_run_has_failed_for_good(learning, cleo, milo, mailoutbox, monkeypatch):
    other = type(cleo).objects.create_superuser("cora@example.org", "x" * 12)
    TrainingRun.objects.filter(pk=learning.pk).update(status="FAILED", status_reason="Out of memory.", attempts=3)

    assert notices.tell_of_failure(TrainingRun.objects.get(pk=learning.pk)) == 2
    assert sorted(mail.to for mail in mailoutbox) == sorted([[cleo.email], [other.email]])
    assert "Out of memory." in mailoutbox[0].body
    assert reverse("run", args=[learning.pk]) in mailoutbox[0].body
    monkeypatch.setattr(notices, "failure_mail", lambda run, address: 1 / 0)
    assert notices.tell_of_failure(TrainingRun.objects.get(pk=learning.pk)) == 0
