"""What every page must look like to everybody: how to find its faults, and a site with every page on it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

HOUSE = Path(__file__).parent.parent.parent
AXE = HOUSE / "node_modules" / "axe-core" / "axe.min.js"
TARGET_PX_MIN = 24
PEOPLE = ("anon", "gina", "vera", "milo", "cleo")
# A page, or one that says why there is none.
SHOWN = {"200", "403", "404", "410"}
# What some others gave before, so that the first page has something to tell.
GIVEN = {"ada": ("anger", "sadness"), "bea": ("happiness", "happiness"), "eve": ("neutral", "sadness", "happiness")}
GIVEN_SECONDS = 31.5
# Handed to the page by the debugger, past its Content-Security-Policy, which stays as strict as for everybody.
RUN_AXE = """async () => {
  const options = { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
  const { violations } = await axe.run(document, options);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, any }) => `${id}: ${target} ${any[0]?.message ?? ""}`));
}"""
BUILD_OF_THE_PAGE = """([tag, isBare]) => {
  const faults = [];
  const expect = (isSo, fault) => isSo || faults.push(fault);
  const seen = (part) => part.checkVisibility({ visibilityProperty: true });
  const count = (selector) => [...document.querySelectorAll(selector)].filter(seen).length;
  const html = document.documentElement;
  expect(html.lang === tag, `lang is ${html.lang}`);
  expect(html.dir === (tag === "ar" ? "rtl" : "ltr"), `dir is ${html.dir}`);
  for (const selector of isBare ? ["h1", "main"] : ["h1", "main", "body > header", "body > footer"])
    expect(count(selector) === 1, `${count(selector)} x ${selector}`);
  const first = document.querySelector("a, button, input, select, textarea, summary, [tabindex]");
  const skips = first.matches(".skip") && document.querySelector(first.hash)?.matches("main");
  expect(isBare || skips, "no skip link comes first");
  expect(html.scrollWidth <= innerWidth, `scrolls sideways: ${html.scrollWidth} > ${innerWidth}`);
  expect(document.title.trim().length > 15, `its title is ${document.title}`);
  expect(document.getAnimations().length === 0, "moves, though it was asked not to");
  return faults;
}"""
SMALL_TARGETS = """(least) => {
  const faults = [];
  const boxes = "a[href], button, select, summary, input:not([type=hidden]), textarea";
  for (const part of document.querySelectorAll(boxes)) {
    // A link within a sentence is as high as its line; a skip link and the like wait beyond the edge.
    const isInSentence = part.matches("a") && getComputedStyle(part).display === "inline";
    if (!part.checkVisibility({ visibilityProperty: true }) || isInSentence || part.matches(".unseen, .skip")) continue;
    const label = part.closest("label") ?? part;
    const { width, height } = label.getBoundingClientRect();
    if (width < least || height < least) {
      const name = part.innerText || part.name;
      faults.push(`target ${part.tagName} ${name}: ${Math.round(width)} x ${Math.round(height)} px`);
    }
  }
  return faults;
}"""
TABBABLE = """() => [...document.querySelectorAll(
  ":is(button, select, textarea, input:not([type=hidden])):enabled, a[href], summary, audio[controls]"
)].filter((part) => part.checkVisibility({ visibilityProperty: true }) && part.tabIndex >= 0).length"""
WHERE = """() => {
  const part = document.activeElement;
  if (!part || part === document.body) return null;
  window.passed ??= new Map();
  if (!window.passed.has(part)) window.passed.set(part, window.passed.size);
  const style = getComputedStyle(part);
  // A player shows it on its own buttons, inside.
  const isShown = part.matches("audio") || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { number: window.passed.get(part), name: (part.innerText || part.name || part.tagName).trim(), isShown };
}"""


@cache
def axe() -> str:
    """The script of axe-core, which npm brought; never a part of the site."""
    assert AXE.is_file(), "axe-core is needed: ./run test installs it"
    return AXE.read_text()


def faults(page: Page, tag: str, *, is_bare: bool = False) -> Iterator[str]:
    """What somebody would stumble over on the page as it is now, in words: what axe finds serious, and all of ours."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe())
    yield from page.evaluate(RUN_AXE)
    yield from page.evaluate(BUILD_OF_THE_PAGE, [tag, is_bare])
    yield from page.evaluate(SMALL_TARGETS, TARGET_PX_MIN)


def keyboard_faults(page: Page) -> Iterator[str]:
    """Go through the whole page by Tab: everything shows that it has the focus, and nothing keeps it."""
    many = page.evaluate(TABBABLE)
    page.evaluate("() => { document.activeElement?.blur(); window.passed = undefined; }")
    last = -1
    # A player has several stops of its own inside one element, and the page itself is one more.
    for _tab in range(2 * many + 20):
        page.keyboard.press("Tab")
        where = page.evaluate(WHERE)
        if where is None or where["number"] == 0 < last:
            break
        last = max(last, where["number"])
        if not where["isShown"]:
            yield f"nothing shows that {where['name']!r} has the focus"
    else:
        yield "the focus never comes out of the page"
    if last + 1 < many / 2:
        yield f"the keyboard reaches {last + 1} of {many} parts"


def build() -> str:
    """In the site's own process: the world of the doors, how each browser is known, and whose page is whose."""
    from django.conf import settings
    from django.test import Client

    from contributions.models import Clip
    from tests import harvest
    from tests.house import test_doors
    from tests.house.doors import DOORS, rows

    world = test_doors.made_world()
    for name, emotions in GIVEN.items():
        harvest.contributed(name, emotions=emotions)
    Clip.objects.update(duration_seconds=GIVEN_SECONDS)
    browsers = {name: Client(SERVER_NAME="127.0.0.1") for name in PEOPLE}
    for name, browser in browsers.items():
        test_doors.enter(browser, world.people[name])
        if name != "anon":
            session = browser.session
            session["spoken_language"] = "en"
            session.save()
    pages: dict[str, list[str]] = {name: ["/"] for name in PEOPLE}
    for row in rows(DOORS):
        shown = next((name for name in PEOPLE if row[name] in SHOWN or (row["door"], name) == ("studio", "vera")), "")
        address = test_doors.address_of(row["door"], world.subjects[row["subject"]])
        if shown and row["method"] == "GET" and is_page(browsers[shown], address):
            pages[shown].append(address)
    cookie = settings.SESSION_COOKIE_NAME
    cookies = {name: browser.cookies[cookie].value for name, browser in browsers.items() if name != "anon"}
    return json.dumps({"cookies": cookies, "pages": {name: list(dict.fromkeys(own)) for name, own in pages.items()}})


def is_page(browser: Any, address: str) -> bool:
    """Whether the address answers with a page rather than with a file."""
    return str(browser.get(address).headers["Content-Type"]).startswith("text/html")


def built(site: Any) -> dict[str, Any]:
    """Build the world in the site; what `build` says of it."""
    told = site.manage("shell", "-c", "from tests.journeys import looks; print('\\nBUILT', looks.build())")
    found = re.search(r"^BUILT (.*)$", told, re.MULTILINE)
    assert found, told
    return dict(json.loads(found[1]))
