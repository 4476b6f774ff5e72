"""Each way to have no sound, produced in a real browser, is told in its own words and leads to its own page of help."""

import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from contributions.microphone_help import BROWSERS, PROBLEMS
from tests import sites, worlds
from tests.journeys import people
from tests.journeys.devices import device_hearing, volunteer
from tests.journeys.microphone import browser_hearing, looped, noise
from tests.journeys.studio import pull_the_plug, vera_in_the_studio

pytestmark = pytest.mark.journey
ELSEWHERE = "empathic.test"
FAILS = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('The sky is grey', 'DataError'); };"

# As Chromium says it on systems with a switch of their own for the microphone; ours has none.
SYSTEM_REFUSES = """
  const refusal = new DOMException("Permission denied by system", "NotAllowedError");
  navigator.mediaDevices.getUserMedia = async () => { throw refusal; };
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    environment = {"OE_ALLOWED_HOSTS": f"127.0.0.1,{ELSEWHERE}"}
    with sites.site(tmp_path_factory.mktemp("help"), environment) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture
def sound(tmp_path):
    return looped(worlds.ANGER, tmp_path)[0]


def turn_on(page: Page) -> None:
    page.get_by_role("button", name="Turn on the microphone").click()


def expect_help(page: Page, name: str) -> None:
    """The notice says what it is, and its page of help says what to do, first in this browser."""
    (problem,) = (each for each in PROBLEMS if each.name == name)
    alert = page.locator("[data-problem]:visible")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text(str(problem.title))
    assert len(alert.inner_text()) < 200, "the notice is short: its page of help is not"
    with page.expect_popup() as opened:
        alert.get_by_role("link").click()
    page = opened.value
    assert page.url.endswith(f"/help/microphone/{name}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(str(problem.title))
    expect(page.get_by_role("region", name=str(BROWSERS["chrome"])).get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("main").get_by_role("group")).to_have_count(len(BROWSERS) - 1)


def test_no_microphone(site, playwright):
    with vera_in_the_studio(playwright, site.url, "none", sound=None) as page:
        turn_on(page)

        expect_help(page, "none")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_permission_denied(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "denied", sound=sound, permits=False) as page:
        turn_on(page)

        expect_help(page, "denied")


def test_the_question_dismissed_and_then_answered(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "dismissed", sound=sound, permits=False) as page:
        # Nobody answers a browser without a window: asked, it says that its question was dismissed.
        permit(page, site, "prompt")
        turn_on(page)
        expect_help(page, "dismissed")

        permit(page, site, "granted")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("button", name="Record a test of 3 seconds")).to_be_focused()


def permit(page: Page, site, setting: str) -> None:
    """What the browser's own settings say of the microphone on this site."""
    own = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    wish = {"permission": {"name": "microphone"}, "setting": setting, "origin": site.url, "browserContextId": own}
    page.context.browser.new_browser_cdp_session().send("Browser.setPermission", wish)


def test_a_microphone_that_cannot_be_read(site, playwright, sound):
    flags = ["--fail-audio-stream-creation"]
    with vera_in_the_studio(playwright, site.url, "busy", sound=sound, more=flags) as page:
        turn_on(page)

        expect_help(page, "busy")
        assert page.locator("microphone-check code").inner_text().startswith("NotReadableError")


def test_an_insecure_origin_is_told_at_once(site, playwright, sound):
    address = site.url.replace("127.0.0.1", ELSEWHERE)
    with vera_in_the_studio(playwright, address, "insecure", sound=sound) as page:
        expect_help(page, "insecure")


def test_a_browser_that_cannot_record_is_told_at_once(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "old", sound=sound, script="delete window.MediaRecorder;") as page:
        expect_help(page, "unsupported")


@pytest.mark.soak
def test_a_microphone_that_the_system_silences(site, playwright, tmp_path):
    """A muted input sends zeros; the event that phones send with it is ours here: Chromium's devices cannot mute."""
    silence = noise(None, tmp_path)
    with vera_in_the_studio(playwright, site.url, "muted", sound=silence) as page:
        turn_on(page)
        page.get_by_role("button", name="Record a test of 3 seconds").click()
        told = page.get_by_text("The test is silent: we heard nothing.")
        expect(told).to_be_visible(timeout=20_000)
        assert told.get_by_role("link").get_attribute("href") == "/help/microphone/muted/"
        expect(page.get_by_role("button", name="It sounds right")).to_be_hidden()

        page.evaluate("heard.getAudioTracks()[0].dispatchEvent(new Event('mute'))")
        expect_help(page, "muted")
        page.evaluate("heard.getAudioTracks()[0].dispatchEvent(new Event('unmute'))")
        expect(page.get_by_role("button", name="Record a test of 3 seconds")).to_be_visible()


@pytest.mark.soak
def test_a_microphone_that_the_system_keeps_from_the_browser(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "system", sound=sound, script=SYSTEM_REFUSES) as page:
        turn_on(page)

        expect_help(page, "system")


@pytest.mark.soak
def test_a_take_of_zeros_is_told_in_the_studio_and_by_the_meter_while_it_is_made(site, playwright, sound, tmp_path):
    with device_hearing(playwright, sound, tmp_path)() as page:
        volunteer(page, site.url, "zeros")
        people.check_microphone(page)
    # The same microphone at the next visit, which the system has silenced since.
    with device_hearing(playwright, noise(None, tmp_path), tmp_path)() as page:
        page.goto(f"{site.url}/contribute/studio/")
        recorder = page.locator("take-recorder")
        page.get_by_role("button", name="Record", exact=True).click()
        expect(recorder.get_by_text("We hear nothing.")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Stop").click()

        told = page.get_by_text("We heard nothing while you spoke.")
        expect(told).to_be_visible()
        assert told.get_by_role("link").get_attribute("href") == "/help/microphone/muted/"
        expect(page.get_by_role("button", name="Record again")).to_be_focused()


@pytest.mark.soak
def test_a_microphone_lost_in_the_middle_of_the_check(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "lost", sound=sound) as page:
        turn_on(page)
        page.get_by_role("button", name="Record a test of 3 seconds").click()
        pull_the_plug()

        expect(page.get_by_text("The microphone was lost.")).to_be_visible()
        expect_help(page, "lost")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("button", name="Record a test of 3 seconds")).to_be_visible()


@pytest.mark.soak
def test_a_chosen_microphone_that_went_away(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "absent", sound=sound) as page:
        turn_on(page)
        choice = page.get_by_label("Microphone", exact=True)
        expect(choice).to_be_visible()
        choice.evaluate("(select) => (select.options[1].value = 'the-one-that-was-unplugged')")
        choice.select_option(index=1)

        expect_help(page, "absent")


def test_anything_else(site, playwright, sound):
    with vera_in_the_studio(playwright, site.url, "other", sound=sound, script=FAILS) as page:
        turn_on(page)

        expect(page.get_by_text("DataError: The sky is grey")).to_be_visible()
        expect_help(page, "other")


def test_the_pages_of_help_read_well_on_a_phone(site, playwright, tmp_path):
    with browser_hearing(playwright, None) as browser:
        page = browser.new_context(**playwright.devices["iPhone 13"]).new_page()
        page.goto(f"{site.url}/help/microphone/")
        page.get_by_role("link", name=re.compile("silent")).click()

        expect(page.get_by_role("heading", level=2).first).to_have_text("iPhone or iPad")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
