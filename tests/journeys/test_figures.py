"""Cleo and Mona at the dashboards in a browser: every plot is there under the real policy, and its table behind it."""

import csv

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites
from tests.journeys import looks, people
from tests.journeys.keyboard import reach
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
MADE = """
from datetime import timedelta
from django.utils import timezone
from contributions.listening import figures, queue
from contributions.models import Figure
from openempathic.accounts.models import Role
from tests import worlds
from tests.contributions.listening import test_figures as given
worlds.stocked()
worlds.person("cleo", Role.CURATOR)
mona = worlds.person("mona", Role.MODERATOR)
mona.moderated_languages = ["pl"]
mona.save()
for language in ("en", "pl"):
    for asked in ("anger", "fear", "sadness"):
        given.clips(18, asked=asked, heard=asked, language=language)
        given.clips(6, asked=asked, heard="neutral", language=language)
    for age, clip in enumerate(given.clips(9, language=language, status="IN_REVIEW")):
        given.needing(clip, priority=queue.PRIORITIES[age % 6], age=timedelta(days=age * age))
        given.answered(clip)
    given.clips(3, status="DISPUTED", language=language)
    for name, content in (("agreement", given.AGREEMENT), ("assistance", given.ASSISTANCE)):
        Figure.objects.create(name=name, language=language, content=content, reckoned_at=timezone.now())
Figure.objects.create(name="assistance", content=given.ASSISTANCE, reckoned_at=timezone.now())
now = timezone.now()
figures.reckon_soon(at=now)
figures.reckon_later(at=now)
"""
# Lazy pictures are asked for as one comes to them.
ALL_THERE = """async () => {
  const pictures = [...document.querySelectorAll("figure img")];
  for (const each of pictures) each.loading = "eager";
  await Promise.all(pictures.map((each) => each.decode()));
  return pictures.map(({ naturalWidth, clientWidth }) => naturalWidth && clientWidth / naturalWidth);
}"""
COLOUR = "() => getComputedStyle(document.querySelector('.fill-4 rect')).fill"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("figures")) as made:
        made.manage("shell", "-c", MADE)
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture
def entered(site, browser):
    """Somebody's browser at the figures, which notes what its console says."""
    contexts = []

    def enter(name: str, **options):
        contexts.append(browser.new_context(reduced_motion="reduce", accept_downloads=True, **options))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{site.url}/accounts/login/?next=/moderate/figures/")
        page.get_by_label("mail").fill(f"{name}@example.org")
        page.get_by_label("Password").fill(people.PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url("**/moderate/figures/")
        return page

    yield enter
    for context in contexts:
        context.close()


def test_cleo_reads_every_plot_at_a_desk_and_on_a_phone_by_day_and_by_night(entered, tmp_path):
    page = entered("cleo", viewport={"width": 1280, "height": 800})
    expect(page.get_by_role("link", name="Figures")).to_have_attribute("aria-current", "page")

    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        shown = page.evaluate(ALL_THERE)
        assert len(shown) == 11
        # Letters of 13 px are never drawn smaller than 12.
        assert min(shown) >= 12 / 13
        assert list(looks.faults(page, "en")) == []
    assert list(looks.keyboard_faults(page)) == []
    picture(page, "figures", tmp_path)
    assert page.complaints == []


def test_a_plot_by_itself_wears_its_style_under_its_own_policy(site, entered):
    page = entered("cleo", viewport={"width": 390, "height": 844})
    worn = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{site.url}/moderate/figures/all/confusion.svg")
        worn.append(page.evaluate(COLOUR))

    assert worn == ["rgb(143, 68, 128)", "rgb(195, 136, 180)"]
    assert page.complaints == []


def test_the_table_behind_a_plot_opens_by_the_keyboard_and_goes_into_a_spreadsheet(entered, tmp_path):
    page = entered("cleo", viewport={"width": 1280, "height": 800})
    panel = page.get_by_role("region", name="What was asked for, and what was heard", exact=True).first
    panel.get_by_text("The table behind it").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("row", name="anger neutral 12 0.25")).to_be_visible()

    reach(page, "As a file for a spreadsheet (CSV)")
    panel.get_by_role("link", name="As a file").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8-sig") as file:
        assert ["anger", "neutral", "12", "0.25"] in list(csv.reader(file))


def test_mona_sees_the_figures_of_polish_also_from_the_right(site, entered, tmp_path):
    page = entered("mona", viewport={"width": 390, "height": 844})
    expect(page.get_by_label("Language", exact=True)).to_have_value("pl")
    assert page.get_by_label("Language", exact=True).locator("option").count() == 1
    assert page.goto(f"{site.url}/moderate/figures/?language=en").status == 404
    assert page.goto(f"{site.url}/moderate/figures/all/queue-ages.svg").status == 404

    page.context.add_cookies([{"name": "django_language", "value": "ar", "url": site.url}])
    page.goto(f"{site.url}/moderate/figures/")
    assert min(page.evaluate(ALL_THERE)) >= 12 / 13
    assert list(looks.faults(page, "ar")) == []
    picture(page, "figures-arabic", tmp_path)
