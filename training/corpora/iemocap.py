"""IEMOCAP (Busso et al. 2008, sail.usc.edu/iemocap): five sessions of two actors each, scripted and improvised.

`Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav`, labels in `Session1/dialog/EmoEvaluation/*.txt`, words
in `Session1/dialog/transcriptions/*.txt`. The letter before the turn's number is who speaks; the one after the session
is only who wore the markers. Turns on which the listeners did not agree, or agreed on "other", have no emotion here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds, warn
from training.corpora.labelled import Fold, LabelledClip, NoCorpus, Voiced
from training.corpora.splits import by_speaker, folded, sided

CORPUS = "iemocap"
LICENCE = "IEMOCAP release agreement: research, on request, not to be passed on"
SOURCE = "sail.usc.edu/iemocap, doi:10.1007/s10579-008-9076-6"
CLIPS = 10_039
SPLIT = "iemocap.split.tsv"
SESSIONS = ("1", "2", "3", "4", "5")

NAME = re.compile(r"Ses0(?P<session>[1-5])[FM]_\w+_(?P<voice>[FM])\d{3}")
LABEL = re.compile(r"\[[\d.]+ - [\d.]+\]\s+(?P<turn>\S+)\s+(?P<emotion>[a-z]{3})\b")
WORDS = re.compile(r"(?P<turn>\S+) \[[\d.]+-[\d.]+\]: ?(?P<words>.*)")
EMOTIONS = {
    "ang": "anger",
    "dis": "disgust",
    "exc": "excitement",
    "fea": "fear",
    "fru": "frustration",
    "hap": "happiness",
    "neu": "neutral",
    "sad": "sadness",
    "sur": "surprise",
}
UNSAID = {"xxx", "oth"}
# The usual task of four classes, 5,531 turns: excitement counts as happiness, and what is not named is left out.
FOUR_CLASSES = {
    "anger": "anger",
    "excitement": "happiness",
    "happiness": "happiness",
    "neutral": "neutral",
    "sadness": "sadness",
}


def read(root: Path) -> list[LabelledClip]:
    """The turns of all sessions that are there; a missing session is warned of, one without its labels is refused."""
    sessions = [number for number in SESSIONS if (root / f"Session{number}").is_dir()]
    if not sessions:
        raise NoCorpus(f"{CORPUS}: there is no folder Session1 to Session5 in {root}")
    if missing := sorted(set(SESSIONS) - set(sessions)):
        warn(f"{CORPUS}: there is no Session{', no Session'.join(missing)} in {root}")
    clips: list[LabelledClip] = []
    strangers: list[Path] = []
    for number in sessions:
        folder = root / f"Session{number}"
        emotions, words = _labels(folder), _words(folder)
        for path in sounds(folder / "sentences" / "wav"):
            match = NAME.fullmatch(path.stem)
            if match and match["session"] == number and path.stem in emotions:
                clips.append(_clip(path, match, emotions, words))
            else:
                strangers.append(path)
    named = "Ses01F_impro01_F000.wav with a line in EmoEvaluation"
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern=named)


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """Sessions 1 to 3 to train on, 4 to choose on, 5 to test on."""
    return sided(clips, by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One session, and so two speakers, left out at a time."""
    return folded(clips, by_speaker(SPLIT, "session").__getitem__)


def _labels(folder: Path) -> dict[str, str]:
    """Turn to the three letters of its emotion."""
    files = sorted((folder / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    told = {match["turn"]: match["emotion"] for line in lines if (match := LABEL.match(line))}
    if not told:
        raise NoCorpus(f"{CORPUS}: there are no labels in {folder.name}/dialog/EmoEvaluation")
    if strange := sorted(set(told.values()) - EMOTIONS.keys() - UNSAID):
        raise NoCorpus(f"{CORPUS}: {folder.name} has labels that we do not know: {', '.join(strange)}")
    return told


def _words(folder: Path) -> dict[str, str]:
    files = sorted((folder / "dialog" / "transcriptions").glob("Ses*.txt"))
    if not files:
        warn(f"{CORPUS}: there are no transcriptions in {folder.name}: its turns have no words")
    lines = [line for path in files for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return {match["turn"]: match["words"].strip() for line in lines if (match := WORDS.match(line))}


def _clip(path: Path, match: re.Match[str], emotions: dict[str, str], words: dict[str, str]) -> LabelledClip:
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{match['session']}{match['voice']}",
        language="en",
        emotion=EMOTIONS.get(emotions[path.stem]),
        gender={"F": "female", "M": "male"}[match["voice"]],
        transcript=words.get(path.stem) or None,
    )
