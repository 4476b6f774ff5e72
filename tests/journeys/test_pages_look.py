"""Every page, as everybody meets it: light and dark, on a phone and a desk, from left and from right, by keyboard."""

import base64
import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import sites
from tests.forms import EVERY, first_of
from tests.journeys import looks
from tests.journeys.microphone import browser_hearing

pytestmark = pytest.mark.journey
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
# Each page four times, in half the time that every mixture would take.
LOOKS = {"en": (("phone", "light"), ("desk", "dark")), "ar": (("phone", "dark"), ("desk", "light"))}
PICTURED = {
    "home": "/",
    "consent": "/contribute/consent/",
    "studio": "/contribute/studio/",
    "my-voice": "/contribute/clips/",
}
PICTURE_BYTES_MAX = 100_000
# Kept in the browser for whoever comes while there is no connection: it has nobody's head and foot.
BARE = "/offline/"
WAYS = {"light": ("en", "light"), "dark": ("en", "dark"), "arabic": ("ar", "light")}


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


# Unless everybody is asked for, Vera, who has most of the pages, looks from the right only, and nobody else does.
@pytest.mark.parametrize(
    ("name", "language"),
    [
        *((name, "en") for name in looks.PEOPLE if EVERY or name != "vera"),
        *((name, "ar") for name in first_of(sorted(looks.PEOPLE, key=lambda name: name != "vera"))),
    ],
)
def test_nobody_stumbles_on_any_page(site, browser, name, language):
    page = visitor(browser, site, name, language)
    found = []
    for address in site.world["pages"][name]:
        page.goto(site.url + address)
        for size, scheme in LOOKS[language]:
            page.set_viewport_size(SIZES[size])
            page.emulate_media(color_scheme=scheme)
            told = looks.faults(page, language, is_bare=address == BARE)
            found += [f"{address} {size} {scheme}: {fault}" for fault in told]
        found += [f"{address}: {fault}" for fault in looks.keyboard_faults(page)]

    assert found + page.complaints == []


def test_everybody_changes_the_language_of_a_page_even_without_scripts(site, browser):
    vera = visitor(browser, site, "vera", java_script_enabled=False, viewport=SIZES["phone"])
    vera.goto(f"{site.url}/terms/")
    vera.locator(".languages summary").click()
    vera.get_by_role("button", name="Español").click()

    assert vera.url == f"{site.url}/terms/"
    expect(vera.locator("html")).to_have_attribute("lang", "es")


# Every way is photographed when the pictures are renewed; otherwise one shows that it can be done.
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS if os.environ.get("OE_SCREENSHOTS") else ["arabic"])
def test_the_pictures_in_the_docs_are_small_and_made_from_the_pages(site, browser, size, way, tmp_path):
    language, scheme = WAYS[way]
    vera = visitor(browser, site, "vera", language, color_scheme=scheme, viewport=SIZES[size])
    for name, address in PICTURED.items():
        vera.goto(site.url + address)
        vera.wait_for_load_state("networkidle")
        path = tmp_path / f"{name}-{size}-{way}.webp"
        path.write_bytes(webp(vera))

        assert 1_000 < path.stat().st_size < PICTURE_BYTES_MAX
        if os.environ.get("OE_SCREENSHOTS"):
            kept = looks.HOUSE / "docs" / "screenshots" / path.name
            kept.write_bytes(path.read_bytes())


def webp(page: Page) -> bytes:
    """What the window shows, as the browser itself writes it in few bytes."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 70})
    return base64.b64decode(taken["data"])
