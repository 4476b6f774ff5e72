"""A licensed corpus comes through the same door, with its licence in place of consent."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from contributions import corpora
from contributions.models import Annotation, Clip, Contributor, LicenceGrant, Purpose, Rating
from contributions.screening import examination
from openempathic.audit.models import AuditEvent
from tests import worlds

TABLE = """path\tspeaker\temotion\tlanguage\tgender
a/anger.wav\t03\tanger\tde\tmale
a/neutral.wav\t04\tneutral\tde\tfemale
"""


@pytest.fixture
def corpus(tmp_path, db):
    folder = tmp_path / "corpus"
    (folder / "a").mkdir(parents=True)
    shutil.copy(worlds.ANGER, folder / "a" / "anger.wav")
    shutil.copy(worlds.SOUNDS / "german-neutral.wav", folder / "a" / "neutral.wav")
    (folder / "labels.tsv").write_text(TABLE)
    (folder / "split.tsv").write_text("speaker\tsplit\n03\ttest\n04\ttrain\n")
    return folder


def run(folder, **options):
    said = {"licence": "CC-BY-4.0", "source": "doi:10/x", "labels": folder / "labels.tsv", "folder": folder}
    call_command("import_corpus", "emodb", **(said | options))


def screened():
    for clip in Clip.objects.filter(status="STORED"):
        examination.examine_due(clip.pk)


def test_clips_are_screened_annotated_and_accepted(corpus):
    run(corpus, split=corpus / "split.tsv")
    screened()
    run(corpus, split=corpus / "split.tsv")

    assert list(Clip.objects.values_list("status", flat=True)) == ["ACCEPTED", "ACCEPTED"]
    assert set(Annotation.objects.values_list("emotion", "source")) == {("anger", "CORPUS"), ("neutral", "CORPUS")}
    assert not Rating.objects.exists()
    assert AuditEvent.objects.filter(act="clip.accepted", agent="import_corpus").count() == 2


def test_a_clip_that_passes_at_the_last_moment_is_accepted_too(corpus, monkeypatch):
    accept = corpora.accept_annotated

    def accept_and_then_screen(permission):
        accepted = accept(permission)
        screened()
        return accepted

    monkeypatch.setattr(corpora, "accept_annotated", accept_and_then_screen)
    run(corpus, wait=5)

    assert list(Clip.objects.values_list("status", flat=True)) == ["ACCEPTED", "ACCEPTED"]


def test_importing_twice_adds_nothing(corpus):
    run(corpus)
    run(corpus)

    assert (Clip.objects.count(), Contributor.objects.count(), LicenceGrant.objects.count()) == (2, 2, 1)


def test_the_split_file_wins(corpus):
    run(corpus, split=corpus / "split.tsv")

    assert dict(Contributor.objects.values_list("corpus_speaker", "split")) == {"03": "test", "04": "train"}


def test_the_licence_counts_like_consent_until_it_ends(corpus):
    run(corpus)

    assert Clip.objects.covered_by(Purpose.TRAIN_MODELS).count() == 2
    assert Clip.objects.covered_by(Purpose.RELEASE_DATASET).count() == 0
    LicenceGrant.objects.update(ended_at="2026-01-01T00:00:00Z")
    assert Clip.objects.covered_by(Purpose.TRAIN_MODELS).count() == 0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("path\tspeaker\nx\ty\n", "lacks the columns"),
        (TABLE.replace("a/anger.wav", "a/missing.wav"), "line 2: there is no file"),
        (TABLE.replace("a/anger.wav", "../../../etc/passwd"), "line 2: there is no file"),
        (TABLE.replace("\tanger\t", "\twrath\t"), "line 2: we do not know the emotion"),
        (TABLE.replace("\tde\tfemale", "\t??\tfemale"), "line 3: we do not know the language"),
    ],
)
def test_a_wrong_table_takes_nothing_in(corpus, table, why):
    (corpus / "labels.tsv").write_text(table)

    with pytest.raises(CommandError, match=why):
        run(corpus)
    assert not Clip.objects.exists()


def test_a_corpus_does_not_change_its_licence_silently(corpus):
    run(corpus)

    with pytest.raises(CommandError, match="came in before under CC-BY-4.0"):
        run(corpus, licence="CC0-1.0")


def test_a_wrong_side_is_refused(corpus):
    (corpus / "split.tsv").write_text("speaker\tsplit\n03\tvalidation\n")

    with pytest.raises(CommandError, match="train, dev or test"):
        run(corpus, split=corpus / "split.tsv")
