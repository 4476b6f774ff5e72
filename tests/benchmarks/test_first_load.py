"""What a first visit costs on a slow phone: ./run bench -k first_load --log-cli-level=INFO tells the figures.

The phone is Chromium's own: a processor four times slower, the wire of its preset Fast 3G, an empty cache. Times differ
from machine to machine and are told, not asserted; what travels and from where is the same everywhere.
"""

import logging
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests import sites
from tests.forms import first_of
from tests.journeys import people
from tests.journeys.microphone import browser_hearing

pytestmark = pytest.mark.journey
log = logging.getLogger(__name__)
FIRST_LOAD_BYTES_MAX = 150_000
SCRIPTS_BYTES_MAX = 60_000
SLOWER = 4
# Nine tenths of 1.6 Mbit/s down and of 750 kbit/s up, and 3.75 times 150 ms, as DevTools has it.
FAST_3G = {"offline": False, "downloadThroughput": 180_000, "uploadThroughput": 84_375, "latency": 562.5}
TRIES = 3 if "OE_BENCH" in os.environ else 1
PAGES = {"landing": "/", "studio": "/contribute/studio/"}
PAINTED = """() => new Promise((go) => {
  new PerformanceObserver((list) => {
    const last = list.getEntries().at(-1);
    go({ ms: last.startTime, what: last.element?.tagName ?? "", url: last.url });
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""
SHIFTED = """() => new Promise((go) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => go(sum), 200);
})"""
# Vera can press the first button, or read the first page.
LIVES = """() => location.pathname === "/" ? document.querySelector("h1")?.checkVisibility() :
  document.querySelector("microphone-check:defined [data-act=open]")?.checkVisibility({ visibilityProperty: true })"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("load")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture(scope="module")
def cookies(site, browser):
    """Those of somebody whose next page is the studio."""
    context = browser.new_context()
    page = context.new_page()
    people.sign_up(page, site.url, "slow@example.org")
    people.choose_language(page, site.url, "English")
    people.consent(page)
    return context.cookies()


@dataclass
class Load:
    """One file as it travelled: its bytes with the answer's head, and without."""

    url: str
    kind: str = ""
    head: int = 0
    total: int = 0


def watched(wire: CDPSession) -> dict[str, Load]:
    """Every request of the page from now on, as it arrives."""
    loads: dict[str, Load] = {}

    def answered(told: dict[str, Any]) -> None:
        head = int(told["response"]["encodedDataLength"])
        loads[told["requestId"]] = Load(told["response"]["url"], told["type"], head)

    def arrived(told: dict[str, Any]) -> None:
        if told["requestId"] in loads:
            loads[told["requestId"]].total = int(told["encodedDataLength"])

    wire.on("Network.responseReceived", answered)
    wire.on("Network.loadingFinished", arrived)
    return loads


def visit(browser: Browser, cookies: list[Any], url: str) -> dict[str, Any]:
    """One first visit of the slow phone: when it saw the most, when it could begin, and what had travelled by then."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, service_workers="block")
    context.add_cookies(cookies)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", FAST_3G)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    loads = watched(wire)
    page.goto(url, wait_until="commit", timeout=people.PATIENT)
    page.wait_for_function(LIVES, timeout=people.PATIENT)
    begins = page.evaluate("performance.now()")
    page.wait_for_load_state("load")
    whole = [each for each in loads.values() if each.kind != "Fetch"]
    painted, shift = page.evaluate(PAINTED), page.evaluate(SHIFTED)
    page.wait_for_load_state("networkidle")
    after = [each for each in loads.values() if each not in whole]
    context.close()
    return {"painted": painted, "begins": begins, "whole": whole, "after": after, "shift": shift}


@pytest.mark.parametrize("name", first_of(reversed(PAGES)))
def test_the_first_load_of_a_slow_phone_is_small_and_all_ours(site, browser, cookies, name):
    own = cookies if name == "studio" else []
    visits = [visit(browser, own, site.url + PAGES[name]) for _try in range(TRIES)]

    whole, after = visits[0]["whole"], visits[0]["after"]
    total = sum(each.total for each in whole)
    scripts = sum(each.total - each.head for each in whole if each.kind == "Script")
    painted = [round(each["painted"]["ms"]) for each in visits]
    begins = [round(each["begins"]) for each in visits]
    log.info("%s: LCP %s ms (%s), can begin after %s ms", name, painted, visits[0]["painted"]["what"], begins)
    log.info("%s: layout shift %s", name, [round(each["shift"], 4) for each in visits])
    told = "%s: %d requests, %.1f kB with their heads, scripts %.1f kB; in the background %.1f kB more"
    log.info(told, name, len(whole), total / 1000, scripts / 1000, sum(each.total for each in after) / 1000)
    asked = [urlsplit(each.url) for each in (*whole, *after)]
    assert {each.netloc for each in asked if each.scheme.startswith("http")} == {urlsplit(site.url).netloc}
    assert total < FIRST_LOAD_BYTES_MAX
    assert scripts < SCRIPTS_BYTES_MAX
