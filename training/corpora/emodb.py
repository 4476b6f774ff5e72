"""EmoDB, the Berlin database of emotional speech (Burkhardt et al. 2005, emodb.bilderbar.info): ten German actors.

`wav/03a01Wa.wav`: speaker, sentence, the first letter of the emotion's German name, version. 535 clips were kept of
more, because listeners recognised them; the numbers of clips by emotion are uneven for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from training.corpora.files import checked, sounds_in
from training.corpora.labelled import Fold, LabelledClip, Voiced
from training.corpora.splits import by_speaker, leave_one_speaker_out, sided

CORPUS = "emodb"
LICENCE = "free for research, as its site says; CC-BY-4.0 in its later edition"
SOURCE = "emodb.bilderbar.info, doi:10.21437/Interspeech.2005-446"
CLIPS = 535
SPLIT = "emodb.split.tsv"

NAME = re.compile(r"(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<emotion>[WLEAFTN])[a-z]?")
EMOTIONS = {
    "W": "anger",  # Wut
    "L": "boredom",  # Langeweile
    "E": "disgust",  # Ekel
    "A": "fear",  # Angst
    "F": "happiness",  # Freude
    "T": "sadness",  # Trauer
    "N": "neutral",
}
GENDERS = {
    "03": "male",
    "08": "female",
    "09": "female",
    "10": "male",
    "11": "male",
    "12": "male",
    "13": "female",
    "14": "female",
    "15": "male",
    "16": "female",
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}


def read(root: Path) -> list[LabelledClip]:
    """The clips of the folder `wav`."""
    named = [(path, _known(path)) for path in sounds_in(root, "wav", "", corpus=CORPUS)]
    clips = [_clip(path, match) for path, match in named if match]
    strangers = [path for path, match in named if not match]
    return checked(clips, corpus=CORPUS, expected=CLIPS, strangers=strangers, pattern="03a01Wa.wav")


def split(clips: Sequence[Voiced]) -> dict[str, str]:
    """Our own, to train beside other corpora; figures come from leaving one speaker out."""
    return sided(clips, by_speaker(SPLIT))


def folds(clips: Sequence[Voiced]) -> list[Fold]:
    """One speaker left out at a time."""
    return leave_one_speaker_out(clips)


def _known(path: Path) -> re.Match[str] | None:
    match = NAME.fullmatch(path.stem)
    return match if match and match["speaker"] in GENDERS and match["sentence"] in SENTENCES else None


def _clip(path: Path, match: re.Match[str]) -> LabelledClip:
    return LabelledClip(
        path=path,
        key=f"{CORPUS}/{path.stem}",
        corpus=CORPUS,
        speaker=f"{CORPUS}-{match['speaker']}",
        language="de",
        emotion=EMOTIONS[match["emotion"]],
        gender=GENDERS[match["speaker"]],
        transcript=SENTENCES[match["sentence"]],
    )
