"""A take is never lost: not by a dead battery, not without a connection, and never to somebody else's voice."""

import json
import re
import uuid

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites, worlds
from tests.journeys import people
from tests.journeys.devices import device_hearing, guest, made, states, until, volunteer
from tests.journeys.microphone import looped
from tests.proxies.chaos import chaos
from tests.soak.test_uploads import STATES, in_the_studio, kill, stored

pytestmark = pytest.mark.journey
CACHED = """async () => {
  const told = {};
  for (const name of await caches.keys()) {
    const kept = await (await caches.open(name)).keys();
    told[name.replace(/-.*/, "")] = kept.map(({ url }) => new URL(url).pathname);
  }
  return told;
}"""
IS_READY_FOR_NO_CONNECTION = """async () => {
  const { nextCard, pageAt } = await import("audio/offline");
  if (!navigator.serviceWorker.controller || !(await pageAt("/contribute/studio/"))) return false;
  const all = new Set();
  for (let turn = 0; turn < 20; turn += 1) all.add(await nextCard([]));
  return all.has(undefined) ? 0 : all.size;
}"""
KEEP_AS_VERSION_1 = """async ({ owner, take }) => {
  await new Promise((go) => (indexedDB.deleteDatabase("open-empathic").onsuccess = go));
  const opened = await new Promise((resolve, reject) => {
    const request = indexedDB.open("open-empathic", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("takes", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const bytes = new Uint8Array([1, 2, 3, 4]).buffer;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digest = btoa(String.fromCharCode(...hash));
  const store = opened.transaction("takes", "readwrite").objectStore("takes");
  store.put({ ...take, bytes, digest, owner, madeAt: Date.now(), tries: 0 });
  await new Promise((go) => (store.transaction.oncomplete = go));
  opened.close();
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("takes")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture
def wire(site):
    with chaos(site.url) as made:
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture
def device(playwright, tmp_path):
    """A browser with a profile of its own; its microphone hears somebody angry."""
    return device_hearing(playwright, looped(worlds.ANGER, tmp_path)[0], tmp_path)


def clips_of(site):
    """The ids of all clips of the site, as browsers write them."""
    return set(stored(site))


def test_a_take_that_was_only_recorded_survives_a_dead_battery(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "battery")
    with device() as page:
        in_the_studio(page, wire.url)
        people.check_microphone(page)
        people.record(page, seconds=2)
        until(page, f"async () => (await ({STATES})()).includes('draft')")
        kill(device.profile)
    before = clips_of(site)

    with device() as page:
        in_the_studio(page, wire.url)
        expect(page.get_by_text("A take from before that you have not sent.").filter(visible=True)).to_be_visible()
        page.wait_for_timeout(1500)
        assert clips_of(site) == before
        line = page.locator("kept-take")
        line.get_by_role("button", name="Listen").click()
        page.wait_for_function("() => document.querySelector('kept-take audio').currentTime > 0")
        line.get_by_role("button", name="Send now").click()
        site.wait_for(lambda: len(clips_of(site) - before) == 1, "the draft was sent")
        expect(line).to_have_count(0)


def test_a_take_made_without_a_connection_goes_its_way_by_itself_a_visit_later(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "tunnel")
        assert until(page, IS_READY_FOR_NO_CONNECTION) >= 10
    before, wire.is_down = clips_of(site), True

    with device(is_offline=True) as page:
        in_the_studio(page, wire.url)
        # By its id: the next may be the same sentence in another emotion.
        first = page.locator("[data-prompt]").get_attribute("data-prompt")
        people.check_microphone(page)
        people.record(page, seconds=2)
        page.get_by_role("button", name="Send").first.click()
        expect(page.get_by_text("Your clip is kept on this device").first).to_be_visible()
        page.get_by_role("button", name="Next sentence").click()
        expect(page.locator("[data-prompt]")).not_to_have_attribute("data-prompt", first)
        page.goto(f"{wire.url}/privacy/")
        expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
        kill(device.profile)

    with device(is_offline=True) as page:
        in_the_studio(page, wire.url)
        expect(page.locator("kept-take")).to_have_count(1)
    assert clips_of(site) == before

    wire.is_down = False
    with device() as page:
        page.goto(wire.url)
        site.wait_for(lambda: len(clips_of(site) - before) == 1, "the take arrived")


def test_two_tabs_send_a_take_once(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "tabs")
        wire.holds_uploads = True
        waiting = {made(page) for _take in range(3)}
        others = [page.context.new_page() for _tab in range(2)]
        for tab in others:
            tab.goto(f"{wire.url}/contribute/clips/")
            expect(tab.locator("kept-take")).to_have_count(len(waiting))
        wire.holds_uploads = False
        for tab in (page, *others):
            tab.evaluate("window.dispatchEvent(new Event('online'))")
        site.wait_for(lambda: waiting <= clips_of(site), "all were sent")
        for tab in (page, *others):
            expect(tab.locator("kept-take")).to_have_count(0)

    assert wire.fates["passes"] == len(waiting)


@pytest.mark.soak
def test_on_a_shared_device_no_take_is_sent_with_anothers_voice(site, wire, device):
    with device() as gina:
        guest(gina, wire.url)
        wire.holds_uploads = True
        ginas = made(gina)
        # Her session ends, her tab stays open.
        gina.context.clear_cookies()
        wire.holds_uploads = False
        otto = gina.context.new_page()
        volunteer(otto, wire.url, "otto")
        ottos = made(otto)
        site.wait_for(lambda: ottos in clips_of(site), "Otto's take was sent")
        for tab in (gina, otto):
            tab.evaluate("document.querySelector('take-sender').sending.all({ now: true })")
        expect(gina.get_by_text("You are signed out.").first).to_be_visible()

        assert states(otto) == []
        assert states(gina) == ["waiting"]
        assert ginas not in clips_of(site)
        expect(otto.locator("kept-take")).to_have_count(0)


@pytest.mark.soak
def test_a_guests_takes_go_on_with_the_account_that_takes_the_voice_over(site, wire, device):
    with device() as page:
        guest(page, wire.url)
        wire.holds_uploads = True
        sent, draft = made(page), made(page, is_sent=False)
        people.sign_up(page, wire.url, "claims@example.org")
        wire.holds_uploads = False
        page.goto(f"{wire.url}/contribute/clips/")
        expect(page.get_by_text("Takes that you made as a guest wait on this device.")).to_be_visible()
        assert sent not in clips_of(site)

        page.get_by_role("button", name="Make them mine").click()
        site.wait_for(lambda: sent in clips_of(site), "the take went on with the account")
        expect(page.get_by_text("A take from before that you have not sent.").filter(visible=True)).to_be_visible()
        assert draft not in clips_of(site)


@pytest.mark.soak
def test_whoever_leaves_takes_the_kept_studio_along_but_not_the_takes(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "leaves")
        until(page, IS_READY_FOR_NO_CONNECTION)
        made(page, is_sent=False)
        cached = page.evaluate(CACHED)
        assert cached["studio"] == ["/contribute/studio/"]
        assert {path for path in cached["shell"] if not path.startswith("/static/")} == {"/offline/"}

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Leave, and keep them here").click()
        until(page, f"async () => !('studio' in await ({CACHED})())")
        wire.is_down = True
        page.goto(f"{wire.url}/contribute/studio/")
        expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
        wire.is_down = False
        page.goto(f"{wire.url}/accounts/login/?next=/contribute/studio/")
        page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill("leaves@example.org")
        page.get_by_label(re.compile("^password", re.IGNORECASE)).fill(people.PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url("**/contribute/**")
        page.goto(f"{wire.url}/contribute/clips/")
        expect(page.get_by_text("A take from before that you have not sent.").filter(visible=True)).to_be_visible()


@pytest.mark.soak
def test_a_take_that_an_older_version_kept_is_sent(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "older")
        [(account,)] = site.rows("SELECT id FROM accounts_user WHERE email = 'older@example.org'")
        facts = page.evaluate("() => document.querySelector('prompt-card').facts")
        page.goto(f"{wire.url}/healthz")
        kept = {**facts, "id": str(uuid.uuid4()), "mediaType": "audio/webm", "capture": {}}
        page.evaluate(KEEP_AS_VERSION_1, {"owner": str(account), "take": kept})
        page.goto(wire.url)

        site.wait_for(lambda: kept["id"] in clips_of(site), "the take of before was sent")


@pytest.mark.soak
def test_a_new_version_takes_over_and_opens_without_a_connection(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "renews")
        until(page, IS_READY_FOR_NO_CONNECTION)
        changed = deploy(site)
        page.goto(wire.url)
        until(page, f"async () => (await ({CACHED})()).shell?.includes('{changed}')")
        until(page, "async () => (await caches.keys()).filter((name) => name.startsWith('shell')).length === 1")
        wire.is_down = True
        in_the_studio(page, wire.url)

        linked = "(links) => links.map(({ href }) => new URL(href).pathname)"
        assert changed in page.locator("link[rel=stylesheet]").evaluate_all(linked)
        assert page.evaluate(
            "() => document.fonts.ready.then(() => [...document.styleSheets].every((each) => each.cssRules))"
        )


def test_the_worker_sends_what_was_sent_for_while_no_page_is_open_and_nothing_else(site, wire, device):
    with device() as page:
        volunteer(page, wire.url, "closes")
        until(page, IS_READY_FOR_NO_CONNECTION)
        wire.holds_uploads = True
        sent, draft = made(page), made(page, is_sent=False)
        browser, registered = page.context.new_cdp_session(page), []
        browser.on("ServiceWorker.workerRegistrationUpdated", lambda told: registered.extend(told["registrations"]))
        browser.send("ServiceWorker.enable")
        page.goto("about:blank")
        wire.holds_uploads = False
        # As the browser does once it finds the connection good again.
        worker = {"origin": wire.url, "registrationId": registered[0]["registrationId"]}
        browser.send("ServiceWorker.dispatchSyncEvent", {**worker, "tag": "takes", "lastChance": False})

        site.wait_for(lambda: sent in clips_of(site), "the worker sent the take")
        assert draft not in clips_of(site)


def deploy(site):
    """Put another version of one file on the site; its address."""
    folder = site.folder / "var/static"
    manifest = json.loads((folder / "staticfiles.json").read_text())
    old = manifest["paths"]["css/studio.css"]
    manifest["paths"]["css/studio.css"] = new = "css/studio.0123456789ab.css"
    (folder / new).write_text((folder / old).read_text() + "\n/* newer */\n")
    (folder / "staticfiles.json").write_text(json.dumps(manifest))
    site.processes["web"].stop()
    site.processes["web"].start()
    return f"/static/{new}"
