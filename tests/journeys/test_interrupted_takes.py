"""A take that was cut off: the browser is killed in mid-sentence, and what was said until then is there again."""

import base64

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from contributions.audio import decode
from tests import sites, worlds
from tests.forms import first_of
from tests.journeys import people
from tests.journeys.devices import device_hearing, made, states, until, volunteer
from tests.journeys.microphone import likeness, looped
from tests.soak.test_uploads import in_the_studio, kill, stored

pytestmark = pytest.mark.journey
SPOKEN_SECONDS = 4
# The piece that was not whole yet, and the slowness of a machine with much else to do.
LOST_SECONDS_MAX = 2.5
PIECES = """async () => {
  const { within } = await import("audio/takes");
  return within("readonly", (_takes, _sounds, pieces) => pieces.count());
}"""
SOUND = """async () => {
  const { soundOf, takesOf } = await import("audio/takes");
  const [take] = await takesOf(document.querySelector("take-sender").voices);
  const text = new FileReader();
  text.readAsDataURL(new Blob([await soundOf(take.id)]));
  await new Promise((go) => (text.onload = go));
  return { sound: text.result.split(",")[1], mediaType: take.mediaType, endedBy: take.capture.endedBy };
}"""
KEEP_AS_VERSION_2 = """async (voice) => {
  await new Promise((go) => (indexedDB.deleteDatabase("open-empathic").onsuccess = go));
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open("open-empathic", 2);
    request.onupgradeneeded = () => {
      for (const name of ["takes", "sounds"]) request.result.createObjectStore(name, { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction(["takes", "sounds"], "readwrite");
  const take = { id: crypto.randomUUID(), voice, state: "draft", madeAt: 1, tries: 0, sentence: "Of version two." };
  transaction.objectStore("takes").put({ ...take, mediaType: "audio/webm", capture: {} });
  transaction.objectStore("sounds").put({ id: take.id, bytes: new ArrayBuffer(8) });
  await new Promise((go) => (transaction.oncomplete = go));
  database.close();
}"""
BEGIN_FOR_SOMEBODY_ELSE = """async () => {
  const { Writing } = await import("audio/unfinished");
  const writing = new Writing();
  const facts = { mediaType: "audio/webm", capture: {}, sentence: "Somebody else's.", madeAt: 1, tries: 0 };
  writing.begin({ ...facts, id: crypto.randomUUID(), voice: crypto.randomUUID() });
  await writing.done;
}"""
# What a desktop writes, what a phone writes, and what an iPhone writes.
FORMS = {
    "audio/webm;codecs=pcm": "",
    "audio/webm;codecs=opus": "codecs=pcm",
    "audio/mp4;codecs=opus": "webm",
}
REFUSES = """
  const mayRecord = MediaRecorder.isTypeSupported.bind(MediaRecorder);
  MediaRecorder.isTypeSupported = (type) => !type.includes("REFUSED") && mayRecord(type);
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("interrupted")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture
def voice(tmp_path):
    return looped(worlds.ANGER, tmp_path)


@pytest.fixture
def device(playwright, voice, tmp_path):
    return device_hearing(playwright, voice[0], tmp_path)


def speaking(page: Page, *, seconds: float) -> None:
    """Begin a take, and speak on until so many pieces of a second are on the device."""
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    until(page, f"async () => (await ({PIECES})()) >= {seconds}")


@pytest.mark.parametrize(("form", "refused"), first_of(FORMS.items()))
def test_what_was_said_before_the_browser_was_killed_is_there_at_the_next_visit(
    site, device, voice, tmp_path, form, refused
):
    before = set(stored(site))
    with device() as page:
        volunteer(page, site.url, f"killed{list(FORMS).index(form)}")
    with device() as page:
        page.add_init_script(REFUSES.replace("REFUSED", refused or "none"))
        in_the_studio(page, site.url)
        people.check_microphone(page)
        speaking(page, seconds=SPOKEN_SECONDS)
        assert states(page) == ["recording"]
        kill(device.profile)

    with device() as page:
        in_the_studio(page, site.url)
        expect(page.get_by_role("status").get_by_text("You were interrupted while you spoke.")).to_be_visible()
        page.get_by_role("link", name="What you said until then was kept").click()
        line = page.locator("kept-take")
        expect(line).to_contain_text("What you said until then was kept")
        assert (states(page), page.evaluate(PIECES)) == (["draft"], 0)
        told = page.evaluate(SOUND)
        heard = decoded(told["sound"], tmp_path)
        line.get_by_role("button", name="Listen").click()
        page.wait_for_function("() => document.querySelector('kept-take audio').currentTime > 0.5")

        assert (told["mediaType"], told["endedBy"]) == (form, "interrupted")
        assert SPOKEN_SECONDS - LOST_SECONDS_MAX < len(heard) / 16_000 < SPOKEN_SECONDS + LOST_SECONDS_MAX
        assert likeness(heard, voice[1]) > 0.95
        line.get_by_role("button", name="Send now").click()
        site.wait_for(lambda: len(set(stored(site)) - before) == 1, "what was kept was sent")
        expect(line).to_have_count(0)
        expect(page.get_by_text("You were interrupted while you spoke.").first).to_be_hidden()


def decoded(sound: str, folder):
    """The samples (samples,) at 16 kHz of a sound in base64, by the decoder that the workers use."""
    path = folder / "kept"
    path.write_bytes(base64.b64decode(sound))
    return decode.decode(path, longest_seconds=30).waveform


@pytest.mark.soak
def test_a_take_that_was_cut_off_can_be_thrown_away(site, device):
    with device() as page:
        volunteer(page, site.url, "throws")
    with device() as page:
        in_the_studio(page, site.url)
        people.check_microphone(page)
        speaking(page, seconds=2)
        kill(device.profile)

    with device() as page:
        page.goto(f"{site.url}/contribute/clips/")
        page.locator("kept-take").get_by_role("button", name="Discard").click()
        expect(page.locator("kept-take")).to_have_count(0)
        assert (states(page), page.evaluate(PIECES)) == ([], 0)


@pytest.mark.soak
def test_a_take_that_another_tab_is_recording_is_left_to_it(site, device):
    with device() as page:
        volunteer(page, site.url, "tabs")
        people.check_microphone(page)
        speaking(page, seconds=1)
        other = page.context.new_page()
        in_the_studio(other, site.url)
        other.wait_for_timeout(1000)

        assert states(other) == ["recording"]
        expect(other.locator("kept-take")).to_have_count(0)
        page.bring_to_front()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Send")).to_be_visible()
        assert (states(page), page.evaluate(PIECES)) == (["draft"], 0)


def test_what_an_older_version_kept_is_still_there_and_new_takes_stand_beside_it(site, device):
    with device() as page:
        volunteer(page, site.url, "version2")
        own = page.evaluate("() => document.querySelector('take-sender').voices[0]")
        page.goto(f"{site.url}/healthz")
        page.evaluate(KEEP_AS_VERSION_2, own)
        in_the_studio(page, site.url)
        expect(page.locator("kept-take")).to_contain_text("Of version two.")
        made(page, is_sent=False)

        assert states(page) == ["draft", "draft"]


def test_what_somebody_else_began_on_this_device_is_not_brought_back_to_otto(site, device):
    with device() as page:
        volunteer(page, site.url, "otto")
        page.evaluate(BEGIN_FOR_SOMEBODY_ELSE)
        in_the_studio(page, site.url)
        page.wait_for_timeout(1000)

        expect(page.locator("kept-take")).to_have_count(0)
        expect(page.get_by_text("You were interrupted while you spoke.").first).to_be_hidden()


@pytest.mark.soak
def test_a_phones_take_tells_how_long_it_is_although_it_came_in_pieces(site, playwright, voice, tmp_path):
    phone = device_hearing(playwright, voice[0], tmp_path)
    pixel = {name: x for name, x in playwright.devices["Pixel 7"].items() if name != "default_browser_type"}
    with phone(**pixel) as page:
        volunteer(page, site.url, "phone")
        people.check_microphone(page)
        people.record(page, seconds=2)
        player = page.locator("made-take audio")

        assert 1.5 < player.evaluate("(player) => player.duration") < 6
        assert player.evaluate("(player) => [player.currentTime, player.paused]") == [0, True]
