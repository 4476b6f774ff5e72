"""`python -m training.seed --data DIR --out DIR`: make the seed head from RAVDESS and nEMO, and measure it.

DIR holds the corpora, `ravdess` and `nemo`, as they are published, and for a figure on voices from elsewhere
`polish_speech_emotions`, which learning never reads. In --out lie afterwards `head` (the checkpoint, its
card, facts and digests) and what can be used again: the packings and the scores of voices held out. The same data,
plan and versions on the same kind of machine give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from training.clara import Clara
from training.clara.checkpoint import write_durably
from training.packing import Packed
from training.plan import FitPlan
from training.seed import against_bare, card, elsewhere, held_out, making, measuring

FACTS, SUMS, CARD = "facts.json", "SHA256SUMS", "README.md"
LARGEST_BYTES = 12_000_000


class TooLarge(Exception):
    """The head would not be the small file that ships with the code."""


def make(data: Path, out: Path, *, plan: FitPlan, groups: int = held_out.GROUPS) -> Path:
    """The folder of the finished head; raises NoCorpus, Unpackable, Diverged or TooLarge."""
    packed = making.packed_corpora(data, out / "packed")
    cache = making.heard_once(packed, plan, on_shard=_told("clips heard")) if plan.cache_frozen else None
    heard = held_out.unheard(
        packed, plan, cache=cache, kept=out / "unheard", count=groups, on_group=_told("groups of speakers held out")
    )
    calibration = measuring.calibrated(heard)
    facts = _facts(packed, plan, groups) | {
        "calibration": asdict(calibration),
        "measured": measuring.measured(heard, groups=groups)
        | {
            "against_bare_tower": {
                corpus: against_bare.measured(heard, packed, corpus, kept=out / "bare" / f"{corpus}.json")
                for corpus in making.CORPORA
            }
        },
    }
    clara = making.trained(packed, making.labelled(packed), plan, cache=cache)
    clara.config = replace(clara.config, name="seed", **asdict(calibration))
    facts["measured"]["elsewhere"] = elsewhere.measured(clara, data, out / "packed")
    return write(clara, facts, out / "head")


def write(clara: Clara, facts: dict[str, Any], folder: Path) -> Path:
    """Save the head with its facts and card, and the digests of all its files; raises TooLarge."""
    clara.save(folder)
    write_durably(folder / FACTS, json.dumps(facts, indent=1, ensure_ascii=False).encode() + b"\n")
    write_durably(folder / CARD, card.written(facts).encode())
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    size = sum(path.stat().st_size for path in files)
    if size > LARGEST_BYTES:
        raise TooLarge(f"the head has {size:,} bytes; it may have {LARGEST_BYTES:,}")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    write_durably(folder / SUMS, "".join(lines).encode())
    return folder


def _facts(packed: Packed, plan: FitPlan, groups: int) -> dict[str, Any]:
    return {
        "licence": making.LICENCE,
        "base_licence": "MIT",
        "command": "python -m training.seed --data DIR --out DIR",
        "corpora": measuring.counts(making.labelled(packed)),
        "sources": packed.source,
        "data_digest": packed.release_digest,
        "caption_languages": list(plan.caption_languages),
        "plan": plan.as_json(),
        "groups": groups,
        "torch": torch.__version__.partition("+")[0],
    }


def _told(what: str) -> Callable[[int, int], None]:
    def told(done: int, of: int) -> None:
        sys.stderr.write(f"{what}: {done} of {of}\n")

    return told


def main(arguments: list[str] | None = None) -> int:
    """Make the head and say where it lies."""
    parser = argparse.ArgumentParser(prog="python -m training.seed", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    sys.stdout.write(f"{make(asked.data, asked.out, plan=making.plan())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
