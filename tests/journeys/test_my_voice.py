"""My voice in a real browser: give, see, take back; on a phone and a desktop, with an account and as a guest."""

import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.forms import first_of
from tests.journeys import people
from tests.journeys.keyboard import go_by, press_on, tick
from tests.journeys.microphone import browser_hearing, looped
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
TRAINING = re.compile("Take back.*Train models")
# Where somebody may be when they change their mind.
EVERYWHERE = (
    *("/", "/privacy/", "/terms/", "/retention/", "/how-a-machine-listens/", "/contribute/", "/contribute/consent/"),
    *("/contribute/consent/receipt/", "/contribute/studio/", "/contribute/clips/"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("my-voice")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        made.start("worker", sites.COMMANDS["worker"])
        made.start("beat", sites.COMMANDS["beat"])
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright, tmp_path_factory):
    sound, _once = looped(worlds.ANGER, tmp_path_factory.mktemp("sound"))
    with browser_hearing(playwright, sound) as started:
        yield started


def visitor(browser, size: str) -> Page:
    """Somebody with a browser of that size, who waits for no animation."""
    return browser.new_context(viewport=SIZES[size], reduced_motion="reduce").new_page()


def give_a_clip(page: Page) -> str:
    """Record in the studio, and send; the clip's id."""
    people.check_microphone(page)
    people.record(page, seconds=2.5)
    return people.send(page)


@pytest.mark.parametrize("size", first_of(SIZES))
def test_vera_gives_sees_and_withdraws_in_two_clicks_from_any_page(site, browser, size, tmp_path):
    vera = visitor(browser, size)
    people.sign_up(vera, site.url, f"vera-{size}@example.org")
    people.choose_language(vera, site.url, "English")
    people.consent(vera)
    give_a_clip(vera)

    for address in EVERYWHERE:
        vera.goto(site.url + address)
        link = vera.get_by_role("link", name="My voice", exact=True).first
        expect(link, address).to_be_in_viewport()
    vera.goto(f"{site.url}/contribute/studio/")
    vera.get_by_role("link", name="My voice", exact=True).first.click()
    expect(vera.get_by_role("article")).to_have_count(1)
    picture(vera, "my-voice", tmp_path)
    vera.set_viewport_size(SIZES[size])
    vera.get_by_role("button", name=re.compile("^Withdraw")).click()
    expect(vera.get_by_text("The clip is withdrawn.")).to_be_visible()

    vera.goto(f"{site.url}/privacy/")
    vera.get_by_role("link", name="My voice", exact=True).first.click()
    vera.get_by_role("button", name=TRAINING).click()
    expect(vera.get_by_text("Taken back.")).to_be_visible()
    expect(vera.get_by_role("button", name=TRAINING)).to_have_count(0)


def test_gina_does_everything_as_a_guest_with_the_keyboard_alone(site, browser, tmp_path):
    gina = visitor(browser, "desktop")
    gina.goto(site.url)
    go_by(gina, "Give your voice")
    go_by(gina, "English")
    go_by(gina, "Go on as a guest")
    picture(gina, "consent", tmp_path)
    tick(gina, "I agree to this")
    tick(gina, "I am 18 or older")
    go_by(gina, "Save my answers and go on")
    picture(gina, "code", tmp_path)
    go_by(gina, "I have kept it: go on")
    press_on(gina, "Turn on the microphone")
    press_on(gina, "Record a test of 3 seconds")
    expect(gina.get_by_role("button", name="It sounds right")).to_be_visible(timeout=people.PATIENT)
    press_on(gina, "It sounds right")
    press_on(gina, "Record")
    gina.wait_for_timeout(2500)
    gina.keyboard.press("Space")
    # The focus waits where the way goes on.
    expect(gina.get_by_role("button", name="Send")).to_be_focused()
    gina.keyboard.press("Enter")
    expect(gina.get_by_text("Thank you, the sound is good!")).to_be_visible(timeout=people.PATIENT)
    go_by(gina, "My voice")
    go_by(gina, "Withdraw:")

    expect(gina.get_by_text("The clip is withdrawn.")).to_be_visible()


@pytest.mark.parametrize("size", first_of(SIZES))
def test_gina_comes_back_with_her_code_and_makes_her_clips_an_accounts(site, browser, size, tmp_path):
    gina = visitor(browser, size)
    people.choose_language(gina, site.url, "English")
    gina.get_by_role("button", name="Go on as a guest").click()
    for box in gina.get_by_role("checkbox").all():
        expect(box).not_to_be_checked()
        box.check()
    gina.get_by_role("button", name="Save my answers and go on").click()
    with gina.expect_download() as kept:
        gina.get_by_role("link", name="Keep it as a file").click()
    link = re.search(r"http\S+", kept.value.path().read_text()).group()
    gina.get_by_role("link", name="I have kept it: go on").click()
    people.leave_unsaid(gina)
    give_a_clip(gina)
    with gina.expect_navigation():
        gina.get_by_role("button", name="Forget me on this browser").click()
    gina.goto(f"{site.url}/contribute/clips/")
    expect(gina.get_by_role("heading", name="How do you want to take part?")).to_be_visible()

    elsewhere = visitor(browser, size)
    asked: list[str] = []
    elsewhere.on("request", lambda request: asked.append(request.url))
    elsewhere.goto(link)
    code = link.partition("#")[2]
    expect(elsewhere.get_by_label("Your code")).to_have_value(code)
    assert "#" not in elsewhere.url
    elsewhere.get_by_role("button", name="Open", exact=True).click()
    expect(elsewhere.get_by_role("article")).to_have_count(1)
    picture(elsewhere, "guest", tmp_path)
    assert not any(code in address for address in asked)

    people.sign_up(elsewhere, site.url, f"gina-{size}@example.org")
    elsewhere.goto(f"{site.url}/contribute/clips/")
    elsewhere.get_by_role("button", name="Make them mine").click()
    expect(elsewhere.get_by_text("These clips are yours now.")).to_be_visible()
    expect(elsewhere.get_by_role("article")).to_have_count(1)

    gina.goto(link)
    gina.get_by_role("button", name="Open", exact=True).click()
    expect(gina.get_by_text("These clips belong to an account now.")).to_be_visible()


def test_a_forged_code_is_refused_in_clear_words(site, browser):
    otto = visitor(browser, "phone")
    otto.goto(f"{site.url}/guest/")
    otto.get_by_label("Your code").fill("AAAAAA-" * 7 + "AAAAAA")
    otto.get_by_role("button", name="Open", exact=True).click()

    expect(otto.get_by_text("This is not a code of this site.")).to_be_visible()
