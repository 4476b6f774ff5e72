"""RAVDESS, speech only (Livingstone & Russo 2018, doi:10.5281/zenodo.1188976): 24 actors, 2 sentences, 8 emotions.

`Actor_01/03-01-06-01-02-01-12.wav`: modality, channel, emotion, intensity, statement, repetition, actor. Sung clips and
films carry other numbers and are passed over with a warning; odd actors are men, even ones women.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in
from training.corpora.labelled import Fold, LabelledClip, Strength, Voiced
from training.corpora.splits import by_speaker, folded, sided

CORPUS = "ravdess"
LICENCE = "CC-BY-NC-SA-4.0"
SOURCE = "doi:10.5281/zenodo.1188976"
CLIPS = 1_440
SPLIT = "ravdess.split.tsv"

NAME = re.compile(r"03-01-(?P<emotion>0[1-8])-(?P<strength>0[12])-(?P<statement>0[12])-0[12]-(?P<actor>\d\d)")
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
STRENGTHS: dict[str, Strength] = {"01": "middling", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}


def read(root: Path) -> list[LabelledClip]:
    """The spoken clips of the archive `Audio_Speech_Actors_01-24`, wherever under the folder they lie."""
    named = [(path, NAME.fullmatch(path.stem)) for path in sounds_in(root, "ravdess", "", corpus=CORPUS)]
    clips = [_clip(path, match) for path, match in named if match and 1 <= int(match["actor"]) <= 24]
    strangers = [path for path, match in named if not (match and 1 <= int(match["actor"]) <= 24)]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="03-01-06-01-02-01-12.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """Our own: of the six folds, four to train on, one to choose on, one to test on."""
    return sided(clips, by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """Six folds of four actors each."""
    of = by_speaker(SPLIT, "fold")
    return folded(clips, of.__getitem__)


def _clip(path: Path, match: re.Match[str]) -> LabelledClip:
    # There is no strong neutral: its "normal" tells nothing of how strong it is.
    emotion = EMOTIONS[match["emotion"]]
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{match['actor']}",
        language="en",
        emotion=emotion,
        gender="male" if int(match["actor"]) % 2 else "female",
        strength=None if emotion == "neutral" else STRENGTHS[match["strength"]],
        transcript=STATEMENTS[match["statement"]],
    )
