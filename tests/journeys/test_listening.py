"""Lena listens: twenty voices by the keyboard alone, one on her phone, one offline, one without scripts."""

import itertools
import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites
from tests.forms import EVERY
from tests.journeys import listening_site, looks, people
from tests.journeys.keyboard import reach
from tests.journeys.listening_site import clip_of, play, sign_in
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
VOICES = 20 if EVERY else 8
LENAS = itertools.count()
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
BLIND = "SELECT emotion, intensity FROM contributions_rating WHERE phase = 'BLIND' ORDER BY rated_at"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("listening"), {"OE_HIDDEN_ARM": "0"}) as made:
        listening_site.built(made, count=VOICES + 8, suggestions=VOICES + 8)
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture
def visit(site, browser):
    """A way to open Lena's browser, in which nothing may go wrong unnoticed."""
    opened = []

    def visit(**options) -> Page:
        context = browser.new_context(**({"viewport": DESK, "reduced_motion": "reduce"} | options))
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        sign_in(page, site, number=next(LENAS))
        opened.append(page)
        return page

    yield visit
    for page in opened:
        assert [told for told in page.complaints if "net::ERR_INTERNET" not in told] == []
        page.context.close()


def test_lena_hears_voice_after_voice_by_the_keyboard_alone(site, visit, tmp_path):
    lena = visit()
    before = len(site.rows(BLIND))
    heard = []
    for number in range(VOICES):
        heard.append(clip_of(lena))
        play(lena)
        if number == 1:
            picture(lena, "listen", tmp_path)
            lena.set_viewport_size(DESK)
        lena.keyboard.press(str(number % 7 + 1))
        lena.keyboard.press("j")
        lena.keyboard.press("Enter")
        # Vera's clips were heard by a champion too: its step comes between.
        expect(lena.get_by_text("Here is what CLARA heard")).to_be_visible()
        if number == 0:
            picture(lena, "step", tmp_path)
            lena.set_viewport_size(DESK)
            assert list(looks.faults(lena, "en")) == []
        lena.keyboard.press("k")
        expect(lena.locator("heard-note")).to_be_visible()

    assert len(set(heard)) == VOICES
    answers = site.rows(BLIND)[before:]
    assert [strength for _emotion, strength in answers] == [1] * VOICES
    assert len({emotion for emotion, _strength in answers}) == 7


def test_the_next_voice_is_fetched_while_lena_answers(site, visit):
    lena = visit()
    answered = []
    lena.on("response", lambda response: answered.append(response.url))
    with lena.expect_response("**/listen/next/") as ahead:
        play(lena)
    files = ahead.value.json()["files"]
    for _tenth in range(100):
        if any(address.endswith(files[1]) for address in answered):
            break
        lena.wait_for_timeout(100)
    assert any(address.endswith(files[1]) for address in answered)
    lena.wait_for_load_state("networkidle")
    asked = []
    lena.on("request", lambda request: asked.append(request.url))
    lena.keyboard.press("0")
    lena.keyboard.press("Enter")
    lena.get_by_role("button", name=re.compile("^Keep")).click()
    expect(lena.locator("heard-note")).to_be_visible()

    assert clip_of(lena) in files[0]
    assert lena.locator("audio").get_attribute("src").startswith("blob:")
    assert not any(file in address for file in files for address in asked)


