"""`python -m training.trial --folder DIR`: load an exported checkpoint as a worker would, and let it listen once.

It knows no database and no Django: the trainer runs it as a child, so that torch never enters the trainer's process.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

from training.clara import Clara, CorruptCheckpoint

SECOND = 16_000


def listen_once(folder: Path) -> None:
    """Raise CorruptCheckpoint, or ValueError, unless the checkpoint gives a probability for each of its emotions."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=SECOND).astype(np.float32)
    suggested = Clara.load(folder).suggest(noise)
    if not all(math.isfinite(share) and share >= 0 for share in suggested.values()):
        raise ValueError("a suggestion holds values that are no probabilities")


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when the checkpoint works, else 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m training.trial", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    try:
        listen_once(parser.parse_args(arguments).folder)
    except (CorruptCheckpoint, ValueError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
