"""One person's device after another visit: a browser whose profile outlives it, and what lies on it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Playwright

from tests.journeys import people
from tests.journeys.microphone import CHROMIUM, QUIETLY
from tests.soak.test_uploads import LIVES, MAKE, STATES

HEARING = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--mute-audio")
Opened = Callable[..., AbstractContextManager[Page]]


def device_hearing(playwright: Playwright, sound: Path, folder: Path) -> Opened:
    """Opens the device's browser, again and again with the same profile; its microphone hears that sound."""
    flags = [*QUIETLY, *HEARING, f"--use-file-for-fake-audio-capture={sound}"]
    profile = folder / "profile"

    @contextmanager
    def opened(*, is_offline: bool = False, **more: Any) -> Iterator[Page]:
        options = {"executable_path": CHROMIUM, "args": flags, "offline": is_offline, "reduced_motion": "reduce"}
        context = playwright.chromium.launch_persistent_context(str(profile), **(options | more))
        try:
            yield context.pages[0]
        finally:
            with suppress(Error):
                context.close()

    opened.profile = profile  # type: ignore[attr-defined]
    return opened


def volunteer(page: Page, url: str, name: str) -> None:
    """Make an account of that name and consent; the studio is open then."""
    people.sign_up(page, url, f"{name}@example.org")
    people.choose_language(page, url, "English")
    people.consent(page)


def guest(page: Page, url: str) -> None:
    """Go on as a guest and consent; the studio is open then."""
    people.choose_language(page, url, "English")
    page.get_by_role("button", name="Go on as a guest").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Save my answers and go on").click()
    page.get_by_role("link", name="I have kept it: go on").click()
    people.leave_unsaid(page)


def made(page: Page, *, is_sent: bool = True) -> str:
    """A take made in this studio; its id."""
    page.wait_for_function(LIVES)
    return str(page.evaluate(MAKE, {"sizes": [9_000], "isSent": is_sent})[0][0])


def until(page: Page, question: str, patience_seconds: float = people.PATIENT / 1000) -> Any:
    """Ask the page until its promise is kept; what it then says. Playwright itself takes any promise for a yes."""
    page.wait_for_load_state()
    end = time.monotonic() + patience_seconds
    while not (told := page.evaluate(question)):
        assert time.monotonic() < end, f"it never became so: {question}"
        time.sleep(0.2)
    return told


def states(page: Page) -> list[str]:
    """The states of the takes on the device that are this page's person's."""
    return list(page.evaluate(STATES))
