"""`python -m training.packing CORPUS --root DIR --to DIR`: pack a corpus for training, and say what is in it."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

from training.corpora import ADAPTERS, IncompleteCorpus, NoCorpus
from training.packing import Packed, Unpackable, pack_named

EVERY = 500


def main(arguments: list[str] | None = None) -> int:
    """Run it; 1 with the reason in words when the folder is not the corpus."""
    parser = argparse.ArgumentParser(prog="python -m training.packing", description=__doc__)
    parser.add_argument("corpus", choices=sorted(ADAPTERS))
    parser.add_argument("--root", type=Path, required=True, help="the corpus's folder")
    parser.add_argument("--to", type=Path, required=True, help="the folder of the packing")
    asked = parser.parse_args(arguments)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", IncompleteCorpus)
        try:
            packed = pack_named(asked.corpus, asked.root, asked.to, on_clip=_progress)
        except (NoCorpus, Unpackable) as reason:
            sys.stderr.write(f"{reason}\n")
            return 1
    for warning in warned:
        sys.stderr.write(f"{warning.message}\n")
    sys.stdout.write(_table(packed))
    return 0


def _progress(done: int, of: int) -> None:
    if done % EVERY == 0 or done == of:
        sys.stderr.write(f"{done} of {of}\n")


def _table(packed: Packed) -> str:
    clips = list(packed.clips)
    hours = sum(clip.duration_seconds for clip in clips) / 3600
    emotions = Counter(clip.emotion for clip in clips if clip.emotions)
    splits = Counter(clip.split or "none" for clip in clips)
    rows = [
        ("corpus", str(packed.source.get("corpus"))),
        ("licence", str(packed.source.get("licence"))),
        ("clips", f"{len(clips)} ({hours:.2f} hours), {len(packed.source.get('left_out', {}))} left out"),
        ("speakers", str(len({clip.speaker for clip in clips}))),
        ("emotions", ", ".join(f"{name} {count}" for name, count in sorted(emotions.items()))),
        ("split", ", ".join(f"{name} {count}" for name, count in sorted(splits.items()))),
        ("digest", packed.release_digest),
    ]
    return "".join(f"{name:9} {value}\n" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
