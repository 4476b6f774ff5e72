"""The seed head that ships, made by training.seed: what suggests until a site has a champion of its own.

It was made of corpora under CC BY-NC-SA 4.0 and is under that licence: whoever shows its suggestions says so, whoever
earns money by them may not use it, and no training starts from it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from training.clara.checkpoint import CorruptCheckpoint
from training.clara.inference import Clara

FOLDER = Path(__file__).parent / "weights" / "seed"
LICENCE = "CC-BY-NC-SA-4.0"
SUMS = "SHA256SUMS"


def load() -> Clara:
    """The seed head on the fixed base, every file of it verified; raises CorruptCheckpoint."""
    for name, digest in digests().items():
        if hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() != digest:
            raise CorruptCheckpoint(f"{name} of the seed head does not have the digest {SUMS} promises")
    return Clara.load(FOLDER)


def digests() -> dict[str, str]:
    """The sha256 of each of its files, by name; raises CorruptCheckpoint where there is no seed head."""
    try:
        lines = (FOLDER / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorruptCheckpoint(f"there is no seed head in {FOLDER.name}: {error.strerror}") from error
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
