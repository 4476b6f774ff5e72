"""Leaving a device on which takes still wait: their speaker is told and chooses; who comes next meets none of them."""

import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.devices import device_hearing, guest, made, states, until, volunteer
from tests.journeys.microphone import looped
from tests.proxies.chaos import chaos
from tests.soak.test_uploads import STATES, dashed, stored

pytestmark = pytest.mark.journey
QUESTION = "Takes of yours are still on this device"
SPEAKERS = """SELECT clip.id, person.email FROM contributions_clip AS clip
  JOIN contributions_contributor AS voice ON clip.contributor_id = voice.id
  JOIN accounts_user AS person ON voice.user_id = person.id"""
EVERYBODYS = """async () => {
  const { within } = await import("audio/takes");
  return (await within("readonly", (takes) => takes.getAll())).map(({ id }) => id);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("leaving")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture
def wire(site):
    with chaos(site.url) as made:
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture
def device(playwright, tmp_path):
    return device_hearing(playwright, looped(worlds.ANGER, tmp_path)[0], tmp_path)


def sign_in(page: Page, url: str, name: str) -> None:
    """Come back to an account of before."""
    page.goto(f"{url}/accounts/login/?next=/contribute/clips/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(f"{name}@example.org")
    page.get_by_label(re.compile("^password", re.IGNORECASE)).fill(people.PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/contribute/clips/**")


def leave(page: Page, how: str = "Sign out"):
    """Press that button; the question that is asked."""
    page.wait_for_function("() => customElements.get('leave-asking')")
    page.get_by_role("button", name=how).click()
    return page.get_by_role("dialog", name=QUESTION)


def test_whoever_has_nothing_on_the_device_signs_out_unasked(site, device):
    with device() as page:
        volunteer(page, site.url, "empty")
        page.wait_for_function("() => customElements.get('leave-asking')")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign out").click()

        expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_vera_is_told_what_still_waits_and_may_stay(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "stays")
        wire.holds_uploads = True
        made(page)
        made(page, is_sent=False)
        question = leave(page)
        expect(question).to_contain_text(re.compile(r"Takes that the site does not have yet:\s+2"))
        expect(question).to_contain_text("when you sign in here again")
        expect(question.get_by_role("button", name="Stay here")).to_be_focused()
        page.keyboard.press("Enter")

        expect(question).to_be_hidden()
        assert page.url.endswith("/contribute/studio/")
        expect(leave(page)).to_be_visible()
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        assert sorted(states(page)) == ["draft", "waiting"]


def test_what_vera_leaves_on_the_device_nobody_else_hears_or_sends_and_it_goes_when_she_is_back(site, wire, device):
    before = set(stored(site))
    with device() as page:
        volunteer(page, wire.url, "leaves")
        wire.holds_uploads = True
        hers = made(page)
        with page.expect_navigation():
            leave(page).get_by_role("button", name="Leave, and keep them here").click()
        wire.holds_uploads = False

        volunteer(page, wire.url, "next")
        his = made(page)
        site.wait_for(lambda: his in stored(site), "Otto's own take was sent")
        page.goto(f"{wire.url}/contribute/clips/")
        page.evaluate("() => document.querySelector('take-sender').sending.all({ now: true })")
        assert states(page) == []
        assert page.evaluate(EVERYBODYS) == [hers]
        expect(page.locator("kept-take")).to_have_count(0)
        # Hers is not counted for him either.
        with page.expect_navigation():
            page.get_by_role("button", name="Sign out").click()
        assert set(stored(site)) - before == {his}

        sign_in(page, wire.url, "leaves")
        site.wait_for(lambda: hers in stored(site), "her take went its way with her voice")
    speakers = {dashed(clip): email for clip, email in site.rows(SPEAKERS)}
    assert (speakers[hers], speakers[his]) == ("leaves@example.org", "next@example.org")


def test_a_guest_may_leave_nothing_behind(site, wire, device):
    with device() as page:
        guest(page, wire.url)
        wire.holds_uploads = True
        made(page)
        question = leave(page, "Forget me on this browser")
        expect(question).to_contain_text("when you open your code here again")
        with page.expect_navigation():
            question.get_by_role("button", name="Leave, and delete them").click()

        assert page.evaluate(EVERYBODYS) == []


def test_who_deletes_the_account_leaves_no_sound_on_the_device(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "gone")
        wire.holds_uploads = True
        made(page)
        page.goto(f"{wire.url}/contribute/clips/")
        page.get_by_role("link", name="Delete my account").click()
        page.get_by_label("Your password").fill("not it")
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_text("Nothing was deleted.")).to_be_visible()
        assert page.evaluate(STATES) == ["waiting"]
        page.get_by_label("Your password").fill(people.PASSWORD)
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()

        until(page, "async () => document.querySelector('takes-end').dataset.state === 'done'")
        assert page.evaluate(EVERYBODYS) == []
