"""Gina tries CLARA on her voice, then on a file that she drops on the page; nothing of it is kept."""

import base64
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import sites, worlds
from tests.journeys.microphone import browser_hearing, looped
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
DROP = """
([content, place]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], "sad.wav", { type: "audio/wav" }));
    for (const name of ["dragover", "drop"]) {
        const told = { dataTransfer: carried, bubbles: true, cancelable: true };
        document.querySelector(place).dispatchEvent(new DragEvent(name, told));
    }
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sites.site(tmp_path_factory.mktemp("trying"), {"OE_SEED_HEAD": "on"}) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        made.start("ear", [*sites.COMMANDS["ear"], "--eager"])
        made.wait_for((made.folder / "var" / "ear.sock").exists, "the ear listens")
        yield made


def test_gina_tries_clara_on_her_voice_and_on_a_file(site, tmp_path):
    sound, _once = looped(worlds.ANGER, tmp_path)
    with sync_playwright() as playwright, browser_hearing(playwright, sound) as browser:
        gina = browser.new_context(reduced_motion="reduce").new_page()
        complaints: list[str] = []
        gina.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        gina.on("pageerror", lambda error: complaints.append(str(error)))
        gina.goto(f"{site.url}/try/")
        expect(gina.locator(".about")).to_contain_text("CC BY-NC-SA 4.0")

        gina.get_by_role("button", name="Record").click()
        recorder = gina.locator("quick-take")
        expect(recorder).to_have_attribute("data-state", "recording")
        # Said once, the sentence takes three seconds.
        expect(recorder.get_by_role("timer")).to_have_text(re.compile("0:0[3-9]|0:1"))
        gina.get_by_role("button", name="Stop").click()
        expect(gina.locator("clip-try audio")).to_be_visible()
        gina.get_by_label("Description 1").fill("an angry voice")
        gina.get_by_label("Description 2").fill("cichy, smutny głos")
        gina.get_by_role("button", name="Listen to it").click()
        expect(gina.get_by_role("heading", name="What CLARA hears")).to_be_focused()
        expect(gina.locator(".likelihoods").first.get_by_role("listitem").first).to_contain_text("anger")
        expect(gina.locator(".likelihoods").last.get_by_role("listitem").first).to_contain_text("an angry voice")
        picture(gina, "trying", tmp_path)

        content = base64.b64encode((worlds.SOUNDS / "german-sadness.wav").read_bytes()).decode()
        gina.evaluate(DROP, [content, "clip-try"])
        gina.get_by_role("button", name="Listen to it").click()
        expect(gina.locator(".likelihoods").first.get_by_role("listitem").first).to_contain_text("sadness")

        assert complaints == []
    assert site.rows("SELECT count(*) FROM contributions_clip") == [(0,)]
    assert site.rows("SELECT count(*) FROM django_session") == [(0,)]
    assert [path for path in (site.folder / "var" / "storage").rglob("*") if path.is_file()] == []
