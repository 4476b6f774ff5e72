"""Cleo chooses the fifth example, and Otto learns to listen by the keyboard alone, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites
from tests.journeys import looks, people
from tests.journeys.keyboard import go_by, reach
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
FELT = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
# Five clips of acted voices, four of which are examples already, and the people.
MADE = """
from contributions import states
from contributions.listening import gold
from openempathic.accounts.models import Role
from tests import worlds
vera, cleo = worlds.volunteer("vera"), worlds.person("cleo", Role.CURATOR)
worlds.person("otto")
for felt in {felt}:
    clip = worlds.screened_clip(vera, worlds.SOUNDS / f"german-{{felt}}.wav")
    assert clip.status == "IN_REVIEW", clip.status
    states.move(clip, to="ACCEPTED", by="ratings")
    if felt not in ("anger", "neutral"):
        gold.choose(
            clip, by=cleo, emotions=[felt], explanation=f"One hears {{felt}}.", reader="en", is_for_tutorial=True
        )
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("tutorial")) as made:
        made.manage("shell", "-c", MADE.format(felt=FELT))
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


def visiting(browser, site, name: str, **options) -> Page:
    """The person's signed-in page, which keeps what goes wrong in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", **options)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: page.complaints.append(said.text) if "Security Policy" in said.text else None)
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_label("mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "login" not in url)
    return page


def sound_of(page: Page) -> str:
    """The clip whose sound is on the page."""
    found = re.search(r"/clips/([0-9a-f-]{36})/audio/", page.locator("audio").first.get_attribute("src") or "")
    assert found
    return found[1]


def look_at(page: Page, name: str, folder) -> None:
    """Nothing to stumble over, and a picture of it on a phone and a desk."""
    assert list(looks.faults(page, "en")) + list(looks.keyboard_faults(page)) == []
    picture(page, name, folder)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_cleo_chooses_the_fifth_example_and_otto_becomes_a_listener_by_the_keyboard_alone(site, browser, tmp_path):
    cleo = visiting(browser, site, "cleo")
    cleo.goto(f"{site.url}/curation/gold/")
    expect(cleo.get_by_role("region", name="Languages in which nobody")).to_contain_text("4 of 5 examples")
    look_at(cleo, "gold", tmp_path)
    cleo.get_by_role("region", name="Languages in which nobody").get_by_role("link").first.click()
    assert cleo.locator("article").count() == 2
    cleo.get_by_role("link", name="Choose this clip").first.click()
    chosen = sound_of(cleo)
    look_at(cleo, "gold-clip", tmp_path)
    cleo.get_by_role("button", name="Show what others heard").click()
    expect(cleo.get_by_text("Nobody has said anything of it yet.")).to_be_visible()
    cleo.get_by_label("What is heard most").select_option("anger")
    cleo.get_by_role("button", name="Keep it as an example").click()
    expect(cleo.get_by_role("alert")).to_contain_text("needs a word on why")
    cleo.get_by_label("Why it is heard so").fill("It is loud and fast.")
    cleo.get_by_role("button", name="Keep it as an example").click()
    expect(cleo.get_by_text("Kept as an example.")).to_be_visible()
    look_at(cleo, "gold-kept", tmp_path)

    otto = visiting(browser, site, "otto")
    go_by(otto, "Listen")
    look_at(otto, "tutorials", tmp_path)
    otto.evaluate("document.activeElement.blur()")
    go_by(otto, "English")
    look_at(otto, "tutorial", tmp_path)
    otto.evaluate("document.activeElement.blur()")
    go_by(otto, "Begin")
    felt = dict(site.rows("SELECT clip_id, emotions FROM contributions_golditem"))
    for number in range(1, 6):
        expect(otto.get_by_text(f"Example {number} of 5")).to_be_visible()
        clip = sound_of(otto)
        if number == 1:
            look_at(otto, "tutorial-example", tmp_path)
            otto.evaluate("document.activeElement.blur()")
            # Nobody answers before they have heard it.
            otto.keyboard.press("1")
            otto.keyboard.press("Enter")
            reach(otto, "See what most people heard")
            otto.keyboard.press("Enter")
            expect(otto.get_by_text("Please hear the example to its end before you answer.")).to_be_visible()
        otto.evaluate("document.activeElement.blur()")
        otto.keyboard.press("p")
        otto.wait_for_function("() => document.querySelector('audio').ended", timeout=people.PATIENT)
        told = felt[clip.replace("-", "")].strip('[]"')
        # The last one is heard otherwise, and four of five pass.
        heard = told if number < 5 else next(other for other in FELT if other != told)
        otto.keyboard.press(key_of(otto, heard))
        reach(otto, "See what most people heard")
        otto.keyboard.press("Enter")
        right = "You hear it as most people do." if number < 5 else "Most people hear something else."
        expect(otto.get_by_role("heading", level=1)).to_have_text(right)
        expect(otto.get_by_text("It is loud and fast." if clip == chosen else "One hears")).to_be_visible()
        hear_again(otto, clip)
        if number in (1, 5):
            look_at(otto, f"tutorial-answer-{number}", tmp_path)
            otto.evaluate("document.activeElement.blur()")
        go_by(otto, "Next example" if number < 5 else "See how it went")

    expect(otto.get_by_text("You heard 4 of 5 as most people do.")).to_be_visible()
    look_at(otto, "tutorial-passed", tmp_path)
    otto.evaluate("document.activeElement.blur()")
    go_by(otto, "Listen to clips")
    assert otto.url == f"{site.url}/listen/"
    assert site.rows("SELECT language FROM contributions_listenerpass") == [("en",)]
    assert cleo.complaints + otto.complaints == []


def hear_again(page: Page, clip: str) -> None:
    """Play it once more beside what is told of it, though the site gives it to nobody who has answered it."""
    assert page.evaluate("(address) => fetch(address).then(({ status }) => status)", f"/clips/{clip}/audio/") == 404
    page.keyboard.press("p")
    page.wait_for_function("() => !document.querySelector('audio').ended", timeout=people.PATIENT)
    page.wait_for_function("() => document.querySelector('audio').ended", timeout=people.PATIENT)
    expect(page.locator("[data-problem]:visible")).to_have_count(0)


def key_of(page: Page, feeling: str) -> str:
    """The digit that chooses the feeling."""
    return page.locator(f'[name="emotion"][value="{feeling}"]').get_attribute("data-key") or ""


def test_from_right_to_left_and_in_the_dark_it_is_as_good(site, browser, tmp_path):
    for name, address in (("tutorials-ar", "/listen/tutorial/"), ("tutorial-ar", "/listen/tutorial/en/")):
        context = browser.new_context(reduced_motion="reduce", color_scheme="dark")
        context.add_cookies([{"name": "django_language", "value": "ar", "url": site.url}])
        page = context.new_page()
        page.goto(f"{site.url}{address}")
        assert list(looks.faults(page, "ar")) == []
        picture(page, name, tmp_path)
        context.close()
