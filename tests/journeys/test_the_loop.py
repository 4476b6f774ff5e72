"""The whole loop in a real browser: from a voice at the microphone to a suggestion by the model it taught."""

import shutil
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from contributions.audio import decode
from tests import servers, sites, worlds
from tests.journeys import people
from tests.journeys.microphone import browser_hearing, likeness, looped
from tests.journeys.pictures import picture

pytestmark = pytest.mark.journey
# The little corpus that comes first: without other voices there is nobody to measure on.
SPEAKERS = {"german": "test", "polish-neutral": "train", "polish-fear": "train", "polish-anger": "train"}


@pytest.fixture(params=["embedded", "servers"])
def site(request, tmp_path):
    environment = {
        "OE_RETRAIN_PLAN": '{"steps": 12, "warmup_steps": 2, "steps_per_state": 4}',
        "OE_RETRAIN_PRESET": "nano",
        # A model that learnt for twelve steps from nine clips passes no gate that is closed.
        "OE_GATE": "open",
        # Nine clips of the corpus and one of Vera's: her first accepted clip makes the schedule open a run.
        "OE_RETRAIN_MIN_NEW_CLIPS": "10",
        # Every step shows what the model heard.
        "OE_HIDDEN_ARM": "0",
    }
    if request.param == "servers":
        for name in ("redis_server", "s3_server"):
            environment |= request.getfixturevalue(name).environment
        environment["DATABASE_URL"] = servers.new_database(request.getfixturevalue("postgres_server"))
        environment["STORAGE_URL"] = environment["STORAGE_URL"].replace("?", f"/{uuid.uuid4().hex}?")
    with sites.site(tmp_path, environment) as made:
        made.start("site", sites.SUPERVISOR, made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


def little_corpus(folder: Path) -> Path:
    """The spoken clips of the tests as a corpus with a split file."""
    folder.mkdir()
    lines, sides = ["path\tspeaker\temotion\tlanguage"], ["speaker\tsplit"]
    for sound in sorted(worlds.SOUNDS.glob("*.wav")):
        shutil.copy(sound, folder / sound.name)
        tongue, emotion = sound.stem.split("-")
        speaker = tongue if tongue == "german" else sound.stem
        lines.append(f"{sound.name}\t{speaker}\t{emotion}\t{'de' if tongue == 'german' else 'pl'}")
    sides += [f"{speaker}\t{side}" for speaker, side in SPEAKERS.items()]
    (folder / "labels.tsv").write_text("\n".join(lines) + "\n")
    (folder / "split.tsv").write_text("\n".join(sides) + "\n")
    return folder


def import_corpus(site, folder: Path) -> None:
    """Bring the corpus in; the site's own workers screen it."""
    words = ["little", "--folder", str(folder), "--labels", str(folder / "labels.tsv")]
    words += ["--split", str(folder / "split.tsv"), "--licence", "CC-BY-4.0", "--source", "here", "--wait", "120"]
    assert "9 clips accepted" in site.manage("import_corpus", *words)


def heard_by_the_site(page: Page, site, clip_id: str, folder: Path):
    """The stored clip's sound at 16 kHz, as somebody entitled to it gets it."""
    answer = page.request.get(f"{site.url}/clips/{clip_id}/audio/")
    assert answer.status == 200
    path = folder / f"{clip_id}.flac"
    path.write_bytes(answer.body())
    return decode.decode(path, longest_seconds=20).waveform


def test_a_voice_goes_round_the_loop(site, playwright, tmp_path):
    import_corpus(site, little_corpus(tmp_path / "corpus"))
    sound, once = looped(worlds.SOUNDS / "german-happiness.wav", tmp_path)
    complaints: list[str] = []

    def visitor(browser, **options):
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        return page

    with browser_hearing(playwright, sound) as browser:
        cleo, milo, vera = visitor(browser), visitor(browser), visitor(browser)
        people.sign_in_by_link(cleo, site.manage("first_curator").split()[-1])
        people.accept_invitation(milo, people.invite(cleo, site.url, "milo@example.org"), "milo@example.org")

        people.sign_up(vera, site.url, "vera@example.org")
        people.choose_language(vera, site.url, "English")
        people.consent(vera)
        people.check_microphone(vera)
        picture(vera, "studio", tmp_path)
        people.record(vera, seconds=len(once) / 16_000 + 1)
        first = people.send(vera)

        assert likeness(heard_by_the_site(cleo, site, first, tmp_path), once) > 0.95
        capture = site.rows(f"SELECT capture FROM contributions_clip WHERE id IN {either(first)}")
        assert "autoGainControl" in str(capture)

        milo.goto(f"{site.url}/listen/")
        picture(milo, "listen", tmp_path)
        people.hear(milo)
        people.rate(milo, "happ")
        # No champion yet: no suggestion, and review goes on.
        expect(milo.get_by_text("What CLARA heard")).to_have_count(0)
        expect(milo.get_by_role("button", name="Save my answer")).to_have_count(0)
        signed_in = vera.context.storage_state()

        site.wait_for(lambda: site.rows("SELECT id FROM training_trainingrun"), "the schedule opened a run")
        cleo.goto(f"{site.url}/curation/runs/")
        cleo.get_by_role("link").filter(has=cleo.locator("time")).first.click()
        site.wait_for(lambda: site.rows(ENDED), "the run came to its end")
        assert site.rows("SELECT status, status_reason FROM training_trainingrun") == [("PUBLISHED", "")]
        # The page watches for itself.
        expect(cleo.get_by_text("Published").first).to_be_visible(timeout=people.PATIENT)
        cleo.wait_for_load_state("networkidle")
        picture(cleo, "run", tmp_path)

    (version,) = site.rows("SELECT digest FROM registry_checkpoint WHERE status = 'CHAMPION'")[0]
    sound, once = looped(worlds.SOUNDS / "german-sadness.wav", tmp_path)
    with browser_hearing(playwright, sound) as browser:
        # This time on her phone, which sends compressed sound.
        vera = visitor(browser, storage_state=signed_in, **playwright.devices["Pixel 7"])
        milo = visitor(browser)
        vera.goto(f"{site.url}/contribute/studio/")
        people.check_microphone(vera)
        people.record(vera, seconds=len(once) / 16_000 + 1)
        second = people.send(vera)
        assert likeness(heard_by_the_site(vera, site, second, tmp_path), once) > 0.95
        assert "opus" in str(site.rows(f"SELECT media_type FROM contributions_clip WHERE id IN {either(second)}"))
        site.wait_for(lambda: site.rows(SUGGESTED), "the champion listened to the new clip")

        milo.goto(f"{site.url}/accounts/login/")
        milo.get_by_label("mail").fill("milo@example.org")
        milo.get_by_label("Password").fill(people.PASSWORD)
        milo.locator("main form button").first.click()
        milo.wait_for_url(lambda url: "login" not in url)
        milo.goto(f"{site.url}/listen/")
        assert "CLARA" not in milo.locator("main").inner_text()
        assert version[:12] not in milo.content()
        people.hear(milo)
        people.rate(milo, "sad")
        expect(milo.get_by_text("Here is what CLARA heard")).to_be_visible()
        assert version[:12] in milo.content()
        picture(milo, "suggestion", tmp_path)
        milo.keyboard.press("k")
        milo.wait_for_url("**/listen/")

        vera.goto(f"{site.url}/contribute/clips/")
        picture(vera, "clips", tmp_path)
        vera.get_by_role("article").last.get_by_role("button", name="Withdraw").click()
        expect(vera.get_by_text("The clip is withdrawn.")).to_be_visible()
        site.wait_for(lambda: site.rows(PURGED), "the withdrawn clip's sound was erased")

    ids = either(second)
    assert site.rows(f"SELECT status FROM contributions_clip WHERE id IN {ids}") == [("ACCEPTED",)]
    phases = site.rows(f"SELECT phase, emotion FROM contributions_rating WHERE clip_id IN {ids} ORDER BY phase")
    assert phases == [("BLIND", "sadness"), ("INFORMED", "sadness")]
    assert complaints == []


def either(clip_id: str) -> str:
    """The id as PostgreSQL and as SQLite keep it."""
    return f"('{clip_id}', '{clip_id.replace('-', '')}')"


ENDED = "SELECT id FROM training_trainingrun WHERE status IN ('PUBLISHED', 'REJECTED', 'FAILED', 'CANCELLED')"
PURGED = "SELECT id FROM contributions_clip WHERE status = 'PURGED'"
SUGGESTED = "SELECT id FROM contributions_suggestion WHERE scores IS NOT NULL"
