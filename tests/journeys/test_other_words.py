"""The pages in words of other lengths: they fit on a phone, and a reader changes them there."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils.translation import get_language_info
from playwright.sync_api import Page, sync_playwright

from tests import sites
from tests.journeys import looks
from tests.journeys.microphone import browser_hearing

pytestmark = pytest.mark.journey
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("words")) as made:
        made.world = looks.built(made)
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


def phone(browser, site, **cookies):
    """A page on a phone with these cookies."""
    context = browser.new_context(reduced_motion="reduce", viewport=PHONE)
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    return context.new_page()


def misfits(page: Page, tag: str) -> Iterator[str]:
    """What is in another language, does not fit, or is too small to touch."""
    said, width = page.evaluate("() => [document.documentElement.lang, document.documentElement.scrollWidth]")
    if said != tag:
        yield f"is in {said}"
    if width > PHONE["width"]:
        yield f"is {width} px wide"
    yield from page.evaluate(looks.SMALL_TARGETS, looks.TARGET_PX_MIN)


# English and Arabic are looked at more closely with every page. German has the longest words, Hindi tall letters.
OTHERS = ["de", "hi", *(tag for tag, _ in settings.LANGUAGES if tag not in ("en", "ar", "de", "hi"))]


@pytest.mark.soak
@pytest.mark.parametrize("language", OTHERS)
def test_every_page_fits_on_a_phone(site, browser, language):
    found = []
    for name, addresses in site.world["pages"].items():
        known = {"sessionid": site.world["cookies"][name]} if name in site.world["cookies"] else {}
        page = phone(browser, site, django_language=language, **known)
        for address in addresses:
            page.goto(site.url + address)
            found += [f"{name} {address}: {fault}" for fault in misfits(page, language)]

    assert site.world["pages"]
    assert found == []


def test_a_reader_changes_the_language_on_a_phone(site, browser):
    page = phone(browser, site)
    page.goto(site.url)

    switch = page.locator("details.languages")
    switch.locator("summary").click()
    offered = [said.casefold() for said in switch.locator("button").all_inner_texts()]
    in_the_way = list(misfits(page, "en"))
    switch.get_by_role("button", name="Polski").click()

    assert offered == [get_language_info(tag)["name_local"].casefold() for tag, _ in settings.LANGUAGES]
    assert in_the_way == []
    assert page.locator("html").get_attribute("lang") == "pl"
    assert "Polski" in page.locator("details.languages summary").inner_text()
    assert list(misfits(page, "pl")) == []
