"""CREMA-D (Cao et al. 2014, github.com/CheyneyComputerScience/CREMA-D): 91 actors, twelve sentences, six emotions.

`AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, intended emotion, level (LO, MD, HI, or XX where none was asked for).
`VideoDemographics.csv` beside the folder tells the actors' sex. The label is what the actor was asked for: listeners
recognise it from the sound 40.9 % of the time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in, table, warn
from training.corpora.labelled import Fold, LabelledClip, Strength, Voiced
from training.corpora.splits import by_speaker, fold_of_split, sided

CORPUS = "cremad"
LICENCE = "ODbL-1.0 (database), DbCL-1.0 (contents)"
SOURCE = "github.com/CheyneyComputerScience/CREMA-D"
CLIPS = 7_442
SPLIT = "cremad.split.tsv"

# One file was published as ..._X.wav until October 2022.
NAME = re.compile(r"(?P<actor>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>LO|MD|HI|XX?)")
EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
STRENGTHS: dict[str, Strength] = {"LO": "weak", "MD": "middling", "HI": "strong"}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
# TensorFlow Datasets could not find these when it fixed its split; without them it has 5,144 / 738 / 1,556 clips.
NOT_IN_SPLIT = {f"{CORPUS}/{stem}" for stem in (
    "1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1017_IWW_FEA_XX", "1040_ITH_SAD_XX", "1040_ITH_SAD_X",
)}  # fmt: skip


def read(root: Path) -> list[LabelledClip]:
    """The clips of `AudioWAV`; without the table of actors they have no gender, which is warned of."""
    named = [(path, _known(path)) for path in sounds_in(root, "AudioWAV", "", corpus=CORPUS)]
    genders = _genders(root)
    clips = [_clip(path, match, genders) for path, match in named if match]
    strangers = [path for path, match in named if not match]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="1001_DFA_ANG_XX.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """That of TensorFlow Datasets 1.0.0, by actor: 63 to train on, 9 to choose on, 19 to test on; four clips aside."""
    return sided([clip for clip in clips if clip.key not in NOT_IN_SPLIT], by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One fold: the split's test actors, trained on its train and dev actors."""
    return fold_of_split(split(clips))


def _known(path: Path) -> re.Match[str] | None:
    match = NAME.fullmatch(path.stem)
    if not match or match["emotion"] not in EMOTIONS or match["sentence"] not in SENTENCES:
        return None
    return match if 1001 <= int(match["actor"]) <= 1091 else None


def _genders(root: Path) -> dict[str, str]:
    places = [folder / "VideoDemographics.csv" for folder in (root, root.parent)]
    found = next((path for path in places if path.is_file()), None)
    if not found:
        warn(f"{CORPUS}: there is no VideoDemographics.csv in {root}: the clips have no genders")
        return {}
    rows = table(found, columns=("ActorID", "Sex"), corpus=CORPUS, delimiter=",")
    return {row["ActorID"]: row["Sex"].lower() for row in rows if row["Sex"].lower() in ("female", "male")}


def _clip(path: Path, match: re.Match[str], genders: dict[str, str]) -> LabelledClip:
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{match['actor']}",
        language="en",
        emotion=EMOTIONS[match["emotion"]],
        gender=genders.get(match["actor"]),
        strength=STRENGTHS.get(match["level"]),
        transcript=SENTENCES[match["sentence"]],
    )
