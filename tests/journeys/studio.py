"""Vera in the studio of a running site, and what can be done to her microphone."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright

from tests.journeys import people
from tests.journeys.microphone import browser_hearing

# The page's streams within reach, to interfere with.
WITHIN_REACH = """
  const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (open) navigator.mediaDevices.getUserMedia = async (wish) => (window.heard = await open(wish));
"""


@contextmanager
def vera_in_the_studio(
    playwright: Playwright, address: str, name: str, *, script: str = "", context: Any = None, **microphone: Any
) -> Iterator[Page]:
    """The studio's page, for a newcomer of that name who has just consented."""
    with browser_hearing(playwright, **microphone) as browser:
        page = browser.new_context(**(context or {})).new_page()
        page.add_init_script(WITHIN_REACH + script)
        people.sign_up(page, address, f"{name}@example.org")
        people.choose_language(page, address, "English")
        people.consent(page)
        yield page


def pull_the_plug() -> None:
    """End the process of our Chromium that holds its sound devices: its tracks end as when a plug is pulled."""
    processes = {int(folder.name): folder for folder in Path("/proc").iterdir() if folder.name.isdigit()}
    parents = {number: parent_of(folder) for number, folder in processes.items()}
    for number, folder in processes.items():
        if "audio.mojom.AudioService" in read(folder / "cmdline") and is_ours(number, parents):
            os.kill(number, signal.SIGKILL)


def is_ours(number: int, parents: dict[int, int]) -> bool:
    """Whether this very process started it, or what started it."""
    while number in parents and number != os.getpid():
        number = parents[number]
    return number == os.getpid()


def parent_of(folder: Path) -> int:
    """The number of the process's parent; 0 once it is gone."""
    said = read(folder / "stat")
    return int(said.rpartition(")")[2].split()[1]) if said else 0


def read(path: Path) -> str:
    """A file of a process that may be gone by now."""
    try:
        return path.read_text()
    except OSError:
        return ""
