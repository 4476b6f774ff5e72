"""The check before recording and the recorder itself, in a real browser with a real sound in its microphone."""

import base64
import json

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from contributions.audio import decode
from tests import sites, worlds
from tests.forms import first_of
from tests.journeys import people
from tests.journeys.keyboard import reach
from tests.journeys.microphone import likeness, looped, noise
from tests.journeys.studio import pull_the_plug, vera_in_the_studio

pytestmark = pytest.mark.journey
PROCESSED = ("autoGainControl", "noiseSuppression", "echoCancellation")
# A browser that processes the sound whatever it is asked, as some phones do.
FORCES = """
  const told = MediaStreamTrack.prototype.getSettings;
  MediaStreamTrack.prototype.getSettings = function () { return { ...told.call(this), autoGainControl: true }; };
"""
# One that really does: what is asked of it is turned round before it hears it.
TURNS_ROUND = """
  const asked = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const on = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  navigator.mediaDevices.getUserMedia = (wish) => asked({ ...wish, audio: { ...wish.audio, ...on } });
"""
# A wake lock needs a screen, and a page cannot leave it in a browser without a window: these two are told by us.
AWAKE = """
  window.awake = 0;
  navigator.wakeLock.request = async () => { awake += 1; return { release: async () => { awake -= 1; } }; };
"""
LEAVE = """() => {
  Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.hidden;
}"""
CALL = """() => {
  const [track] = heard.getAudioTracks();
  Object.defineProperty(track, "muted", { get: () => true });
  track.dispatchEvent(new Event("mute"));
}"""
REROUTE = """() => {
  const told = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => (await told()).map((device) => ({
    kind: device.kind, deviceId: device.deviceId, label: device.label, groupId: "the headset"
  }));
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      shifts.push(`${value} ${hadRecentInput} ${sources.map(({ node }) => node?.className || node?.nodeName)}`);
  }).observe({ type: "layout-shift" });
}"""
KEEP_TAKES = """
  document.addEventListener("take:made", async ({ detail }) => {
    const text = new FileReader();
    text.readAsDataURL(new Blob([detail.bytes]));
    text.onload = () => { window.made = { sound: text.result.split(",")[1], capture: detail.capture, id: detail.id }; };
  });
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("recorder")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture
def voice(tmp_path):
    return looped(worlds.ANGER, tmp_path)


def turned_on(page: Page) -> None:
    page.get_by_role("button", name="Turn on the microphone").click()
    expect(page.get_by_role("button", name="Record a test of 3 seconds")).to_be_visible()


def toggle(page: Page):
    return page.locator("take-recorder").get_by_role("button", name="Record", exact=True)


def begin(page: Page, *, seconds: float) -> None:
    """Begin a take, and go on for so long."""
    toggle(page).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_timeout(1000 * seconds)


def sound_of(page: Page, folder):
    """What the browser recorded, as samples (samples,) at 16 kHz."""
    page.wait_for_function("() => window.made")
    path = folder / "take"
    path.write_bytes(base64.b64decode(page.evaluate("made.sound")))
    return decode.decode(path, longest_seconds=30).waveform


# Before recording


@pytest.mark.parametrize(("level", "room"), first_of([(-52, "Some noise"), (-70, "Quiet."), (-30, "Too noisy")]))
def test_the_check_measures_the_room(site, playwright, tmp_path, level, room):
    with vera_in_the_studio(playwright, site.url, f"room{-level}", sound=noise(level, tmp_path)) as page:
        turned_on(page)
        page.get_by_role("button", name="Record a test of 3 seconds").click()
        told = page.locator('[data-finding="room"]')
        # A voice that whispers into a quiet room is not heard at all; the room is measured all the same.
        expect(told.locator(".figure")).not_to_be_empty(timeout=20_000)

        measured = float(told.locator(".figure").text_content().removesuffix(" dBFS").replace("−", "-"))
        assert abs(measured - level) < 1.5
        assert room in told.locator("[data-is]:not([hidden])").text_content()


def test_the_check_says_what_is_fine_and_is_not_asked_for_again(site, playwright, voice):
    sound, _once = voice
    with vera_in_the_studio(playwright, site.url, "again", sound=sound) as page:
        turned_on(page)
        page.get_by_label("Microphone", exact=True).select_option(label="Fake Audio Input 2")
        expect(page.get_by_role("button", name="Skip the test")).to_be_hidden()
        page.get_by_role("button", name="Record a test of 3 seconds").click()
        expect(page.get_by_role("button", name="It sounds right")).to_be_focused(timeout=20_000)
        expect(page.get_by_text("Reaches us as it is.")).to_be_visible()
        expect(page.get_by_text("You can begin. Something could be better:")).to_be_visible()
        page.get_by_role("button", name="It sounds right").click()
        expect(toggle(page)).to_be_focused()

        page.reload()
        expect(toggle(page)).to_be_visible()
        expect(page.locator("microphone-check")).to_be_hidden()
        expect(page.locator("take-recorder")).to_contain_text("Fake Audio Input 2")

        page.get_by_role("button", name="Check the microphone").click()
        expect(page.get_by_label("Microphone", exact=True).locator("option:checked")).to_have_text("Fake Audio Input 2")
        page.get_by_role("button", name="Skip the test").click()
        expect(toggle(page)).to_be_focused()


@pytest.mark.soak
def test_sound_that_the_browser_changes_all_the_same_is_told_and_the_clip_says_so(site, playwright, voice):
    sound, _once = voice
    with vera_in_the_studio(playwright, site.url, "forced", sound=sound, script=FORCES + KEEP_TAKES) as page:
        people.check_microphone(page)
        assert "we ask it not to" in page.locator('[data-finding="processing"] [data-is]:not([hidden])').text_content()
        people.record(page, seconds=2)

        page.wait_for_function("() => window.made")
        capture = page.evaluate("made.capture")
        assert (capture["processing"], capture["autoGainControl"], capture["endedBy"]) == ("on", True, "speaker")


@pytest.mark.soak
def test_a_voice_that_the_browser_really_flattens_is_no_longer_like_itself_and_the_sites_clip_says_why(
    site, playwright, voice, tmp_path
):
    sound, once = voice
    with vera_in_the_studio(playwright, site.url, "flattened", sound=sound, script=TURNS_ROUND + KEEP_TAKES) as page:
        people.check_microphone(page)
        people.record(page, seconds=len(once) / 16_000 + 3)
        assert likeness(sound_of(page, tmp_path), once) < 0.95
        with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
            page.get_by_role("button", name="Send").click()
        clip = sent.value.json()["id"].replace("-", "")

    [(kept,)] = site.rows(f"SELECT capture FROM contributions_clip WHERE id = '{clip}'")
    capture = json.loads(kept)
    assert capture["processing"] == "on"
    assert [capture[each] for each in PROCESSED] == [True] * 3


# Recording


@pytest.mark.parametrize("width", first_of([390, 1280]))
def test_while_vera_records_nothing_moves_and_her_voice_stays_as_it_is(site, playwright, voice, tmp_path, width):
    sound, once = voice
    context = {"viewport": {"width": width, "height": 844}}
    script = KEEP_TAKES + AWAKE
    name = f"still{width}"
    with vera_in_the_studio(playwright, site.url, name, sound=sound, script=script, context=context) as page:
        people.check_microphone(page)
        page.wait_for_timeout(1000)
        page.evaluate(WATCH_SHIFTS)
        begin(page, seconds=len(once) / 16_000 + 3)
        assert page.evaluate("awake") == 1
        assert page.locator("level-meter [role=status]").last.get_attribute("aria-live") == "off"
        assert int(page.locator("take-recorder > .stage sound-wave").first.get_attribute("data-bars")) > 10
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Send")).to_be_focused()
        page.wait_for_timeout(500)

        assert page.evaluate("shifts") == []
        assert page.evaluate("awake") == 0
        assert int(page.locator("made-take sound-wave").get_attribute("data-bars")) > 10
        assert likeness(sound_of(page, tmp_path), once) > 0.95
        told = page.evaluate("made.capture")
        assert told["processing"] == "off"
        assert [told[each] for each in PROCESSED] == [False] * 3


@pytest.mark.parametrize(
    ("why", "happens", "told"),
    first_of(
        [
            ("lost", None, "The microphone was lost while you spoke."),
            ("hidden", LEAVE, "You left this page while you spoke."),
            ("muted", CALL, "Your device took the microphone away, perhaps for a call."),
            ("switched", REROUTE, "The sound moved to another device while you spoke"),
        ],
        2,
    ),
)
def test_what_was_said_until_an_interruption_is_kept(site, playwright, voice, tmp_path, why, happens, told):
    sound, once = voice
    with vera_in_the_studio(playwright, site.url, f"kept{why}", sound=sound, script=KEEP_TAKES) as page:
        people.check_microphone(page)
        page.wait_for_timeout(1000)
        page.evaluate(WATCH_SHIFTS)
        begin(page, seconds=len(once) / 16_000 + 1)
        pull_the_plug() if happens is None else page.evaluate(happens)

        expect(page.locator("made-take")).to_contain_text(told)
        expect(page.locator("made-take")).to_contain_text("What you said until then is kept.")
        assert len(heard := sound_of(page, tmp_path)) > len(once)
        assert likeness(heard, once) > 0.95
        assert page.evaluate("made.capture")["endedBy"] == why
        if why in ("hidden", "switched"):
            assert page.evaluate("shifts") == []
        with page.expect_response(lambda answer: answer.request.method == "PUT") as sent:
            page.get_by_role("button", name="Send").click()
        assert sent.value.status == 201
        if why in ("lost", "muted"):
            # No next sentence without a microphone.
            expect(page.locator("microphone-check")).to_be_hidden()
            page.get_by_role("button", name="Next sentence").click()
            expect(page.locator("microphone-check")).to_be_visible()


@pytest.mark.soak
def test_the_end_is_counted_down_in_words_and_comes_by_itself(site, playwright, voice):
    sound, _once = voice
    with vera_in_the_studio(playwright, site.url, "longest", sound=sound) as page:
        people.check_microphone(page)
        page.evaluate("document.querySelector('take-recorder').dataset.longestSeconds = 8")
        begin(page, seconds=0)
        expect(page.get_by_text("Seconds left:")).to_be_hidden()
        expect(page.get_by_text("Seconds left: 3")).to_be_visible(timeout=10_000)
        part = page.locator("time-left .level > div").evaluate("(bar) => Number(bar.style.getPropertyValue('--part'))")
        assert 0 < part < 0.7
        expect(page.locator("made-take")).to_contain_text("This is as long as a take may be.", timeout=10_000)
        expect(page.get_by_text("Seconds left:")).to_be_hidden()


def test_a_take_is_made_by_keyboard_alone_and_every_part_has_a_name(site, playwright, voice):
    sound, _once = voice
    with vera_in_the_studio(playwright, site.url, "keys", sound=sound) as page:
        for name in ("Turn on the microphone", "Record a test of 3 seconds"):
            reach(page, name)
            page.keyboard.press("Enter")
            page.wait_for_timeout(300)
        # The focus goes ahead by itself from here on.
        expect(page.get_by_role("button", name="It sounds right")).to_be_focused(timeout=20_000)
        page.keyboard.press("Enter")
        expect(toggle(page)).to_be_focused()
        tree = page.locator("take-recorder").aria_snapshot()
        assert [line.strip() for line in tree.splitlines() if "button" in line] == [
            '- button "Record"',
            '- button "Skip this sentence"',
            '- button "Check the microphone"',
        ]
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Stop")).to_be_focused()
        page.wait_for_timeout(1500)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Send")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Record again")).to_be_focused()
        page.keyboard.press("Enter")
        expect(toggle(page)).to_be_focused()


@pytest.mark.soak
def test_whoever_wants_no_motion_sees_the_wave_when_it_is_finished(site, playwright, voice):
    sound, _once = voice
    context = {"reduced_motion": "reduce"}
    with vera_in_the_studio(playwright, site.url, "calm", sound=sound, context=context) as page:
        people.check_microphone(page)
        begin(page, seconds=2)
        assert page.locator("take-recorder > .stage sound-wave").first.get_attribute("data-bars") == "0"
        page.get_by_role("button", name="Stop").click()

        expect(page.locator("made-take sound-wave")).not_to_have_attribute("data-bars", "0")
