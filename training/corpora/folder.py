"""Any folder of sound files with a table of labels, `labels.tsv`: what `import_corpus` reads too.

Columns: path, speaker, emotion and language (a BCP 47 tag); if there are, corpus, gender, intensity or strength (weak,
middling or normal, strong, or a number from 1 to 3), text or transcript, style. An empty emotion means that nobody
labelled the clip. Without a column corpus, the corpus is called as the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import EXTENSIONS, checked, sounds, table
from training.corpora.labelled import Fold, LabelledClip, NoCorpus, Strength, Voiced
from training.corpora.splits import folded, leave_one_speaker_out

CORPUS = "folder"
LICENCE = "the folder's own"
SOURCE = "a folder with labels.tsv"

COLUMNS = ("path", "speaker", "emotion", "language")
STRENGTHS: dict[str, Strength] = {
    "weak": "weak",
    "1": "weak",
    "middling": "middling",
    "normal": "middling",
    "2": "middling",
    "strong": "strong",
    "3": "strong",
}
# More speakers than this are parted into this many folds.
MOST_FOLDS = 10


def read(root: Path) -> list[LabelledClip]:
    """The table's clips; raises NoCorpus with the number of the first line that cannot be used."""
    rows = table(root / "labels.tsv", columns=COLUMNS, corpus=root.name)
    clips = [_clip(row, number, root) for number, row in enumerate(rows, start=2)]
    told = {clip.path for clip in clips}
    strangers = [path for path in sounds(root) if path.resolve() not in told]
    return checked(clips, corpus=root.name, expected=0, strangers=strangers, pattern="a line of labels.tsv")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """By the sha256 of the speaker's name: eight of ten to train on, one to choose on, one to test on."""
    sides = ("train",) * 8 + ("dev", "test")
    return {clip.key: sides[_number(clip.speaker) % 10] for clip in clips}


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One speaker left out at a time; with more than ten, ten folds of speakers in the order of their names' sha256."""
    speakers = sorted({clip.speaker for clip in clips}, key=_number)
    if len(speakers) <= MOST_FOLDS:
        return leave_one_speaker_out(clips)
    fold = {speaker: f"{place % MOST_FOLDS}" for place, speaker in enumerate(speakers)}
    return folded(clips, fold.__getitem__)


def _number(speaker: str) -> int:
    return int(hashlib.sha256(speaker.encode()).hexdigest(), 16)


def _clip(row: dict[str, str], number: int, root: Path) -> LabelledClip:
    path = (root / row["path"]).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        raise NoCorpus(f"{root.name}: line {number}: there is no file {row['path']}")
    if path.suffix.lower() not in EXTENSIONS:
        raise NoCorpus(f"{root.name}: line {number}: {row['path']} is not one of {', '.join(EXTENSIONS)}")
    if not row["speaker"] or not row["language"]:
        raise NoCorpus(f"{root.name}: line {number}: a speaker and a language must be told")
    said = (row.get("strength") or row.get("intensity") or "").lower()
    if said and said not in STRENGTHS:
        raise NoCorpus(f"{root.name}: line {number}: a strength is weak, middling or strong, not {said!r}")
    corpus = row.get("corpus") or root.name
    return LabelledClip(
        path=path,
        key=f"{corpus}/{Path(row['path']).with_suffix('').as_posix()}",
        corpus=corpus,
        speaker=row["speaker"] if row["speaker"].startswith(f"{corpus}-") else f"{corpus}-{row['speaker']}",
        language=row["language"],
        emotion=row["emotion"] or None,
        gender=row.get("gender") or None,
        strength=STRENGTHS.get(said),
        transcript=row.get("transcript") or row.get("text") or None,
        style=row.get("style") or None,
    )
