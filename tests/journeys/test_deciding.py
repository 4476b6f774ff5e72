"""Milo, Mona and Lena: a dispute settled by somebody who has not rated, a report and its answer, several at once."""

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import sites
from tests.contributions.audio import sounds
from tests.journeys import looks, people
from tests.journeys.keyboard import go_by, reach, tick
from tests.journeys.microphone import browser_hearing
from tests.journeys.pictures import picture
from tests.visitors import Visitor

pytestmark = pytest.mark.journey
MADE = """
from contributions.models import ListenerPass, ListeningDecision
from openempathic.accounts.models import Role
from tests import worlds
for name in ("milo", "mona", "mila"):
    worlds.person(name, Role.MODERATOR)
ListenerPass.objects.create(person=worlds.person("lena"), language="en")
ListeningDecision.objects.create(language="en", ratings_required=2)
"""
DISPUTED = """
from datetime import timedelta
from django.utils import timezone
from contributions.listening import ratings
from contributions.models import Clip, RatingTurn
from openempathic.accounts.models import User
from tests import worlds
clip = Clip.objects.get(pk="{clip}")
noisy = ratings.Answer(is_usable=False, unusable_reason="TOO_NOISY")
for name, answer in (("mona", ratings.Answer(is_usable=True, emotion="sadness")), ("mila", noisy)):
    by = User.objects.get(email=name + "@example.org")
    turn = RatingTurn.objects.create(clip=clip, rater=by, lease_expires_at=timezone.now() + timedelta(minutes=9))
    ratings.rate(worlds.heard(turn), by=by, answer=answer)
"""
MET = """
from django.utils import timezone
from contributions.models import Clip, RatingTurn
from openempathic.accounts.models import User
lena = User.objects.get(email="lena@example.org")
RatingTurn.objects.create(clip=Clip.objects.get(pk="{clip}"), rater=lena, lease_expires_at=timezone.now())
"""
DELICATE = """
from contributions.models import Clip
Clip.objects.filter(pk="{clip}").update(status="QUARANTINED", status_reason="PERSONAL_DATA")
"""
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("deciding")) as made:
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
def enter(site, browser: Browser):
    """Somebody at a page of their own, signed in; at the end no script may have complained."""
    pages = []

    def entered(name: str, way: str, *, size: dict[str, int] = WIDE, locale: str = "en") -> Page:
        context = browser.new_context(viewport=size, reduced_motion="reduce", locale=locale)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        pages.append(page)
        page.goto(f"{site.url}/accounts/login/?next={way}")
        page.locator('input[type="email"]').fill(f"{name}@example.org")
        page.locator('input[type="password"]').fill(people.PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        return page

    yield entered
    for page in pages:
        assert page.complaints == []
        page.context.close()


def screened(site, vera: Visitor, sound: bytes, status: str) -> str:
    """A clip of hers that a worker of the site screened, with that end; its id."""
    answer, clip = vera.put(sound)
    assert answer == 201, clip
    site.wait_for(lambda: status_of(site, str(clip["id"])) == status, f"a worker screened the clip: {status}")
    return str(clip["id"])


def status_of(site, clip: str) -> str:
    """The clip's status, as its row has it."""
    (row,) = site.rows(f"SELECT status FROM contributions_clip WHERE id = '{clip.replace('-', '')}'")
    return str(row[0])


def spoken(seconds: float) -> bytes:
    """The spoken sentence, cut short, so that no two are the same."""
    from tests import worlds

    whole = worlds.ANGER.read_bytes()
    return whole[: len(whole) - 2 * int(seconds * 1000)]


def silent(seconds: float) -> bytes:
    """Nothing to hear."""
    return sounds.wav(sounds.tone(seconds=seconds, amplitude=0)[:, None])


def faultless(page: Page, tag: str = "en") -> None:
    """Nobody stumbles over the page, by mouse or keyboard."""
    assert list(looks.faults(page, tag)) + list(looks.keyboard_faults(page)) == []


def hear(page: Page) -> None:
    """Play the clip to its end by its key."""
    page.keyboard.press("p")
    page.wait_for_function("() => document.querySelector('audio').ended", timeout=people.PATIENT)


def test_a_dispute_is_settled_by_somebody_who_has_not_rated_the_clip(site, vera, enter, tmp_path):
    clip = screened(site, vera, spoken(0), "IN_REVIEW")
    site.manage("shell", "-c", DISPUTED.format(clip=clip))
    assert status_of(site, clip) == "DISPUTED"
    mona = enter("mona", "/moderate/?status=DISPUTED")
    expect(mona.get_by_text("No clip of this kind waits for you.")).to_be_visible()

    milo = enter("milo", "/moderate/")
    go_by(milo, "Disputes")
    faultless(milo)
    with milo.expect_navigation():
        milo.keyboard.press("1")
    expect(milo.get_by_role("heading", name="What listeners said of it")).to_be_visible()
    expect(milo.get_by_text("Listener 2")).to_be_visible()
    faultless(milo)
    picture(milo, "dispute", tmp_path)
    hear(milo)
    milo.keyboard.press("2")
    go_by(milo, "Save my verdict")
    expect(milo.get_by_text("Kept: it is accepted.")).to_be_visible()
    assert status_of(site, clip) == "ACCEPTED"

    milo.goto(f"{site.url}/moderate/{clip}/history/")
    expect(milo.get_by_text("answered blindly").first).to_be_visible()
    faultless(milo)
    picture(milo, "history", tmp_path)


def test_lena_reports_a_clip_milo_sets_it_aside_mona_decides_and_lena_reads_the_answer(site, vera, enter, tmp_path):
    clip = screened(site, vera, spoken(1), "IN_REVIEW")
    site.manage("shell", "-c", MET.format(clip=clip))
    lena = enter("lena", f"/clips/{clip}/report/", size=NARROW)
    faultless(lena)
    picture(lena, "report-narrow", tmp_path)
    tick(lena, "The speaker seems to be under 18")
    lena.keyboard.press("ArrowDown")
    lena.keyboard.press("ArrowDown")
    expect(lena.get_by_label("It is hateful or degrading")).to_be_checked()
    reach(lena, "In your own words")
    lena.keyboard.type("She insults her neighbours.")
    go_by(lena, "Report it")
    expect(lena.get_by_text("A moderator will hear it and answer you")).to_be_visible()
    assert status_of(site, clip) == "IN_REVIEW"

    milo = enter("milo", "/moderate/reports/")
    faultless(milo)
    go_by(milo, "It is hateful or degrading")
    expect(milo.get_by_text("She insults her neighbours.")).to_be_visible()
    faultless(milo)
    picture(milo, "reported", tmp_path)
    hear(milo)
    go_by(milo, "Set it aside")
    assert status_of(site, clip) == "QUARANTINED"
    milo.goto(f"{site.url}/moderate/{clip}/")
    expect(milo.get_by_role("heading", level=1)).not_to_have_text("Can this clip be used?")

    mona = enter("mona", f"/moderate/{clip}/")
    faultless(mona)
    picture(mona, "reported-decide", tmp_path)
    mona.keyboard.press("3")
    mona.get_by_label("Why not?").select_option("OFFENSIVE")
    reach(mona, "A word to who reported it")
    mona.keyboard.type("You were right, thank you.")
    go_by(mona, "Save my verdict")
    assert status_of(site, clip) == "REJECTED"

    lena.goto(f"{site.url}/")
    go_by(lena, "Your reports")
    expect(lena.get_by_text("It was refused: nobody hears it any more.")).to_be_visible()
    expect(lena.get_by_text("You were right, thank you.")).to_be_visible()
    assert "mona" not in lena.content()
    faultless(lena)
    picture(lena, "own-reports", tmp_path)


@pytest.mark.soak
def test_milo_decides_about_several_at_once_and_sees_first_what_would_happen(site, vera, enter, tmp_path):
    several = [screened(site, vera, silent(seconds), "UNUSABLE") for seconds in (1, 1.5)]
    delicate = screened(site, vera, silent(2.5), "UNUSABLE")
    site.manage("shell", "-c", DELICATE.format(clip=delicate))
    milo = enter("milo", "/moderate/")
    reach(milo, "Decide about several at once")
    milo.keyboard.press("Enter")
    assert list(looks.faults(milo, "en")) == []
    picture(milo, "bulk", tmp_path)
    tick(milo, "All on this page")
    tick(milo, "Screen them again")
    milo.keyboard.press("ArrowDown")
    milo.keyboard.press("ArrowDown")
    expect(milo.get_by_role("radio", name="Refuse them")).to_be_checked()
    milo.get_by_label("Why not, if you refuse them?").select_option("OTHER")
    go_by(milo, "Show what would happen")
    expect(milo.get_by_role("heading", name="clips would be decided")).to_be_visible()
    go_by(milo, "Leave it all as it is")
    assert [status_of(site, clip) for clip in several] == ["UNUSABLE", "UNUSABLE"]

    milo.get_by_text("Decide about several at once").click()
    milo.get_by_label("All on this page").check()
    milo.get_by_role("radio", name="Send them to the listeners").check()
    go_by(milo, "Show what would happen")
    expect(milo.get_by_role("heading", name="1 clip stays as it is")).to_be_visible()
    expect(milo.get_by_role("heading", name="2 clips would be decided")).to_be_visible()
    faultless(milo)
    picture(milo, "bulk-preview", tmp_path)
    go_by(milo, "Decide about 2 clips")
    expect(milo.get_by_role("heading", name="2 verdicts were kept")).to_be_visible()
    faultless(milo)
    assert [status_of(site, clip) for clip in (*several, delicate)] == ["IN_REVIEW", "IN_REVIEW", "QUARANTINED"]


@pytest.mark.soak
def test_the_pages_hold_together_in_a_language_that_runs_from_the_right(site, enter, tmp_path):
    milo = enter("milo", "/moderate/", size=NARROW, locale="ar")
    for way, name in (("/moderate/", "list-ar"), ("/moderate/reports/", "reports-ar")):
        milo.goto(f"{site.url}{way}")
        faultless(milo, "ar")
        picture(milo, name, tmp_path)
