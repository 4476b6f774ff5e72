"""Vera is asked for a manner of speaking and hears an example if she wants one, in a real browser."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.microphone import browser_hearing, looped
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
# With two sentences behind her, the third comes with a manner.
BEHIND = "besides=en-our-dinner-disgust&besides=en-not-home-anger"
# An accepted clip of every way to say one sentence, by somebody who allows it to be published; nothing else is offered.
EXAMPLE = """
from contributions.asking import examples
from contributions.models import Clip, Prompt
from tests import worlds
ada = worlds.volunteer("ada", purposes=("STORE_AND_REVIEW", "RELEASE_DATASET"))
cleo = worlds.person("cleo", "CURATOR")
for prompt in Prompt.objects.filter(language="en", sentence="our-dinner"):
    clip = worlds.stored_clip(ada, prompt=prompt)
    from contributions.screening import examination
    examination.examine_due(clip.pk)
    Clip.objects.filter(pk=clip.pk).update(status="ACCEPTED")
    examples.choose(prompt, clip.pk, by=cleo)
Prompt.objects.exclude(language="en", sentence="our-dinner").update(is_offered=False)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("manners")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    sound, _once = looped(worlds.ANGER, tmp_path_factory.mktemp("sound"))
    with sync_playwright() as playwright, browser_hearing(playwright, sound) as started:
        yield started


@pytest.fixture
def seated(browser, site, request):
    """A newcomer in the studio, the microphone checked, two sentences behind her."""
    page = browser.new_context(reduced_motion="reduce", viewport={"width": 390, "height": 844}).new_page()
    people.sign_up(page, site.url, f"vera-{request.node.name.replace('_', '-')}@example.org")
    people.choose_language(page, site.url, "English")
    people.consent(page)
    page.goto(f"{site.url}/contribute/studio/?{BEHIND}")
    people.check_microphone(page)
    yield page
    page.context.close()


def given(page: Page) -> dict:
    """A take recorded and sent; the clip as the site answers with it."""
    people.record(page, seconds=1.5)
    with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
        page.get_by_role("button", name="Send").click()
    assert sent.value.status == 201, sent.value.text()
    return sent.value.json()


@pytest.mark.soak
def test_the_clip_says_in_which_manner_vera_was_asked_to_speak(site, seated, tmp_path):
    wished = seated.locator("[data-style]").get_attribute("data-style")
    expect(seated.get_by_text("If you like, say it like this")).to_be_visible()
    picture(seated, "manner", Path(os.environ.get("OE_LOOK", tmp_path)))

    assert given(seated)["intended_style"] == wished != ""


@pytest.mark.soak
def test_a_manner_that_vera_leaves_out_is_gone_from_card_and_clip(site, seated):
    wished = seated.locator("[data-style]").get_attribute("data-style")
    with seated.expect_response(lambda answer: f"/manners/{wished}/skip/" in answer.url) as told:
        seated.get_by_role("button", name="Rather not").click()
    assert told.value.status == 204
    expect(seated.locator(".manner")).to_have_count(0)

    assert given(seated)["intended_style"] == ""


def test_an_example_plays_when_vera_asks_for_it_and_not_before(site, seated, tmp_path):
    site.manage("shell", "-c", EXAMPLE)
    asked = []
    seated.on("request", lambda request: asked.append(request.url) if "/example/" in request.url else None)
    seated.goto(f"{site.url}/contribute/studio/")
    expect(seated.get_by_text("Hear an example")).to_be_visible()
    assert asked == []

    seated.get_by_text("Hear an example").click()
    picture(seated, "example", Path(os.environ.get("OE_LOOK", tmp_path)))
    seated.evaluate("document.querySelector('.example audio').play()")
    seated.wait_for_function("() => document.querySelector('.example audio').ended", timeout=people.PATIENT)
    assert asked
    (heard,) = site.rows("SELECT COUNT(*) FROM contributions_exampleheard")
    assert heard == (1,)
