"""Milo and a clip that a machine refused: heard, overturned and sent on, by the keyboard alone, in a real browser."""

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests import sites, worlds
from tests.contributions.audio import sounds
from tests.journeys import looks, people
from tests.journeys.keyboard import go_by, reach, tick
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture
from tests.visitors import Visitor

pytestmark = pytest.mark.journey
MADE = """
from openempathic.accounts.models import Role
from tests import worlds
worlds.person("milo", Role.MODERATOR)
"""
TAKEN_BACK = """
from contributions.leaving import withdrawal
from contributions.models import Clip
clip = Clip.objects.get(pk="{clip}")
withdrawal.withdraw(clip, by=clip.contributor.actor)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("moderating"), {"OE_SEEK_DUPLICATES": "1"}) as made:
        made.manage("shell", "-c", MADE)
        made.start("site", sites.SUPERVISOR, made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright, browser_hearing(playwright, None) as started:
        yield started


@pytest.fixture
def vera(site, request):
    visitor = Visitor(site.url)
    visitor.volunteer(f"vera-{len(request.node.name)}@example.org")
    return visitor


@pytest.fixture
def milo(site, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{site.url}/accounts/login/?next=/moderate/")
    page.get_by_label("mail").focus()
    page.keyboard.type("milo@example.org")
    page.keyboard.press("Tab")
    page.get_by_label("Password").focus()
    page.keyboard.type(people.PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    yield page
    assert page.complaints == []
    context.close()


def refused(site, vera: Visitor, *, seconds: float) -> str:
    """A silent clip of hers that a worker of the site found unusable; its id."""
    silence = sounds.wav(sounds.tone(seconds=seconds, amplitude=0)[:, None])
    return screened(site, vera, silence, "UNUSABLE")


def screened(site, vera: Visitor, sound: bytes, status: str) -> str:
    """A clip of hers that a worker of the site screened, with that end; its id."""
    answer, clip = vera.put(sound)
    assert answer == 201, clip
    asked = f"SELECT status FROM contributions_clip WHERE id = '{str(clip['id']).replace('-', '')}'"
    site.wait_for(lambda: site.rows(asked) == [(status,)], f"a worker screened the clip: {status}")
    return str(clip["id"])


def hear(page: Page) -> None:
    """Play the clip to its end by its key."""
    page.keyboard.press("p")
    page.wait_for_function("() => document.querySelector('audio').ended", timeout=people.PATIENT)


def test_milo_overturns_a_machine_by_the_keyboard_alone_and_the_clip_goes_on(site, vera, milo, tmp_path):
    clip = refused(site, vera, seconds=2)
    milo.goto(f"{site.url}/moderate/")
    expect(milo.get_by_role("navigation", name="Main")).to_contain_text("Set aside 1")
    assert list(looks.faults(milo, "en")) == []
    picture(milo, "set-aside", tmp_path)

    with milo.expect_navigation():
        milo.keyboard.press("1")
    assert clip in milo.url
    milo.wait_for_load_state("networkidle")
    expect(milo.get_by_text("Loudest moment")).to_be_visible()
    assert milo.evaluate("() => document.querySelector('.sound').getAttribute('d').length") > 100
    assert milo.evaluate("() => document.querySelector('.spectrogram img').naturalWidth") > 100
    assert list(looks.faults(milo, "en")) + list(looks.keyboard_faults(milo)) == []
    picture(milo, "set-aside-clip", tmp_path)

    # Nobody calls a clip usable that they have not heard.
    tick(milo, "It can be used: listeners hear it next")
    reach(milo, "Save my verdict")
    milo.keyboard.press("Enter")
    expect(milo.get_by_text("Please hear the clip to its end")).to_be_visible()
    hear(milo)
    reach(milo, "A note")
    milo.keyboard.type("A whisper, 1 2 3 p.")
    go_by(milo, "Save my verdict")
    expect(milo.get_by_text("Kept: it goes on to listeners.")).to_be_visible()
    expect(milo.get_by_text("Nothing waits for a moderator.")).to_be_visible()

    key = clip.replace("-", "")
    assert site.rows(f"SELECT status, status_reason FROM contributions_clip WHERE id = '{key}'") == [("IN_REVIEW", "")]
    assert site.rows("SELECT from_status, to_status, note FROM contributions_verdict") == [
        ("UNUSABLE", "IN_REVIEW", "A whisper, 1 2 3 p.")
    ]
    # For others: he has decided about it, and is impartial no more.
    assert site.rows(f"SELECT is_open FROM contributions_listeningneed WHERE clip_id = '{key}'") == [(1,)]
    milo.goto(f"{site.url}/listen/")
    assert clip not in milo.content()

    milo.goto(f"{site.url}/moderate/backlog/")
    expect(milo.get_by_role("region", name="For listeners")).to_contain_text("1")
    assert list(looks.faults(milo, "en")) == []
    picture(milo, "backlog", tmp_path)


def test_what_milo_typed_is_not_lost_when_vera_takes_the_clip_back(site, vera, milo):
    clip = refused(site, vera, seconds=1.5)
    milo.goto(f"{site.url}/moderate/")
    with milo.expect_navigation():
        milo.locator(".set-aside a").first.press("Enter")
    milo.keyboard.press("3")
    milo.get_by_label("Why not?").select_option("TOO_NOISY")
    reach(milo, "A note")
    milo.keyboard.type("Only a hum, and far away.")
    site.manage("shell", "-c", TAKEN_BACK.format(clip=clip))
    go_by(milo, "Save my verdict")

    expect(milo.get_by_role("alert")).to_contain_text("The speaker took this clip back")
    expect(milo.get_by_label("What you had written")).to_have_value("Only a hum, and far away.")
    assert list(looks.faults(milo, "en")) == []
    assert site.rows("SELECT COUNT(*) FROM contributions_verdict WHERE note LIKE 'Only a hum%'") == [(0,)]


def test_milo_hears_both_of_two_that_sound_alike(site, vera, milo, tmp_path):
    sound = (worlds.SOUNDS / "polish-neutral.wav").read_bytes()
    first, again = screened(site, vera, sound, "IN_REVIEW"), screened(site, vera, sound, "QUARANTINED")
    milo.goto(f"{site.url}/moderate/{again}/")
    expect(milo.get_by_text("The same person sent both.")).to_be_visible()
    assert list(looks.faults(milo, "en")) + list(looks.keyboard_faults(milo)) == []
    picture(milo, "set-aside-twins", tmp_path)
    for key, clip in (("p", again), ("t", first)):
        milo.keyboard.press(key)
        milo.wait_for_function("(clip) => document.querySelector(`audio[src*='${clip}']`).ended", arg=clip)

    milo.keyboard.press("3")
    milo.get_by_label("Why not?").select_option("DUPLICATE_BYTES")
    go_by(milo, "Save my verdict")
    expect(milo.get_by_text("Kept: it is refused.")).to_be_visible()
    key = again.replace("-", "")
    assert site.rows(f"SELECT status, status_reason FROM contributions_clip WHERE id = '{key}'") == [
        ("REJECTED", "DUPLICATE_BYTES")
    ]
