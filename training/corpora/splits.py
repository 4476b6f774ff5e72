"""Splits that are frozen by speaker: each corpus's file says on which side or in which fold a speaker is."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from training.corpora.labelled import Fold, NoCorpus, Voiced

FOLDER = Path(__file__).parent
SIDES = ("train", "dev", "test")


@cache
def by_speaker(file: str, column: str = "split") -> Mapping[str, str]:
    """What a frozen file beside this module says of each speaker."""
    with (FOLDER / file).open(newline="", encoding="utf-8") as table:
        return {row["speaker"]: row[column] for row in csv.DictReader(table, delimiter="\t")}


def sided(clips: Sequence[Voiced], sides: Mapping[str, str]) -> dict[str, str]:
    """Key to train, dev or test, by speaker; raises NoCorpus for a speaker the split does not know."""
    if strangers := sorted({clip.speaker for clip in clips} - sides.keys()):
        raise NoCorpus(f"the split does not know {', '.join(strangers[:5])}")
    return {clip.key: sides[clip.speaker] for clip in clips}


def folded(clips: Sequence[Voiced], fold_of: Callable[[str], str]) -> list[Fold]:
    """One fold for each name that `fold_of` gives to a speaker, tested on its speakers and trained on all others."""
    names = {clip.key: fold_of(clip.speaker) for clip in clips}
    every = frozenset(names)
    tested = {name: frozenset(key for key, of in names.items() if of == name) for name in sorted(set(names.values()))}
    return [Fold(name=name, train=every - test, test=test) for name, test in tested.items()]


def leave_one_speaker_out(clips: Sequence[Voiced]) -> list[Fold]:
    """A fold for every speaker, tested on alone."""
    return folded(clips, lambda speaker: speaker)


def fold_of_split(sides: Mapping[str, str]) -> list[Fold]:
    """A split as one fold: its test clips, and all its others to train on."""
    test = frozenset(key for key, side in sides.items() if side == "test")
    return [Fold(name="test", train=frozenset(sides) - test, test=test)]
