"""Cleo reads the rules of screening, sees what another threshold would do, and only then changes it."""

import re

import pytest
from django.urls import reverse

from contributions.models import Clip, RulesVersion
from contributions.screening import rules
from contributions.taxonomy import screening
from tests.contributions.screening.test_foresight import measured

RULES = reverse("rules")
SILENT = reverse("rule", args=["silent"])


@pytest.fixture
def curators_browser(client, cleo):
    client.force_login(cleo)
    return client


def said(response) -> str:
    """What a reader sees of the page, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_every_rule_is_on_the_page_with_its_number_its_unit_and_its_source(curators_browser):
    page = said(curators_browser.get(RULES))

    assert "Loudest moment below -66 dBFS" in page
    assert "Cut off at the top above 1 %" in page
    assert all(rule.source.replace("'", "&#x27;") in page for rule in screening.rules())


def test_the_rule_is_shown_in_the_unit_in_which_it_is_changed(curators_browser):
    page = curators_browser.get(reverse("rule", args=["clipped"])).content.decode()

    assert re.search(r'name="threshold" value="1"[^>]*min="0.5"[^>]*max="20"', page)


def test_cleo_sees_what_another_threshold_would_do_before_she_saves_it(curators_browser, vera):
    quiet = measured(vera, peak_dbfs=-62.0)

    page = curators_browser.get(SILENT, {"threshold": "-60", "consequence": "UNUSABLE"})

    assert "Would become unusable: 1" in said(page)
    assert "1 of 1 100.0 %" in said(page)
    assert reverse("clip-audio", args=[quiet.pk]) in page.content.decode()
    assert RulesVersion.objects.count() == 1


def test_a_clip_that_waits_for_a_moderator_leads_to_its_page(curators_browser, vera):
    refused = measured(vera, peak_dbfs=-68.0)

    page = curators_browser.get(SILENT, {"threshold": "-70", "consequence": "UNUSABLE"})

    assert "Would become usable: 1" in said(page)
    assert reverse("moderate-clip", args=[refused.pk]) in page.content.decode()


def test_a_curator_who_may_yet_listen_is_not_told_what_a_clip_was_meant_to_sound_like(curators_browser, vera):
    measured(vera, peak_dbfs=-62.0)

    page = curators_browser.get(SILENT, {"threshold": "-60", "consequence": "UNUSABLE"})
    listed = re.search(r'<ul class="touched">.*?</ul>', page.content.decode(), re.DOTALL)[0]

    assert Clip.objects.get().intended_emotion not in listed


def test_saving_needs_a_reason_and_shows_again_what_it_would_do(curators_browser, vera):
    measured(vera, peak_dbfs=-62.0)
    filled = {"threshold": "-60", "consequence": "UNUSABLE", "seen": "1", "reason": " "}

    answer = curators_browser.post(SILENT, filled)

    assert answer.status_code == 422
    assert "Please say why" in said(answer)
    assert rules.current().version == 1


def test_a_saved_change_stands_on_the_page_with_who_and_why(curators_browser, cleo):
    filled = {"threshold": "-60", "consequence": "UNUSABLE", "seen": "1", "reason": "fans everywhere"}

    page = said(curators_browser.post(SILENT, filled, follow=True))

    assert "Saved as version 2." in page
    assert "changed here; it came as: Loudest moment below -66 dBFS" in page
    assert f"{cleo.email} fans everywhere" in page


def test_who_looked_at_an_older_version_has_to_look_again(curators_browser):
    filled = {"threshold": "-60", "consequence": "UNUSABLE", "reason": "fans"}
    curators_browser.post(SILENT, filled | {"seen": "1"})

    answer = curators_browser.post(reverse("rule", args=["quiet"]), filled | {"consequence": "WARN", "seen": "1"})

    assert answer.status_code == 422
    assert "Somebody changed the rules meanwhile" in said(answer)


def test_a_share_is_filled_in_as_percent_and_kept_as_a_ratio(curators_browser):
    filled = {"threshold": "2.5", "consequence": "UNUSABLE", "seen": "1", "reason": "drums"}

    curators_browser.post(reverse("rule", args=["clipped"]), filled)

    assert rules.named("clipped", rules.table(rules.current())).threshold == 0.025


@pytest.mark.parametrize("threshold", ["", "loud", "-5", "nan", "inf"])
def test_a_threshold_that_cannot_be_is_refused_with_a_word(curators_browser, threshold):
    filled = {"threshold": threshold, "consequence": "UNUSABLE", "seen": "1", "reason": "why not"}

    assert curators_browser.get(SILENT, filled).status_code == 200
    assert curators_browser.post(SILENT, filled).status_code == 422
    assert rules.current().version == 1


def test_clips_are_screened_again_only_where_cleo_says_so(curators_browser, vera):
    freed = measured(vera, peak_dbfs=-68.0)
    filled = {"threshold": "-69", "consequence": "UNUSABLE", "seen": "1", "reason": "whispers"}
    curators_browser.post(SILENT, filled)
    freed.refresh_from_db()
    assert freed.status == Clip.Status.UNUSABLE

    again = filled | {"threshold": "-70", "seen": "2", "screen_again": "on"}
    page = said(curators_browser.post(SILENT, again, follow=True))

    freed.refresh_from_db()
    assert freed.status == Clip.Status.STORED
    assert "1 clip is screened again." in page
