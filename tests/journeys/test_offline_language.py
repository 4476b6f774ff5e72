"""The page for no connection is read in the language that its reader chose, whatever the browser's own is."""

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.journeys.devices import device_hearing, until, volunteer
from tests.journeys.microphone import looped
from tests.proxies.chaos import chaos

pytestmark = pytest.mark.journey
KEPT = """async () => {
  const kept = await caches.match("/offline/", { ignoreVary: true });
  return kept?.headers.get("Content-Language");
}"""
TITLES = {"en": "There is no connection", "ar": "لا يوجد اتصال بالشبكة", "de": "Es gibt keine Verbindung"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("offline")) as made:
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


def choose(page: Page, tag: str) -> None:
    """Change the language of the site, by its switch."""
    page.locator(".languages summary").click()
    with page.expect_navigation():
        page.locator(f'.languages button[value="{tag}"]').click()
    expect(page.locator("html")).to_have_attribute("lang", tag)


def test_the_page_for_no_connection_follows_the_language_chosen(site, wire, playwright, tmp_path):
    device = device_hearing(playwright, looped(worlds.ANGER, tmp_path)[0], tmp_path)
    with device() as page:
        volunteer(page, wire.url, "speaks")
        for tag, direction in (("en", "ltr"), ("ar", "rtl"), ("de", "ltr")):
            page.goto(f"{wire.url}/privacy/")
            if tag != "en":
                choose(page, tag)
            until(page, f"async () => (await ({KEPT})()) === '{tag}'")
            wire.is_down = True
            page.goto(f"{wire.url}/terms/")

            expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[tag])
            expect(page.locator("html")).to_have_attribute("lang", tag)
            expect(page.locator("html")).to_have_attribute("dir", direction)
            wire.is_down = False
