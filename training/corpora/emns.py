"""EMNS (Noriy et al. 2023, openslr.org/136): one British woman tells stories in eight ways of feeling.

`metadata.csv` (fields parted by "|") names each recording as `wavs/recorded_audio_XXXXXXX.webm`; the archives hold them
in `cleaned_webm` or `raw_webm`. Of its 1,205 rows, 24 are marked as needing an update and have no recording. Its
descriptions in free words are kept as texts; how it counts its levels is not known here, so they are left out. One
speaker cannot be parted from herself: everything is on the training side and there are no folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from training.corpora.files import checked, sounds_in, table, warn
from training.corpora.labelled import Fold, LabelledClip, NoCorpus, Voiced

CORPUS = "emns"
LICENCE = "Apache-2.0"
SOURCE = "openslr.org/136, arXiv:2305.13137"
CLIPS = 1_181
UNFINISHED = "Needs Updating"
FOLDERS = ("cleaned_webm", "wavs", "raw_webm", "")

EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "excited": "excitement",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "sarcastic": "sarcastic",
    "surprised": "surprise",
    "surprise": "surprise",
}


def read(root: Path) -> list[LabelledClip]:
    """The recordings that the table names; rows without a file and files without a row are warned of."""
    columns = ("audio_recording", "emotion", "utterance")
    rows = table(root / "metadata.csv", columns=columns, corpus=CORPUS, delimiter="|")
    rows = [row for row in rows if row.get("status", "") != UNFINISHED]
    if strange := sorted({row["emotion"] for row in rows if row["emotion"].lower() not in EMOTIONS}):
        raise NoCorpus(f"{CORPUS}: metadata.csv has emotions that we do not know: {', '.join(strange)}")
    files = {path.stem: path for path in sounds_in(root, *FOLDERS, corpus=CORPUS)}
    named = {PurePosixPath(row["audio_recording"]).stem: row for row in rows}
    if missing := sorted(named.keys() - files.keys()):
        warn(f"{CORPUS}: {len(missing)} of {len(named)} recordings of metadata.csv are not here, as {missing[0]}")
    clips = [_clip(files[stem], row) for stem, row in named.items() if stem in files]
    strangers = [path for stem, path in files.items() if stem not in named]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="a recording of metadata.csv")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """All to train on."""
    return {clip.key: "train" for clip in clips}


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """None: there is one speaker."""
    return []


def _clip(path: Path, row: dict[str, str]) -> LabelledClip:
    description = (row.get("description") or "").strip()
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{row.get('user_id') or 'speaker'}",
        language="en",
        emotion=EMOTIONS[row["emotion"].lower()],
        gender=(row.get("gender") or "").lower() or None,
        transcript=row["utterance"].strip() or None,
        texts=(description,) if description else (),
    )
