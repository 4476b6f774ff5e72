"""A worker that makes suggestions, alone in its process: what memory it needs.

`python -m tests.benchmarks.listening_worker CHECKPOINT CLIP... [--with-site]` prints resident mebibytes as JSON: after
each thing it loads, and the most it ever had. With the site it loads what a Celery worker loads.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
from pathlib import Path

import psutil


def mebibytes() -> float:
    """What this process holds in memory now."""
    return round(psutil.Process().memory_info().rss / 2**20, 1)


def main() -> None:
    """Load as a worker does, hear every clip once, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--with-site", action="store_true")
    asked = parser.parse_args()
    told = {"Python": mebibytes()}
    if asked.with_site:
        import django

        django.setup()
        from openempathic.celery import app

        app.finalize()
        for room in ("contributions.tasks", "contributions.listening.prelabelling"):
            importlib.import_module(room)
        told["the site, Celery"] = mebibytes()
    from contributions.audio import decode

    sounds = [decode.decode(clip, longest_seconds=60).waveform for clip in asked.clips]
    told["decoder's end"] = mebibytes()
    import torch

    torch.set_num_threads(1)
    from training.clara import Clara

    told["torch"] = mebibytes()
    clara = Clara.load(asked.checkpoint)
    told["the checkpoint"] = mebibytes()
    for sound in sounds:
        clara.suggest(sound)
    told["after the clips"] = mebibytes()
    told["at most"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, 1)
    told["decoder's warm process"] = round(
        sum(child.memory_info().rss for child in psutil.Process().children(recursive=True)) / 2**20, 1
    )
    print(json.dumps(told))  # noqa: T201 — its answer


if __name__ == "__main__":
    main()
