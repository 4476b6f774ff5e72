"""Hundreds of takes through a bad wire, in a browser that is killed again and again: each reaches the site, once.

`./run soak` sends 500 (OE_TAKES) and kills ten times; `./run test` 30 and kills three times. OE_SEED changes the luck,
and --log-cli-level=INFO tells what the wire did.
"""

import hashlib
import logging
import os
import random
import re
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Error, Page, sync_playwright

from tests import sites
from tests.journeys import people
from tests.journeys.microphone import CHROMIUM, QUIETLY
from tests.proxies.chaos import chaos

pytestmark = pytest.mark.journey
log = logging.getLogger(__name__)
TAKES = int(os.environ.get("OE_TAKES", "30"))
KILLS = min(10, TAKES // 10)
SEED = int(os.environ.get("OE_SEED", "1"))
DRAFTS = 3
PATIENCE_SECONDS = 1800

# As the recorder hands takes over, but of noise, and without the seconds that speaking takes.
MAKE = """async ({ sizes, isSent }) => {
  const queue = document.querySelector("take-queue");
  const { facts } = document.querySelector("prompt-card");
  const made = [];
  for (const size of sizes) {
    const id = crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(size)).buffer;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    await queue.keep({ id, bytes, mediaType: "audio/webm", capture: {}, ...facts });
    if (isSent) queue.send(id);
    made.push([id, Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")]);
  }
  const { takesOf } = await import("audio/takes");
  const { voices } = document.querySelector("take-sender");
  const isDraft = ({ id, state }) => state === "draft" && made.some(([ours]) => ours === id);
  // Send is pressed once that is on disk; what came of it is the wire's.
  while (isSent && (await takesOf(voices)).some(isDraft)) await new Promise((go) => setTimeout(go, 20));
  return made;
}"""
LIVES = "() => ['take-queue', 'prompt-card', 'take-sender'].every((name) => customElements.get(name))"
STATES = """async () => {
  const { takesOf } = await import("audio/takes");
  return (await takesOf(document.querySelector("take-sender").voices)).map(({ state }) => state);
}"""


@contextmanager
def browser(playwright, profile: Path):
    """Chromium with a profile that outlives it."""
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=CHROMIUM, args=[*QUIETLY, "--mute-audio"], headless=True
    )
    try:
        yield context.pages[0]
    finally:
        with suppress(Error):
            context.close()


def kill(profile: Path) -> None:
    """End every process of the browser with that profile as a flat battery does."""
    ours = [each for each in psutil.Process().children(recursive=True) if f"--user-data-dir={profile}" in words(each)]
    assert ours
    for each in ours:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(signal.SIGKILL)
    psutil.wait_procs(ours, timeout=20)


def words(process: psutil.Process) -> list[str]:
    """The process's command line; none once it has ended."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return []


def in_the_studio(page: Page, url: str) -> None:
    """Wait until the studio's own elements live."""
    page.goto(f"{url}/contribute/studio/")
    page.wait_for_function(LIVES)


def make(page: Page, chance: random.Random, count: int, *, is_sent: bool) -> dict[str, str]:
    """Make so many takes, sent for or not: their ids and the digests of their sound."""
    sizes = [chance.randrange(5_000, 60_000) for _take in range(count)]
    return dict(page.evaluate(MAKE, {"sizes": sizes, "isSent": is_sent}))


def test_every_take_reaches_the_site_once_whatever_the_wire_and_the_battery_do(tmp_path):
    chance, profile, taken, left = random.Random(SEED), tmp_path / "profile", {}, []
    environment = {"OE_CLIPS_PER_DAY": str(10 * TAKES)}
    with (
        sites.site(tmp_path, environment) as site,
        sync_playwright() as playwright,
    ):
        site.start("web", sites.COMMANDS["web"], site.is_healthy)
        with chaos(site.url, seed=SEED) as wire:
            with browser(playwright, profile) as page:
                people.sign_up(page, wire.url, "vera@example.org")
                people.choose_language(page, wire.url, "English")
                people.consent(page)
            began = time.monotonic()
            for kills in range(KILLS):
                with browser(playwright, profile) as page:
                    in_the_studio(page, wire.url)
                    if kills == 0:
                        drafts = make(page, chance, DRAFTS, is_sent=False)
                    share = TAKES // KILLS + (TAKES % KILLS if kills == 0 else 0)
                    # Made in a tunnel: the battery dies while all of them leave at once.
                    wire.holds_uploads = True
                    taken |= make(page, chance, share, is_sent=True)
                    wire.holds_uploads = False
                    page.evaluate("window.dispatchEvent(new Event('online'))")
                    time.sleep(chance.uniform(0, 2))
                    kill(profile)
                left.append(len(taken) - len(stored(site)))

            # The next page of the site goes on, whichever it is.
            with browser(playwright, profile) as page:
                page.goto(wire.url)
                wait_until_sent(page)
                assert page.evaluate(STATES) == ["draft"] * DRAFTS

        assert len(taken) == TAKES
        assert stored(site) == taken
        assert kept(site) == taken
        assert not drafts.keys() & taken.keys()
        acts = site.rows("SELECT count(*), count(DISTINCT subject_id) FROM audit_auditevent WHERE act = 'clip.stored'")
        assert acts == [(TAKES, TAKES)]
        assert any(left), "the browser was killed too late: nothing was left to send"
        told = f"{TAKES} takes, {KILLS} kills that left {left} unsent, {time.monotonic() - began:.0f} s"
        log.info("%s; %s uploads: %s", told, wire.fates.total(), dict(wire.fates))


def wait_until_sent(page: Page) -> None:
    """Wait until no take waits on the device."""
    until = time.monotonic() + PATIENCE_SECONDS
    while "waiting" in (states := page.evaluate(STATES)):
        assert time.monotonic() < until, f"still on the device: {states}"
        time.sleep(0.5)
    assert "refused" not in states


def stored(site: sites.Site) -> dict[str, str]:
    """Every clip that the site has, and its digest."""
    rows = site.rows("SELECT id, sha256 FROM contributions_clip")
    assert len(rows) == len({row[0] for row in rows})
    return {dashed(row[0]): row[1] for row in rows}


def kept(site: sites.Site) -> dict[str, str]:
    """Every original that lies in the site's storage, and what its bytes really are."""
    originals = (site.folder / "var/storage/clips").glob("*/original")
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in originals}


def dashed(number: str) -> str:
    """The id as a browser writes it; SQLite keeps it without dashes."""
    return re.sub(r"^(.{8})(.{4})(.{4})(.{4})(.{12})$", r"\1-\2-\3-\4-\5", str(number).replace("-", ""))
