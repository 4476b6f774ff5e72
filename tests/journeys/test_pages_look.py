"""Every page, as everybody meets it: light and dark, on a phone and a desk, from left and from right, by keyboard."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import sites
from tests.journeys import looks
from tests.journeys.microphone import browser_hearing

pytestmark = pytest.mark.journey
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
# Each page four times, in half the time that every mixture would take.
LOOKS = {"en": (("phone", "light"), ("desk", "dark")), "ar": (("phone", "dark"), ("desk", "light"))}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("looks")) as made:
        made.world = looks.built(made)
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


def visitor(browser: Browser, site: Any, name: str, language: str = "en", **options: Any) -> Page:
    """The person's browser, which complains about requests to other hosts and of errors in `page.complaints`."""
    context = browser.new_context(**({"reduced_motion": "reduce"} | options))
    cookies = {"django_language": language}
    if name in site.world["cookies"]:
        cookies["sessionid"] = site.world["cookies"][name]
    context.add_cookies([{"name": key, "value": said, "url": site.url} for key, said in cookies.items()])
    page = context.new_page()
    page.complaints = []
    page.on("request", lambda asked: asked.url.startswith((site.url, "blob:", "data:")) or complain(page, asked.url))
    page.on("console", lambda said: complain(page, said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda error: complain(page, str(error)))
    return page


def complain(page: Page, what: str) -> None:
    """Keep what should not have happened on the page."""
    page.complaints.append(what)


@pytest.mark.parametrize("language", LOOKS)
@pytest.mark.parametrize("name", looks.PEOPLE)
def test_nobody_stumbles_on_any_page(site, browser, name, language):
    page = visitor(browser, site, name, language)
    found = []
    for address in site.world["pages"][name]:
        page.goto(site.url + address)
        for size, scheme in LOOKS[language]:
            page.set_viewport_size(SIZES[size])
            page.emulate_media(color_scheme=scheme)
            found += [f"{address} {size} {scheme}: {fault}" for fault in looks.faults(page, language)]
        found += [f"{address}: {fault}" for fault in looks.keyboard_faults(page)]

    assert found + page.complaints == []
