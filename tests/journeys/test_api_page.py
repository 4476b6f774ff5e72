"""Vera makes a token and tries what it opens, with the keyboard alone; on a phone and a desktop."""

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites
from tests.forms import first_of
from tests.journeys import people
from tests.journeys.keyboard import go_by, press_on, reach, tick
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("api-page")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.mark.parametrize("scheme", first_of(["dark", "light"]))
def test_vera_makes_a_token_and_tries_it_without_a_mouse(site, browser, scheme, tmp_path):
    vera = browser.new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
    refused: list[str] = []
    vera.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    people.sign_up(vera, site.url, f"vera-{scheme}@example.org")
    vera.goto(f"{site.url}/accounts/tokens/")
    reach(vera, "What is it for?")
    vera.keyboard.type("backup script")
    tick(vera, "See and hear your clips")
    go_by(vera, "Make the token")
    word = vera.locator(".notice code").inner_text()
    picture(vera, "tokens", tmp_path)

    vera.goto(f"{site.url}/api/")
    reach(vera, "The schema")
    vera.keyboard.press("Tab")
    vera.keyboard.type(word)
    press_on(vera, "GET /api/v1/clips/ Your clips")
    with vera.expect_request("**/api/v1/clips/") as sent:
        press_on(vera, "Send: Your clips")
    expect(vera.locator("#list_clips").get_by_role("status")).to_have_text("200 OK")
    expect(vera.locator("#list_clips").get_by_label("Body")).to_contain_text('"results": []')
    press_on(vera, "GET /api/v1/receipt/")
    press_on(vera, "Send: Your signed receipt")
    expect(vera.locator("#get_receipt").get_by_role("status")).to_have_text("403 Forbidden")
    expect(vera.locator("#get_receipt").get_by_label("Body")).to_contain_text("missing_scope")
    picture(vera, "api", tmp_path)

    headers = sent.value.all_headers()
    assert headers["authorization"] == f"Bearer {word}"
    assert "cookie" not in headers
    assert refused == []
