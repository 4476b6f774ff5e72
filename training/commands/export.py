"""`clara export FOLDER --to FOLDER`: a checkpoint that can travel, with the papers it came with and all digests."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys

from training.clara import Clara
from training.clara.checkpoint import write_durably
from training.command import Refused
from training.commands.models import checkpoint_in
from training.commands.verify import SUMS, TOLERANCE, reloaded_gap

# What is no part of the model and must go where it goes: what it is, how it was measured, what it may not be used for.
PAPERS = (
    "README.md",
    "eval.json",
    "eval.html",
    "gate.json",
    "facts.json",
    "use_restrictions.json",
    "LICENSE",
    "LICENCE",
)


def run(asked: argparse.Namespace) -> int:
    """Load, verify, write again and list; the folder appears whole or not at all."""
    source, target = checkpoint_in(asked.model), asked.to
    if target.exists():
        raise Refused(f"{target} is there already; nothing is written over")
    clara = Clara.load(source)
    if (gap := reloaded_gap(clara)) > TOLERANCE:
        raise Refused(f"saved and loaded again it embeds differently, by {gap:.1e}")
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    clara.save(making)
    for name in PAPERS:
        if (source / name).is_file():
            shutil.copyfile(source / name, making / name)
    files = sorted(path for path in making.iterdir() if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    write_durably(making / SUMS, "".join(lines).encode())
    size = sum(path.stat().st_size for path in files)
    os.replace(making, target)
    base = f", on the base {clara.config.base[:12]}" if getattr(clara.config, "base", "") else ""
    sys.stdout.write(f"{target}: {len(files)} files, {size:,} bytes{base}\n")
    return 0
