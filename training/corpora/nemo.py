"""nEMO (Christop 2024, github.com/amu-cai/nEMO): nine Polish actors, ninety sentences, six emotions.

`samples/EB0_anger_1.wav` (speaker, emotion, number) beside `data.tsv`, which has the sentences and genders; from the
hub it comes as the same names in `samples/`. Without the table, a `labels.tsv` with path, gender and text does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in, table, warn
from training.corpora.labelled import Fold, LabelledClip, Voiced
from training.corpora.splits import by_speaker, leave_one_speaker_out, sided

CORPUS = "nemo"
LICENCE = "CC-BY-NC-SA-4.0"
SOURCE = "github.com/amu-cai/nEMO"
CLIPS = 4_481
SPLIT = "nemo.split.tsv"

NAME = re.compile(r"(?P<speaker>[A-Z]{2}\d)_(?P<emotion>[a-z]+)_(?P<number>\d+)")
EMOTIONS = {
    "anger": "anger",
    "fear": "fear",
    "happiness": "happiness",
    "neutral": "neutral",
    "sadness": "sadness",
    "surprised": "surprise",
    "surprise": "surprise",
}


def read(root: Path) -> list[LabelledClip]:
    """The clips of the archive; without its table they have no sentence and no gender, which is warned of."""
    named = [(path, NAME.fullmatch(path.stem)) for path in sounds_in(root, "samples", "nemo", "", corpus=CORPUS)]
    told = _told(root)
    clips = [_clip(path, match, told) for path, match in named if match and match["emotion"] in EMOTIONS]
    strangers = [path for path, match in named if not (match and match["emotion"] in EMOTIONS)]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="EB0_anger_1.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """Our own: six speakers to train on, one to choose on, a woman and a man to test on."""
    return sided(clips, by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One speaker left out at a time."""
    return leave_one_speaker_out(clips)


def _told(root: Path) -> dict[str, tuple[str | None, str | None]]:
    """File name without its extension to gender and sentence."""
    if (root / "data.tsv").is_file():
        rows = table(root / "data.tsv", columns=("file_id", "gender", "normalized_text"), corpus=CORPUS)
        told = [(row["file_id"], row["gender"], row.get("raw_text") or row["normalized_text"]) for row in rows]
    elif (root / "labels.tsv").is_file():
        rows = table(root / "labels.tsv", columns=("path", "gender", "text"), corpus=CORPUS)
        told = [(row["path"], row["gender"], row["text"]) for row in rows]
    else:
        warn(f"{CORPUS}: there is no data.tsv in {root}: the clips have no sentences and no genders")
        return {}
    return {Path(name).stem: (gender or None, text or None) for name, gender, text in told}


def _clip(path: Path, match: re.Match[str], told: dict[str, tuple[str | None, str | None]]) -> LabelledClip:
    gender, text = told.get(path.stem, (None, None))
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{match['speaker']}",
        language="pl",
        emotion=EMOTIONS[match["emotion"]],
        gender=gender,
        transcript=text,
    )
