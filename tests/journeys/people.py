"""What people do in a browser, step by step, by the words they read."""

import re
import time

from playwright.sync_api import Page, expect

PASSWORD = "a long enough word"
PATIENT = 60_000


def sign_up(page: Page, site: str, email: str) -> None:
    """Make an account; the page leads on to where one was going."""
    page.goto(f"{site}/accounts/signup/")
    fill_sign_up(page, email)


def fill_sign_up(page: Page, email: str) -> None:
    """Fill in the form for a new account."""
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_label(re.compile("^password", re.IGNORECASE)).first.fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: "signup" not in url)


def sign_in_by_link(page: Page, link: str) -> None:
    """Use a one-time link."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def invite(page: Page, site: str, email: str) -> str:
    """Invite a moderator; the link that is shown once."""
    page.goto(f"{site}/curation/invitations/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_role("button", name="Send the invitation").click()
    return page.locator("main code").inner_text()


def accept_invitation(page: Page, link: str, email: str) -> None:
    """Follow the link, make an account, accept."""
    page.goto(link)
    page.get_by_role("link", name="Make an account").click()
    fill_sign_up(page, email)
    page.get_by_role("button", name="Accept the invitation").click()
    page.wait_for_load_state()


def choose_language(page: Page, site: str, endonym: str) -> None:
    """Say which language one will speak."""
    page.goto(f"{site}/contribute/")
    page.get_by_role("button", name=endonym).click()
    page.wait_for_load_state()


def consent(page: Page) -> None:
    """Tick every box, none of which was ticked, and go on; how one speaks the language, one would rather not say."""
    boxes = page.get_by_role("checkbox")
    for box in boxes.all():
        expect(box).not_to_be_checked()
        box.check()
    page.get_by_role("button", name="Save my answers and go on").click()
    leave_unsaid(page)


def leave_unsaid(page: Page) -> None:
    """Do not say how one speaks the language, which is asked once, and be in the studio."""
    page.wait_for_url("**/contribute/variety/**")
    page.get_by_role("button", name="I would rather not say").click()
    page.wait_for_url("**/contribute/studio/**")


def check_microphone(page: Page) -> None:
    """Turn the microphone on, record the test, hear it, go on; one that this device has checked opens by itself."""
    turn_on = page.get_by_role("button", name="Turn on the microphone")
    recorder = page.locator("take-recorder").get_by_role("button", name="Record", exact=True)
    turn_on.or_(recorder).wait_for()
    if recorder.is_visible():
        return
    turn_on.click()
    page.get_by_role("button", name="Record a test of 3 seconds").click()
    page.get_by_role("button", name="It sounds right").click(timeout=PATIENT)


def record(page: Page, *, seconds: float) -> None:
    """Record for so long."""
    page.get_by_role("button", name="Record").click()
    time.sleep(seconds)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def send(page: Page) -> str:
    """Send the take and wait for the verdict; the clip's id."""
    with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
        page.get_by_role("button", name="Send").click()
    assert sent.value.status == 201, sent.value.text()
    expect(page.get_by_text("Thank you, the sound is good!")).to_be_visible(timeout=PATIENT)
    return str(sent.value.json()["id"])


def hear(page: Page) -> None:
    """Play the clip to its end, and see the questions open."""
    page.get_by_role("button", name=re.compile("play", re.IGNORECASE)).first.click()
    page.wait_for_function("() => document.querySelector('audio').ended", timeout=PATIENT)
    expect(page.locator("rating-form")).to_be_visible(timeout=PATIENT)


def rate(page: Page, feeling: str) -> None:
    """Say by keyboard that the clip can be used, and by mouse what is heard."""
    page.keyboard.press("y")
    page.get_by_role("radio", name=re.compile(feeling, re.IGNORECASE)).check()
    page.get_by_role("button", name="Save my answer").click()
    # The page that follows comes without leaving this one.
    expect(page.locator("rating-form")).to_be_hidden(timeout=PATIENT)
