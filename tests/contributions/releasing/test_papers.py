"""What lies beside a DATASET release for who reads it: figures, Croissant, datasheets, and lines that load it."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from contributions.models import Figure, Purpose, Release
from contributions.releasing import croissant, datasets, datasheets, loading, releases, tally
from contributions.taxonomy import restrictions
from openempathic import storage
from tests import harvest
from tests.contributions import frozen
from tests.house.sources import ROOT

PUBLIC = (Purpose.STORE_AND_REVIEW, Purpose.RELEASE_DATASET)
GUIDE = ROOT / "docs/guides/researcher.md"
VALIDATED = """
import json, sys
import mlcroissant

dataset = mlcroissant.Dataset("croissant.json")
assert not dataset.metadata.ctx.issues.errors, dataset.metadata.ctx.issues.report()
print(json.dumps({
    "conforms_to": str(dataset.metadata.ctx.conforms_to),
    "files": [each.id for each in dataset.metadata.distribution],
    "sets": [each.id for each in dataset.metadata.record_sets],
    "warnings": list(dataset.metadata.ctx.issues.warnings),
}))
"""
AGREEMENT = {"alpha": 0.41, "low": 0.3, "high": 0.5, "clips": 40, "ratings": 120}


def line(place, *, language="pl", gender="female", split="train", emotion="anger"):
    """One line of a release, of a speaker of its own."""
    return {
        **{"key": f"k{place}", "speaker": f"s{place}", "split": split, "language": language, "emotion": emotion},
        **{"sample_count": 48000, "sample_rate_hz": 48000, "permission": "CONSENT", "gender": gender, "corpus": None},
        "labels": {"method": "counts-1"},
    }


def described(rows, **more):
    facts = {"agreement": {"pl": AGREEMENT}, "corpora": {}} | more
    return croissant.Described(
        digest="a" * 64,
        frozen_at=datetime(2026, 11, 23, tzinfo=UTC),
        address="https://the.site/datasets/aaaaaaaaaaaa/",
        publisher="Example Foundation",
        figures=tally.figures(rows, **facts),
        files=[{"name": "shards/000000.tar", "sha256": "b" * 64, "byte_count": 9}],
    )


def test_what_fewer_than_five_speakers_share_is_told_of_nobody():
    rows = [line(place) for place in range(5)] + [line(place, gender="male") for place in range(5, 9)]

    told = tally.figures(rows)["languages"]["pl"]
    sheet = datasheets.datasheet(described(rows), "pl")

    assert told["genders"] == {"female": 5}
    assert "female: 5 speakers" in sheet
    assert "not told: 4" in sheet
    # Not even that there is such a group.
    assert not re.search(r"\bmale:", sheet)


def test_the_datasheet_answers_what_a_reader_asks_and_is_the_same_each_time():
    rows = [line(0), line(1, split="test", emotion="fear")]

    sheet = datasheets.datasheet(described(rows), "pl")

    assert sheet == datasheets.datasheet(described(rows), "pl")
    for told in (
        "2 clips of 2 speakers",
        "alpha over all feelings is 0.41 (95 % interval 0.30 to 0.50",
        "below 0.667",
        "test: 1 clip of 1 speaker",
        "apply_tombstones",
        "`VOICE_CLONING`",
        "1 speaker on the test side",
        "fewer than 50 clips of: anger (1), disgust (0)",
    ):
        assert told in sheet, told


def test_the_prohibited_uses_stand_in_croissant_for_machines():
    told = croissant.croissant(described([line(0)]))

    forbidden = told["odrl:hasPolicy"]["odrl:prohibition"]
    assert [each["odrl:action"]["@id"].partition("#")[2] for each in forbidden] == restrictions.ids()
    assert told["usageInfo"].endswith("files/use_restrictions.json")
    assert told["distribution"][0]["sha256"] == "b" * 64


@pytest.mark.django_db
def test_a_frozen_release_has_its_papers_and_a_purge_writes_them_anew(tmp_path):
    harvest.corpus(clips_each=1)
    given = [clip for name in ("hana", "iwan", "joana") for clip in harvest.contributed(name, purposes=PUBLIC)]
    Figure.objects.create(name="agreement", language="en", content={"overall": AGREEMENT}, reckoned_at=timezone.now())

    release = releases.freeze(Release.Kind.DATASET, at=timezone.now(), by="tester", folder=tmp_path / "release")
    dataset = datasets.read(release)

    assert set(dataset.sheets) == {"en", "pl"}
    assert "interval 0.30 to 0.50" in dataset.sheets["en"]
    assert "spoken: 12 clips, CC-BY-4.0" in dataset.sheets["pl"]
    check_readers(release, tmp_path / "copy")

    frozen.take_back(given[0])
    frozen.purge(given[0])
    after = datasets.read(release)

    assert (after.gone_count, after.figures["clips"]) == (1, dataset.figures["clips"] - 1)
    assert "1 clip of all languages left" in after.sheets["en"]
    told = json.loads(storage.read(f"{release.prefix}/{croissant.FILE}"))
    now = {each["name"]: each["sha256"] for each in after.files}
    assert {each["@id"]: each["sha256"] for each in told["distribution"] if "sha256" in each}.items() <= now.items()


def check_readers(release, folder):
    """mlcroissant finds nothing wrong, and the lines of the page run in a copy: all in one process, slow to load."""
    frozen.copied(release, folder)
    source = "\nprint('NEXT')\n".join([VALIDATED, *(lines for _reader, lines in loading.READERS)])
    done = subprocess.run([sys.executable, "-c", source], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    validated, *read = (part.strip().splitlines() for part in done.stdout.split("NEXT"))
    check_croissant(json.loads(validated[-1]))
    webdataset, streamed, table = read
    clips = release.counts["clips"]
    assert len(webdataset) == clips
    assert len(streamed) == release.counts["splits"]["test"]
    assert table[0].startswith(f"{clips} [")


def check_croissant(told):
    """It is of the newest version, without a warning, and describes tables and shards."""
    assert told["warnings"] == []
    assert told["conforms_to"].endswith("V_1_1")
    assert {"clips", "ratings", "sounds", "labels"} == set(told["sets"])
    assert {"clips.parquet", "shards/000000.tar", "flac-in-shards"} <= set(told["files"])


def test_a_training_release_has_no_papers_for_the_public():
    from contributions.releasing import papers
    from contributions.releasing.beside import ReleaseFacts

    assert papers.write(ReleaseFacts(kind="TRAINING", digest="a" * 64, manifest={}), ROOT) == []


def test_the_guide_shows_the_same_lines_as_the_page():
    shown = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)

    assert {lines for _reader, lines in loading.READERS} <= set(shown)
