"""A site with voices to listen to, made in the site's own process: real sounds, without a worker's minutes."""

import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect

from tests import worlds
from tests.journeys import people

SOUNDS = tuple(sorted(worlds.SOUNDS.glob("*.wav")))
# As many Lenas as a file of journeys has: each with turns of her own.
LENAS = 12


def build(count: int, suggestions: int) -> None:
    """The Lenas, who may listen to English and Polish, and clips of Vera's; a champion has heard the first of them."""
    from contributions.models import Prompt
    from tests import listeners

    for number in range(LENAS):
        listeners.listener(f"lena{number}", "en", "pl")
    vera = worlds.volunteer("vera")
    prompts = list(Prompt.objects.filter(language="en", kind="ACTED").order_by("sentence", "pk"))
    for number in range(count):
        clip = listeners.waiting(vera, prompt=prompts[number % len(prompts)])
        give_sound(clip, SOUNDS[number % len(SOUNDS)])
        if number < suggestions:
            listeners.suggested(clip)


def give_sound(clip: Any, path: Path) -> None:
    """Let the clip be heard and seen."""
    from contributions.audio import quality, spectrogram
    from contributions.models import Clip
    from openempathic import storage
    from tests.training.worlds import flac

    waveform = samples(path)
    storage.put(clip.archive, flac(waveform))
    storage.put(clip.peaks, json.dumps(quality.peaks(waveform)).encode())
    storage.put(clip.spectrogram, spectrogram.picture(waveform))
    Clip.objects.filter(pk=clip.pk).update(duration_seconds=len(waveform) / 16_000)


def samples(path: Path) -> np.ndarray:
    """The sound as samples (samples,) between -1 and 1 at 16 kHz."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32_768


def built(site: Any, *, count: int, suggestions: int = 0) -> None:
    """Build it in the site."""
    site.manage("shell", "-c", f"from tests.journeys import listening_site as made; made.build({count}, {suggestions})")


def sign_in(page: Page, site: Any, *, number: int) -> None:
    """Sign in and be on the listening page."""
    page.goto(f"{site.url}/accounts/login/?next=/listen/")
    page.get_by_label("mail").fill(f"lena{number}@example.org")
    page.get_by_label("Password").fill(people.PASSWORD)
    with page.expect_navigation():
        page.locator("main form button").first.click()


def play(page: Page) -> None:
    """Hear the clip to its end by its key, and see the questions open."""
    page.keyboard.press("p")
    expect(page.locator("rating-form")).to_be_visible(timeout=people.PATIENT)


def clip_of(page: Page) -> str:
    """The id of the clip that is heard now."""
    found = re.search(r"/clips/([0-9a-f-]{36})/", page.locator("clip-player").get_attribute("data-peaks") or "")
    assert found
    return found[1]
