"""A worker that makes suggestions, alone in its process: what memory it needs.

`python -m tests.benchmarks.listening_worker CHECKPOINT CLIP... [--with-site]` prints resident mebibytes as JSON: after
each thing it loads, what it then holds and the most it ever held. With the site it loads what a Celery worker loads.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

import psutil


def mebibytes() -> tuple[float, float]:
    """What this process holds in memory now, and the most it ever did."""
    # getrusage would tell of the process that started us, too: its count outlives the exec.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, most = (int(status[name].split()[0]) / 2**10 for name in ("VmRSS", "VmHWM"))
    return round(now, 1), round(most, 1)


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
    decoder = sum(child.memory_info().rss for child in psutil.Process().children(recursive=True)) / 2**20
    told["the decoder's warm process, beside it"] = round(decoder, 1), round(decoder, 1)
    print(json.dumps(told))  # noqa: T201 — its answer


if __name__ == "__main__":
    main()
