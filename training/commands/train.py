"""`clara train FOLDER`: the same fit that a site's trainer starts; SIGTERM keeps the state and ends with 75."""

from __future__ import annotations

import argparse

from training import fit
from training.command import Refused


def run(asked: argparse.Namespace) -> int:
    """Train, evaluate and export in the run folder; its progress.jsonl says where it is."""
    if not asked.folder.is_dir():
        raise Refused(f"there is no folder {asked.folder}")
    if not (asked.folder / "plan.json").is_file():
        raise Refused(f"{asked.folder} is no run folder: it holds no plan.json")
    return fit.main(["--folder", str(asked.folder)])
