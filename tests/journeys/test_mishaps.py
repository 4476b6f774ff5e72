"""What can go wrong between a voice and the site: each is told in its own words, and nothing is lost."""

import http.client
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.microphone import browser_hearing, looped
from tests.journeys.studio import vera_in_the_studio

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("mishaps")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.mark.soak
def test_a_take_made_offline_is_kept_and_sent_after_the_page_was_opened_again(site, playwright, tmp_path):
    sound, once = looped(worlds.ANGER, tmp_path)
    with vera_in_the_studio(playwright, site.url, "offline", sound=sound) as page:
        people.check_microphone(page)
        page.context.set_offline(True)
        people.record(page, seconds=len(once) / 16_000)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Your clip is kept on this device").first).to_be_visible()
        assert site.rows("SELECT count(*) FROM contributions_clip") == [(0,)]

        page.close()
        page = page.context.new_page()
        page.context.set_offline(False)
        page.goto(f"{site.url}/contribute/studio/")
        site.wait_for(lambda: site.rows("SELECT id FROM contributions_clip"), "the kept take was sent")
        expect(page.locator("kept-take")).to_have_count(0)


def test_signed_out_elsewhere_vera_is_told_to_sign_in_and_her_take_stays_hers(site, playwright, tmp_path):
    sound, once = looped(worlds.ANGER, tmp_path)
    with vera_in_the_studio(playwright, site.url, "signed-out", sound=sound) as page:
        people.check_microphone(page)
        page.context.clear_cookies(name="sessionid")
        people.record(page, seconds=len(once) / 16_000)
        with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
            page.get_by_role("button", name="Send").click()

        assert sent.value.status == 401
        expect(page.get_by_text("You are signed out.").first).to_be_visible()
        expect(page.locator("kept-take")).to_have_count(1)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [({"Content-Length": str(40 * 1024 * 1024)}, b"x" * 1000, 413), ({"Content-Length": "0"}, b"", 400)],
)
def test_an_upload_that_cannot_be_taken_is_answered_before_it_is_read(site, playwright, headers, body, status):
    with browser_hearing(playwright, None) as browser:
        page = browser.new_context().new_page()
        people.sign_up(page, site.url, f"raw{status}@example.org")
        people.choose_language(page, site.url, "English")
        people.consent(page)
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    headers |= {
        "Cookie": "; ".join(f"{name}={x}" for name, x in cookies.items()),
        "X-CSRFToken": cookies["csrftoken"],
        "Content-Type": "audio/webm",
        "Content-Digest": "sha-256=:" + "A" * 43 + "=:",
        "X-Clip-Language": "en",
    }
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    connection.putrequest("PUT", "/api/v1/clips/8a4fd6a4-93c5-4f4e-9a2c-0cfb4e9f6d11/")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)

    answer = connection.getresponse()
    assert (answer.status, b'"message"' in answer.read()) == (status, True)
