"""Cleo opens a fresh site: two commands, a link, an app on her phone; then a password and a code, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from openempathic.accounts.second_factor import adapter
from tests import sites
from tests.journeys import looks, people
from tests.journeys.keyboard import go_by, reach
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture
from tests.second_factors import code_of

pytestmark = pytest.mark.journey
CODE = re.compile(r"^\d{8}$")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("mfa"), {"OE_MFA_REQUIRED": "on"}) as made:
        made.start("site", sites.SUPERVISOR, made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    assert complaints == []
    context.close()


def looked_at(page: Page, name: str, folder) -> None:
    """Without faults, on a phone and on a desktop."""
    assert list(looks.faults(page, "en")) + list(looks.keyboard_faults(page)) == []
    picture(page, name, folder)


def test_cleo_opens_a_fresh_site_with_a_link_and_an_app_and_comes_back_with_a_code(site, browser, page, tmp_path):
    link = re.search(r"http\S+/sign-in/\S+", site.manage("first_curator"))[0]
    people.sign_in_by_link(page, link)
    page.goto(f"{site.url}/curation/invitations/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up an app")
    expect(page.get_by_text("only with a second factor")).to_be_visible()
    looked_at(page, "second-factor-set-up", tmp_path)
    page.get_by_text("No camera at hand?").click()
    secret = page.locator(".letters code").inner_text().replace(" ", "")
    assert page.locator(".second-factor img").evaluate("(img) => img.naturalWidth") > 100
    picture(page, "second-factor-letters", tmp_path)

    reach(page, "The six digits that the app shows")
    page.keyboard.type("000 000")
    page.keyboard.press("Enter")
    expect(page.locator(".errorlist")).to_be_visible()
    assert (page.locator(".letters code").text_content() or "").replace(" ", "").strip() == secret
    picture(page, "second-factor-wrong", tmp_path)
    page.get_by_label("The six digits").fill(code_of(secret))
    with page.expect_navigation():
        page.get_by_role("button", name="Set it up").click()

    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    assert all(CODE.match(code) for code in codes)
    looked_at(page, "second-factor-codes", tmp_path)
    with page.expect_download() as kept:
        page.get_by_role("link", name="Keep them as a file").click()
    assert kept.value.path().read_text().split() == codes
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url("**/curation/invitations/")
    expect(page.get_by_role("button", name="Send the invitation")).to_be_visible()

    for table in ("mfa_authenticator", "django_session"):
        column = {"mfa_authenticator": "data", "django_session": "session_data"}[table]
        assert all(secret not in str(row) for row in site.rows(f"SELECT {column} FROM {table}"))
    assert all(adapter.SEALED in str(row) for row in site.rows("SELECT data FROM mfa_authenticator"))

    page.goto(f"{site.url}/accounts/password/set/")
    for field in page.locator("main input[type=password]").all():
        field.fill(people.PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_load_state()
    page.goto(f"{site.url}/accounts/second-factor/")
    looked_at(page, "second-factor", tmp_path)

    fresh = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce").new_page()
    sign_in(fresh, site)
    expect(fresh.get_by_role("heading", level=1)).to_have_text("One more step")
    looked_at(fresh, "second-factor-sign-in", tmp_path)
    fresh.get_by_label("Code from your app").fill(codes[0])
    fresh.get_by_role("button", name="Sign in").click()
    fresh.wait_for_url("**/curation/runs/**")

    fresh.goto(f"{site.url}/accounts/second-factor/app/end/")
    looked_at(fresh, "second-factor-end", tmp_path)
    go_by(fresh, "Switch it off")
    expect(fresh.get_by_text("No app is set up.")).to_be_visible()
    fresh.goto(f"{site.url}/curation/runs/")
    expect(fresh.get_by_role("heading", level=1)).to_have_text("Set up an app")
    fresh.context.close()


def sign_in(page: Page, site) -> None:
    """Type the address and the password, on the way to the training runs."""
    page.goto(f"{site.url}/accounts/login/?next=/curation/runs/")
    page.get_by_label("mail").fill("curator@localhost")
    page.get_by_label("Password").fill(people.PASSWORD)
    with page.expect_navigation():
        page.locator("main form button").first.click()
