"""The seed head's recall beside what a straight line finds in the bare tower, on the same clips of unheard voices.

The line may choose among the tower's layers inside its training speakers; the corpus's own folds keep speakers apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from training.clara.checkpoint import write_durably
from training.corpora import ADAPTERS
from training.evaluation import figures, probe, tower
from training.packing import Packed
from training.seed.held_out import Unheard

DRAWS = 10_000


def measured(heard: Unheard, packed: Packed, corpus: str, *, kept: Path) -> dict[str, Any]:
    """UAR of both on the corpus's clips, and the paired difference with its interval over speakers.

    What the line said is kept in the file `kept` and read from there the next time.
    """
    ours = heard.of_corpus(corpus)
    clips = {clip.key: clip for clip in ours.clips}
    if not kept.exists():
        write_durably(kept, json.dumps(_bare(packed, ours, corpus)).encode())
    said = json.loads(kept.read_bytes())
    keys = list(clips)
    truth, speakers = [clips[key].emotion for key in keys], [clips[key].speaker for key in keys]
    suggested = [ours.emotions[column] for column in ours.probabilities.argmax(axis=1)]
    bare = [said[key] for key in keys]
    return {
        "bare_tower": figures.summary(truth, bare, speakers, draws=DRAWS),
        "difference": figures.paired(truth, suggested, bare, speakers, draws=DRAWS),
    }


def _bare(packed: Packed, ours: Unheard, corpus: str) -> dict[str, str]:
    rows = {clip.key: row for row, clip in enumerate(ours.clips)}
    folds = [[rows[key] for key in sorted(fold.test)] for fold in ADAPTERS[corpus].folds(ours.clips)]
    truth, speakers = [clip.emotion for clip in ours.clips], [clip.speaker for clip in ours.clips]
    # As the head's own base listened, see making.heard_once.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layers = tower.layers(packed, ours.clips)
    said, _ = probe.by_folds(layers, truth, speakers, [fold for fold in folds if fold])
    return dict(zip(rows, said, strict=True))
