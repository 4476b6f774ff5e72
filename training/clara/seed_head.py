"""The seed head that ships, made by training.seed: what suggests until a site has a champion of its own.

It was made of corpora under CC BY-NC-SA 4.0 and is under that licence: whoever shows its suggestions says so, whoever
earns money by them may not use it, and no training starts from it.

What it is told by is read without torch, so that a web process can name it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.clara.inference import Clara

FOLDER = Path(__file__).parent / "weights" / "seed"
LICENCE = "CC-BY-NC-SA-4.0"
# What it was trained on, as training.corpora names them.
CORPORA = ("ravdess", "nemo")
SUMS, FACTS = "SHA256SUMS", "facts.json"


class NoSeedHead(Exception):
    """This copy of the software came without a seed head."""


def load() -> Clara:
    """The seed head on the fixed base, every file of it verified; raises NoSeedHead or CorruptCheckpoint."""
    from training.clara.checkpoint import CorruptCheckpoint
    from training.clara.inference import Clara

    for name, promised in digests().items():
        path = FOLDER / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != promised:
            raise CorruptCheckpoint(f"{name} of the seed head does not have the digest {SUMS} promises")
    return Clara.load(FOLDER)


def digest() -> str:
    """What names this seed head: the sha256 of the list of its files' digests; raises NoSeedHead."""
    return hashlib.sha256(_sums()).hexdigest()


def digests() -> dict[str, str]:
    """The sha256 of each of its files, by name; raises NoSeedHead."""
    lines = _sums().decode().splitlines()
    return {name: told for told, name in (line.split("  ", 1) for line in lines)}


def sure_from() -> float:
    """The probability under which it names no emotion."""
    return float(_facts()["calibration"]["sure_from"])


def evaluation() -> dict[str, Any]:
    """Its recall on voices that it had not heard, as an eval.json tells it: over all, then by language."""
    facts = _facts()
    told = facts["measured"]["recall"]
    by_language = {corpus["languages"][0]: told[name] for name, corpus in facts["corpora"].items()}
    return {
        "licence": facts["licence"],
        "emotions": sorted(told["all"]["recalls"]),
        "chance": told["all"]["chance"],
        "zero_shot": _in_short(told["all"]),
        "by_language": {language: _in_short(summary) for language, summary in by_language.items()},
    }


def _in_short(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: summary[name] for name in ("uar", "interval", "clips")}


def _facts() -> dict[str, Any]:
    return dict(json.loads((FOLDER / FACTS).read_bytes()))


def _sums() -> bytes:
    try:
        return (FOLDER / SUMS).read_bytes()
    except OSError as error:
        raise NoSeedHead(f"there is no seed head in {FOLDER.name}: {error.strerror}") from error
