"""Cleo looks at a listener who answers by lot, sees what would follow, and has every answer voided, in a browser."""

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites
from tests.journeys import looks, people
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
MADE = """
import numpy as np
from contributions.listening import standings
from openempathic.accounts.models import Role, User
from tests import crowds, worlds
from tests.crowds import Kind
worlds.stocked()
worlds.person("cleo", Role.CURATOR)
kinds = [Kind.HONEST] * 6 + [Kind.OUTLIER, Kind.SPAMMER, Kind.CONSTANT]
made = crowds.stored(crowds.simulate(np.random.default_rng(3), clips=80, raters=kinds))
spammer = made.raters[7]
spammer.email = "spammer@example.org"
spammer.set_password("a long enough word")
spammer.save()
standings.reckon("en")
"""
STANDING = """
SELECT count(*) FROM contributions_rating r JOIN accounts_user u ON u.id = r.rater_id
WHERE u.email = 'spammer@example.org' AND NOT EXISTS (SELECT 1 FROM contributions_ratingvoid v WHERE v.rating_id = r.id)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("listeners")) as made:
        made.manage("shell", "-c", MADE)
        made.start("site", sites.SUPERVISOR, made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture
def entered(site, browser):
    """Somebody's browser at a page, which notes what goes wrong in it."""
    contexts = []

    def enter(name: str, address: str) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce"))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{site.url}/accounts/login/?next={address}")
        page.get_by_label("mail").fill(f"{name}@example.org")
        page.get_by_label("Password").fill(people.PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url(f"**{address}")
        return page

    yield enter
    for context in contexts:
        context.close()


def sound(page: Page, name: str, folder) -> None:
    """The page has no fault at a desk by day, nor on a phone by night."""
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        assert list(looks.faults(page, "en")) == []
    picture(page, name, folder)


def test_cleo_finds_who_answers_by_lot_and_voids_every_answer(site, entered, tmp_path):
    page = entered("cleo", "/moderate/raters/")
    expect(page.get_by_role("link", name="Listeners", exact=True)).to_have_attribute("aria-current", "page")
    sound(page, "listeners", tmp_path)
    page.get_by_label("Pattern").select_option("AT_RANDOM")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="spammer@example.org").click()
    expect(page.get_by_text("Answers that do not depend on the clip.")).to_be_visible()
    sound(page, "listener", tmp_path)
    assert list(looks.keyboard_faults(page)) == []

    page.get_by_role("button", name="See what would follow").click()
    ((before,),) = site.rows(STANDING)
    expect(page.get_by_text(f"{before} answers count no more")).to_be_visible()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    sound(page, "void", tmp_path)
    page.get_by_label("Why?").select_option("SPAM")
    page.get_by_label("What you saw").fill("Answers that hang on nothing.")
    page.get_by_role("button", name="Void", exact=True).click()
    expect(page.get_by_text("a worker voids the answers now")).to_be_visible()

    site.wait_for(lambda: site.rows(STANDING) == [(0,)], "a worker voided every answer")
    page.reload()
    expect(page.get_by_text("Answers that hang on nothing.")).to_be_visible()
    assert page.complaints == []


def test_ones_own_page_is_friendly_also_from_the_right(entered, tmp_path):
    page = entered("spammer", "/listen/me/")
    expect(page.get_by_role("heading", name="My listening")).to_be_visible()
    expect(page.get_by_text("There is no right answer")).to_be_visible()
    sound(page, "my-listening", tmp_path)

    page.locator("details.languages summary").click()
    page.locator("details.languages button[value=ar]").click()
    page.wait_for_function("() => document.documentElement.dir === 'rtl'")
    assert list(looks.faults(page, "ar")) == []
    picture(page, "my-listening-arabic", tmp_path)
    assert page.complaints == []
