"""Vera says how a take was, online or not, and takes a session back, in a real browser."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.microphone import browser_hearing, looped
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
SAID = "id => fetch(`/api/v1/clips/${id}/self-report/`).then((answer) => answer.ok && answer.json())"
TAKES = """async () => {
  const { takesOf } = await import("audio/takes");
  return (await takesOf(document.querySelector("take-sender").dataset.voices.split(" "))).length;
}"""
LAST = """() => new Promise((go) => {
  document.addEventListener("take:ready", ({ detail }) => (window.lastTake = detail.id));
  go();
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("how-it-was")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    sound, _once = looped(worlds.ANGER, tmp_path_factory.mktemp("sound"))
    with sync_playwright() as playwright, browser_hearing(playwright, sound) as started:
        yield started


def seated(browser, site, name: str, **context) -> Page:
    """A newcomer in the studio, the microphone checked."""
    page = browser.new_context(reduced_motion="reduce", **context).new_page()
    people.sign_up(page, site.url, f"{name}@example.org")
    people.choose_language(page, site.url, "English")
    people.consent(page)
    people.check_microphone(page)
    page.evaluate(LAST)
    return page


def give(page: Page, *, is_online: bool = True) -> str:
    """Record and send a take; its id."""
    people.record(page, seconds=1.5)
    if is_online:
        with page.expect_response(lambda answer: answer.request.method == "PUT" and "self-report" not in answer.url):
            page.get_by_role("button", name="Send").click()
    else:
        page.get_by_role("button", name="Send").click()
    return str(page.evaluate("window.lastTake"))


def test_vera_says_how_it_was_and_nothing_was_chosen_for_her(site, browser, tmp_path):
    page = seated(browser, site, "vera", viewport={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="How was it?")).to_be_hidden()
    clip = give(page)

    asked = page.locator("how-it-was")
    expect(page.get_by_role("heading", name="How was it?")).to_be_visible()
    assert asked.locator(":checked").count() == 0
    assert asked.get_by_role("textbox").input_value() == ""
    shots = Path(os.environ.get("OE_LOOK", tmp_path))
    picture(page, "how-it-was", shots)
    asked.get_by_role("radio", name="fear").check()
    asked.get_by_role("checkbox", name="whispered").check()
    asked.get_by_role("textbox").fill("I thought of the night bus.")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("How it was is kept with your clip.")).to_be_visible()

    said = page.evaluate(SAID, clip)
    assert (said["emotion"], said["styles"]) == ("fear", ["whisper"])
    assert said["description"] == "I thought of the night bus."
    page.get_by_role("button", name="Change it").click()
    page.get_by_role("button", name="Empty all of it").click()
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("How it was is kept with your clip.")).to_be_visible()
    assert page.evaluate(SAID, clip) is False
    page.get_by_role("button", name="Next sentence").click()
    expect(page.get_by_role("heading", name="How was it?")).to_be_hidden()


@pytest.mark.soak
def test_one_click_skips_it_and_it_comes_back_empty_with_the_next_take(site, browser):
    page = seated(browser, site, "skipping")
    give(page)
    page.locator("how-it-was").get_by_role("radio", name="anger").check()
    page.locator("how-it-was").get_by_role("button", name="Skip").click()
    expect(page.locator("how-it-was")).to_be_hidden()
    page.get_by_role("button", name="Next sentence").click()
    give(page)

    expect(page.get_by_role("heading", name="How was it?")).to_be_visible()
    assert page.locator("how-it-was :checked").count() == 0


@pytest.mark.soak
def test_what_is_said_without_a_connection_follows_its_clip(site, browser):
    page = seated(browser, site, "offline")
    page.context.set_offline(True)
    clip = give(page, is_online=False)
    page.locator("how-it-was").get_by_role("radio", name="sadness").check()
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("It is kept on this device and sent with your clip.")).to_be_visible()
    assert page.evaluate(TAKES) == 1

    page.context.set_offline(False)
    expect(page.get_by_text("How it was is kept with your clip.")).to_be_visible(timeout=people.PATIENT)
    assert page.evaluate(SAID, clip)["emotion"] == "sadness"


def test_vera_stops_and_deletes_the_session_here_and_there(site, browser, tmp_path):
    page = seated(browser, site, "stopping")
    clip = give(page)
    page.get_by_role("button", name="Next sentence").click()
    page.context.set_offline(True)
    give(page, is_online=False)
    page.locator("how-it-was").get_by_role("radio", name="sadness").check()
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_text("It is kept on this device and sent with your clip.")).to_be_visible()
    page.context.route("**/api/v1/clips/**", lambda route: route.abort())
    page.context.set_offline(False)
    page.get_by_role("link", name="Stop and delete this session").click()

    expect(page.locator('session-end [data-out="takes"]')).to_have_text("1")
    expect(page.get_by_text("Clips that are withdrawn with this: 1.")).to_be_visible()
    shots = Path(os.environ.get("OE_LOOK", tmp_path))
    picture(page, "end-session", shots)
    page.get_by_role("button", name="Yes, stop and delete").click()
    expect(page.get_by_text(re.compile("1 clip is withdrawn.*1 take is deleted"))).to_be_visible()
    page.context.unroute("**/api/v1/clips/**")
    assert page.evaluate(TAKES) == 0
    assert page.evaluate("id => fetch(`/api/v1/clips/${id}/`).then((a) => a.json())", clip)["status"] == "WITHDRAWN"
    picture(page, "progress", shots)
