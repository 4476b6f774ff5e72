"""EmoV-DB (Adigwe et al. 2018, openslr.org/115): four actors read CMU Arctic sentences, amused, angry and sleepy too.

`bea/Amused/amused_1-15_0001.wav`, or the archives' `bea_Amused/amused_1-15_0001.wav`: the emotion, the range of its
annotation file, the sentence. The sentences are Arctic's first half ("arctic_a"), told where `cmuarctic.data` lies in
the folder. Josh was not recorded angry or disgusted. In the unsorted edition some files do not say their sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in, warn
from training.corpora.labelled import Fold, LabelledClip, Voiced
from training.corpora.splits import by_speaker, leave_one_speaker_out, sided

CORPUS = "emovdb"
LICENCE = "EmoV-DB licence: research, teaching and personal experiments; not commercial"
SOURCE = "github.com/numediart/EmoV-DB, openslr.org/115, arXiv:1806.09514"
SPLIT = "emovdb.split.tsv"

NAME = re.compile(r"(?P<emotion>[a-z]+)_(?P<range>\d+-\d+)_(?P<sentence>\d{4})", re.IGNORECASE)
SENTENCE = re.compile(r'\(\s*arctic_a(?P<number>\d{4})\s+"(?P<text>.*)"\s*\)')
EMOTIONS = {
    "amused": "amusement",
    "anger": "anger",
    "angry": "anger",
    "disgust": "disgust",
    "disgusted": "disgust",
    "neutral": "neutral",
    "sleepiness": "sleepiness",
    "sleepy": "sleepiness",
}
GENDERS = {"bea": "female", "jenie": "female", "josh": "male", "sam": "male"}
RECORDED = {
    (speaker, emotion)
    for speaker in GENDERS
    for emotion in EMOTIONS.values()
    if not (speaker == "josh" and emotion in ("anger", "disgust"))
}


def read(root: Path) -> list[LabelledClip]:
    """The clips of all speakers that are there; a missing emotion of a speaker is warned of."""
    named = [(path, NAME.fullmatch(path.stem), _speaker(path, root)) for path in sounds_in(root, "", corpus=CORPUS)]
    sentences = _sentences(root)
    clips, strangers = [], []
    for path, match, speaker in named:
        if match and speaker and match["emotion"].lower() in EMOTIONS:
            clips.append(_clip(path, match, speaker, sentences))
        else:
            strangers.append(path)
    there = {(clip.speaker.removeprefix(f"{CORPUS}-"), clip.emotion) for clip in clips}
    if clips and (missing := sorted(f"{speaker} {emotion}" for speaker, emotion in RECORDED - there)):
        warn(f"{CORPUS}: there are no clips of {', '.join(missing)}")
    return checked(clips, corpus=CORPUS, expected=0, strangers=strangers, pattern="bea/Amused/amused_1-15_0001.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """Our own: Jenie and Josh to train on, Bea to choose on, Sam to test on."""
    return sided(clips, by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One speaker left out at a time."""
    return leave_one_speaker_out(clips)


def _speaker(path: Path, root: Path) -> str | None:
    """The speaker whose name begins one of the folders that the file lies in."""
    for folder in reversed(path.relative_to(root.parent).parts[:-1]):
        name = re.split(r"[_\- ]", folder.lower())[0]
        if name in GENDERS:
            return name
    return None


def _sentences(root: Path) -> dict[str, str]:
    path = root / "cmuarctic.data"
    if not path.is_file():
        warn(f"{CORPUS}: there is no cmuarctic.data in {root}: the clips have no sentences")
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {match["number"]: match["text"] for line in lines if (match := SENTENCE.match(line))}


def _clip(path: Path, match: re.Match[str], speaker: str, sentences: dict[str, str]) -> LabelledClip:
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{speaker}/{path.stem.lower()}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{speaker}",
        language="en",
        emotion=EMOTIONS[match["emotion"].lower()],
        gender=GENDERS[speaker],
        transcript=sentences.get(match["sentence"]),
    )
