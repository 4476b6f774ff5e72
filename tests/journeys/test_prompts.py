"""Vera chooses how to speak, skips with a reason, says the same words with another feeling, and reports a sentence."""

import re

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.microphone import looped
from tests.journeys.pictures import picture
from tests.journeys.studio import vera_in_the_studio

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("prompts")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


def prompt_of(page):
    return page.locator("[data-prompt]").get_attribute("data-prompt")


def choose(page, mode):
    before = prompt_of(page)
    page.get_by_role("radio", name=mode).check()
    expect(page.locator(f'[data-prompt="{before}"]')).to_have_count(0)


def test_vera_chooses_what_she_says_and_how(site, tmp_path):
    sound, once = looped(worlds.ANGER, tmp_path)
    with sync_playwright() as playwright, vera_in_the_studio(playwright, site.url, "prompts", sound=sound) as page:
        people.check_microphone(page)

        choose(page, "Tell in my own words")
        expect(page.get_by_text("give no names")).to_be_visible()
        expect(page.locator("take-recorder")).to_contain_text("0:59")
        picture(page, "own-words", tmp_path)

        choose(page, "Act a sentence")
        expect(page.locator("take-recorder")).to_contain_text("0:19")

        # By keyboard alone: the dialog opens, goes back, and skips.
        skipped = prompt_of(page)
        page.get_by_role("button", name="Skip this sentence").press("Enter")
        picture(page, "skip", tmp_path)
        page.keyboard.press("Escape")
        assert prompt_of(page) == skipped
        page.get_by_role("button", name="Skip this sentence").press("Enter")
        page.get_by_role("radio", name="It upsets me").press("Space")
        page.get_by_role("button", name="Skip it").press("Enter")
        expect(page.locator(f'[data-prompt="{skipped}"]')).to_have_count(0)
        site.wait_for(
            lambda: site.rows("SELECT prompt_id, reason FROM contributions_promptskip") == [(skipped, "UPSETTING")],
            "the reason was kept",
        )

        choose(page, "Same sentence, another feeling")
        said, words = prompt_of(page), page.locator("blockquote").inner_text()
        people.record(page, seconds=len(once) / 16_000)
        page.get_by_role("button", name="Send").click()
        site.wait_for(lambda: site.rows("SELECT id FROM contributions_clip"), "the take arrived")
        page.get_by_role("button", name="Next sentence").click()
        expect(page.get_by_text("The same words, now with")).to_be_visible()
        assert (page.locator("blockquote").inner_text(), prompt_of(page) == said) == (words, False)

        page.get_by_role("link", name="Something is wrong with this").click()
        picture(page, "report", tmp_path)
        page.get_by_role("radio", name="The words fit only one feeling").check()
        page.get_by_role("button", name="Report it").click()
        expect(page.get_by_text("A curator will look at it")).to_be_visible()
        expect(page.get_by_role("radio", name="Same sentence, another feeling")).to_be_checked()


def test_the_pages_around_fit_a_phone_and_a_desktop(site, tmp_path):
    with sync_playwright() as playwright, vera_in_the_studio(playwright, site.url, "around", sound=None) as page:
        for address in ("coverage", "contribute/feelings"):
            page.goto(f"{site.url}/{address}/")
            picture(page, re.sub(r"\W", "-", address), tmp_path)
