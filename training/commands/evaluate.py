"""`clara evaluate CORPUS --root DIR`: probe and zero-shot UAR with intervals, beside the bare tower's probe."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.clara import seed_head
from training.clara.checkpoint import write_durably
from training.command import Refused
from training.commands.models import asked_for
from training.corpora import ADAPTERS
from training.evaluation import corpus, page

WAYS = {
    "bare_tower": "bare tower, probe",
    "probe": "CLARA, probe",
    "captions": "CLARA, zero-shot",
}


def run(asked: argparse.Namespace) -> int:
    """Pack the corpus, measure, and say what was found."""
    if asked.corpus not in ADAPTERS:
        raise Refused(f"no adapter is called {asked.corpus!r}; there are {', '.join(ADAPTERS)}")
    if asked.draws < 1:
        raise Refused(f"an interval needs draws, not {asked.draws}")
    others = dict(_pair(text) for text in asked.trained_on)
    clara = None if asked.bare or (asked.model is None and not seed_head.FOLDER.is_dir()) else asked_for(asked)
    if clara and not asked.model and asked.corpus in seed_head.CORPORA:
        sys.stderr.write(
            f"clara: it was trained on {asked.corpus} itself and is flattered here; its card has honest figures\n"
        )
    with tempfile.TemporaryDirectory() as scratch:
        told = _measured(asked, others, clara, asked.cache or Path(scratch))
    sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n" if asked.json else table(told))
    if asked.page:
        write_durably(asked.page, page.written(told, title=f"CLARA on {asked.corpus}").encode())
    return 0


def table(told: Mapping[str, Any]) -> str:
    """The figures as a table for a terminal."""
    test = told["splits"]["test"]
    lines = [
        f"{told['corpus']}: {test['clips']} clips, {test['speakers']} speakers, {len(told['emotions'])} emotions "
        f"({', '.join(told['emotions'])}), {len(told['folds'])} folds by speaker",
        "",
        f"{'':34}UAR    95 % interval",
        *_rows(told),
        f"{'chance':34}{told['chance']:.3f}",
    ]
    for language, summary in told.get("captions", {}).get("in_words_of", {}).items():
        lines.append(_row(f"CLARA, zero-shot, words in {language}", summary["uar"], summary["interval"]))
    if crossed := told.get("trained_on_others"):
        lines += ["", f"trained on {', '.join(crossed['trained_on'])}, asked for {', '.join(crossed['emotions'])}"]
        lines += [*_rows(crossed), f"{'chance':34}{crossed['chance']:.3f}"]
    if not told.get("model"):
        lines += ["", "no model: name a checkpoint with --model"]
    return "\n".join(lines) + "\n"


def _measured(asked: argparse.Namespace, others: Mapping[str, Path], clara: Any, cache: Path) -> dict[str, Any]:
    def packed(name: str, root: Path) -> Any:
        return corpus.packed(name, root, cache / name, on_clip=_progress(name))

    here = packed(asked.corpus, asked.root)
    told = corpus.measure(asked.corpus, here, clara=clara, emotions=asked.emotions, draws=asked.draws, seed=asked.seed)
    if others:
        heard_on = {name: packed(name, root) for name, root in others.items()}
        told["trained_on_others"] = corpus.crossed(
            heard_on, asked.corpus, here, clara=clara, emotions=asked.emotions, draws=asked.draws, seed=asked.seed
        )
    return told


def _rows(told: Mapping[str, Any]) -> list[str]:
    rows = [_row(name, told[way]["uar"], told[way]["interval"]) for way, name in WAYS.items() if way in told]
    if against := told.get("probe_against_bare_tower"):
        rows.append(_row("CLARA's probe less the tower's", against["difference"], against["interval"]))
    return rows


def _row(name: str, value: float, interval: Mapping[str, Any]) -> str:
    return f"{name:34}{value:.3f}  {page.between(interval)}"


def _pair(text: str) -> tuple[str, Path]:
    name, is_pair, root = text.partition("=")
    if not is_pair or name not in ADAPTERS:
        raise Refused(f"--trained-on takes CORPUS=DIR with one of {', '.join(ADAPTERS)}, not {text!r}")
    return name, Path(root)


def _progress(name: str) -> Any:
    def on_clip(done: int, of: int) -> None:
        if sys.stderr.isatty() and (done % 50 == 0 or done == of):
            sys.stderr.write(f"\r{name}: {done} of {of} clips packed" + ("\n" if done == of else ""))

    return on_clip
