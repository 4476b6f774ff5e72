"""Cleo opens a run by hand and watches it; the schedule's are listed beside hers."""

import pytest
from django.urls import reverse

from contributions.listening import seed
from openempathic.registry.models import Checkpoint
from training import schedule
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
