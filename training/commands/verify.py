"""`clara verify FOLDER`: every digest, and whether it reloads to the same model within 1e-5."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from training.clara import Clara, CorruptCheckpoint
from training.command import DONE, FAILED
from training.commands.models import checkpoint_in

SUMS = "SHA256SUMS"
TOLERANCE = 1e-5
SAMPLE_RATE_HZ = 16_000
# From under a second to longer than any clip of a site.
TRIED_SECONDS = (0.3, 1.0, 7.0, 31.0)


def run(asked: argparse.Namespace) -> int:
    """Say what was looked at and what is wrong; 1 when anything is."""
    folder = checkpoint_in(asked.model)
    looked, faults = verified(folder)
    if asked.json:
        sys.stdout.write(json.dumps({"is_sound": not faults, "looked_at": looked, "faults": faults}, indent=2) + "\n")
    else:
        sys.stdout.write("".join([*(f"ok: {what}\n" for what in looked), *(f"wrong: {fault}\n" for fault in faults)]))
    return FAILED if faults else DONE


def verified(folder: Path) -> tuple[list[str], list[str]]:
    """What was found in order, and what speaks against the checkpoint."""
    looked, faults = listed(folder)
    try:
        clara = Clara.load(folder)
    except CorruptCheckpoint as error:
        return looked, [*faults, str(error)]
    looked.append("weights, labels and front end have the digests that config.json promises, and are numbers")
    gap = reloaded_gap(clara)
    if gap <= TOLERANCE:
        looked.append(f"saved and loaded again it embeds the same within {gap:.1e}")
    else:
        faults.append(f"saved and loaded again it embeds differently, by {gap:.1e}")
    return looked, faults


def listed(folder: Path) -> tuple[list[str], list[str]]:
    """Whether the files are those of SHA256SUMS; a checkpoint need not have one."""
    if not (folder / SUMS).is_file():
        return [], []
    faults, count = [], 0
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        promised = re.fullmatch(r"([0-9a-f]{64})  ([^/\\]+)", line)
        if promised is None:
            faults.append(f"{SUMS} holds a line that names no file of this folder: {line[:80]!r}")
            continue
        count += 1
        digest, name = promised.groups()
        if not (folder / name).is_file():
            faults.append(f"{name} is missing")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            faults.append(f"{name} does not have the digest that {SUMS} promises: truncated or changed")
    return ([] if faults else [f"{count} files have the digests of {SUMS}"]), faults


def reloaded_gap(clara: Clara) -> float:
    """The largest difference in any embedding, of sound and of labels, after saving and loading."""
    random = np.random.default_rng(0)
    sounds = [random.normal(scale=0.1, size=int(s * SAMPLE_RATE_HZ)).astype(np.float32) for s in TRIED_SECONDS]
    with tempfile.TemporaryDirectory() as scratch:
        clara.save(Path(scratch) / "again")
        again = Clara.load(Path(scratch) / "again")
    # Alone and in company: a clip's embedding may not depend on who stands beside it.
    gaps = [(clara.embed_audio(sounds) - again.embed_audio(sounds)).abs().max()]
    gaps.append((clara.embed_audio(sounds[:1]) - again.embed_audio(sounds)[:1]).abs().max())
    words = [sentence for sentences in clara.labels.values() for sentence in sentences[:1]] or ["a voice"]
    gaps.append((clara.embed_text(words) - again.embed_text(words)).abs().max())
    return max(float(gap) for gap in gaps)