def test_lena_says_everything_on_her_phone(site, visit, tmp_path):
    lena = visit(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    assert list(looks.faults(lena, "en")) == []
    lena.get_by_role("button", name="Play").click()
    expect(lena.locator("rating-form")).to_be_visible(timeout=people.PATIENT)
    lena.locator("label.choice", has_text="happiness").first.click()
    lena.get_by_text("Say more about it if you like").click()
    lena.locator('input[name="valence"][value="6"]').check()
    lena.get_by_label("whispers").check()
    lena.get_by_text("Words that may help").click()
    for word in ("joyful", "a warm voice", "rises at the end"):
        lena.get_by_role("button", name=word, exact=True).click()
    expect(lena.locator("#description-count")).to_contain_text("8 / 10")
    lena.get_by_role("textbox", name="In your own words").press_sequentially("almost laughing")
    expect(lena.locator("#description-count")).to_contain_text("this is what the model reads")
    found = list(looks.faults(lena, "en"))
    lena.screenshot(path=tmp_path / "phone-dark.png", full_page=True)
    lena.get_by_role("button", name="Save my answer").click()
    expect(lena.get_by_text("Here is what CLARA heard")).to_be_visible()

    assert found == []
    asked = "SELECT valence, arousal, styles, description FROM contributions_rating WHERE phase = 'BLIND'"
    assert site.rows(f"{asked} ORDER BY rated_at")[-1] == (
        6,
        None,
        '["whisper"]',
        "joyful a warm voice rises at the end almost laughing",
    )


def test_letters_are_letters_while_lena_writes_and_the_keys_can_be_turned_off(site, visit):
    lena = visit()
    play(lena)
    lena.keyboard.press("d")
    lena.keyboard.type("n y 1 x u, and pushy")
    expect(lena.locator("#description")).to_have_value("n y 1 x u, and pushy")
    expect(lena.locator("input:checked:not([data-act])")).to_have_count(0)

    lena.keyboard.press("Escape")
    lena.get_by_text("Keys", exact=True).click()
    lena.get_by_label("Use the keyboard").uncheck()
    lena.locator("h1").click()
    lena.keyboard.press("3")
    expect(lena.locator("input:checked")).to_have_count(0)
    lena.get_by_label("Use the keyboard").check()


def test_nothing_is_lost_where_the_connection_ends(site, visit):
    lena = visit()
    play(lena)
    lena.keyboard.press("4")
    lena.keyboard.press("d")
    lena.keyboard.type("cheerful, with a smile that one hears")
    lena.keyboard.press("Escape")
    lena.wait_for_load_state("networkidle")
    lena.context.set_offline(True)
    lena.get_by_role("button", name="Save my answer").click()
    expect(lena.get_by_role("alert").filter(has_text="This could not be sent")).to_be_visible()
    expect(lena.locator("#description")).to_have_value("cheerful, with a smile that one hears")

    lena.context.set_offline(False)
    lena.get_by_role("button", name="Save my answer").click()
    expect(lena.get_by_text("Here is what CLARA heard")).to_be_visible()


def test_what_was_skipped_was_not_heard(site, visit):
    lena = visit()
    lena.locator("audio").evaluate("(player) => { player.currentTime = player.duration - 0.3; player.play(); }")
    expect(lena.get_by_text("You skipped a part of it")).to_be_visible()
    expect(lena.locator("rating-form")).to_be_hidden()

    lena.locator("audio").evaluate("(player) => { player.currentTime = 0; }")
    play(lena)


def test_without_scripts_every_step_is_a_button(site, visit):
    lena = visit(java_script_enabled=False)
    lena.wait_for_timeout(4000)
    lena.get_by_role("button", name="I have heard all of it").click()
    reach(lena, "Yes, I hear one person speak")
    lena.keyboard.press("Space")
    lena.get_by_label("sadness").first.check()
    lena.get_by_role("button", name="Save my answer").click()
    expect(lena.get_by_text("Here is what CLARA heard")).to_be_visible()
    lena.get_by_role("button", name=re.compile("^Keep")).click()
    expect(lena.get_by_role("heading", name="What do you hear?")).to_be_visible()
    lena.get_by_role("button", name="Undo my last answer").click()
    expect(lena.get_by_text("Your answer is taken back")).to_be_visible()
    expect(lena.locator('[name="emotion"][value="sadness"]')).to_be_checked()


def test_in_arabic_the_page_runs_from_the_right_and_its_keys_work_on_an_arabic_keyboard(site, visit, tmp_path):
    lena = visit(color_scheme="dark")
    lena.context.add_cookies([{"name": "django_language", "value": "ar", "url": site.url}])
    lena.goto(f"{site.url}/listen/")
    play(lena)
    # The key that writes a P there writes another letter.
    lena.evaluate(
        "() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'غ', code: 'KeyY', bubbles: true }))"
    )
    picture(lena, "listen-arabic", tmp_path)

    assert list(looks.faults(lena, "ar")) == []
