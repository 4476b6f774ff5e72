"""What nobody may do with what comes from here: on the page, in every release, in every model's card."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from contributions import taxonomy
from contributions.models import Release
from contributions.releasing import releases
from contributions.taxonomy import restrictions
from openempathic import storage
from tests import harvest
from tests.training.worlds import write_release
from training import packing, retraining

LANGUAGES = tuple(dict(settings.LANGUAGES))
LAW = "Art. 5(1)(f)"


@pytest.fixture
def release(db, tmp_path):
    harvest.corpus()
    return releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "release")


def test_what_is_prohibited_has_a_name_for_machines_and_words_in_every_language():
    uses = taxonomy.prohibited_uses()

    assert {"VOICE_CLONING", "SPEAKER_IDENTIFICATION", "EMOTION_INFERENCE_AT_WORK_OR_IN_EDUCATION"} <= {
        use.id for use in uses
    }
    assert len({use.id for use in uses}) == len(uses)
    for use in uses:
        assert re.fullmatch(r"[A-Z_]+", use.id)
        assert set(use.words) == set(LANGUAGES)
        assert len(set(use.words.values())) == len(LANGUAGES)
    assert [use.law for use in uses if use.id.startswith("EMOTION")] == [f"Regulation (EU) 2024/1689 (AI Act), {LAW}"]


def test_the_list_needs_no_django():
    program = "import sys; from contributions.taxonomy import restrictions as r; r.as_terms(); r.as_json()"
    program += "; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["terms", "privacy"])
def test_the_pages_tell_all_of_it_in_the_readers_language(client, db, page, language):
    shown = client.get(reverse(page), headers={"Accept-Language": language}).content.decode()

    for use in taxonomy.prohibited_uses():
        assert f"<li>{use.words[language]}" in shown.replace("&#x27;", "'")
    assert LAW in shown
    assert "{" not in re.search(r"<article.*</article>", shown, re.DOTALL)[0]


def test_every_release_says_it_for_machines_and_for_people(release, tmp_path):
    manifest = json.loads(storage.read(f"{release.prefix}/manifest.json", sha256=release.digest))
    told = json.loads(storage.read(f"{release.prefix}/use_restrictions.json"))
    terms = storage.read(f"{release.prefix}/TERMS.md").decode()

    assert manifest["use_restrictions"] == restrictions.ids() == [use["id"] for use in told["use_restrictions"]]
    for use in taxonomy.prohibited_uses():
        assert all(f"`{use.id}`: {words}" in terms for words in use.words.values())
    assert terms == (tmp_path / "release" / "TERMS.md").read_text()


def test_a_release_that_lost_its_terms_gets_them_back(release, tmp_path):
    storage.erase(f"{release.prefix}/TERMS.md")

    again = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "again")

    assert again == release
    assert storage.read(f"{release.prefix}/TERMS.md") == restrictions.as_terms()


def test_a_release_from_before_is_read_all_the_same_and_its_run_gets_todays_words(release, tmp_path):
    manifest = write_release(tmp_path / "old")
    (tmp_path / "old" / "use_restrictions.json").unlink()
    storage.erase(f"{release.prefix}/use_restrictions.json")

    assert "use_restrictions" not in manifest
    assert len(packing.pack(tmp_path / "old", tmp_path / "packed").clips) == len(manifest["clips"])
    assert retraining.restrictions_of(release) == restrictions.as_json()
