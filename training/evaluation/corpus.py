"""A published corpus judged by its own protocol of cross-validation: the bare tower's probe, CLARA's, and words alone.

Speakers are never shared between the sides of a fold. A model that was trained on the corpus itself is measured on
voices it knows, and only the bare tower's figure means anything; `trained_on` of its facts is not checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training import packing
from training.clara import Clara
from training.corpora import ADAPTERS, NoCorpus
from training.evaluation import figures, probe, tower, zero_shot
from training.evaluation.hearing import Heard
from training.evaluation.report import PROTOCOL, counts
from training.packing import Packed, PackedClip

DRAWS = 10_000


def packed(
    name: str, root: Path, folder: Path, *, on_clip: Callable[[int, int], None] = lambda done, of: None
) -> Packed:
    """The corpus under `root`, packed into the folder once; raises NoCorpus or Unpackable."""
    if name not in ADAPTERS:
        raise NoCorpus(f"there is no adapter for {name!r}; there are {', '.join(ADAPTERS)}")
    adapter = ADAPTERS[name]
    source = {"corpus": adapter.CORPUS, "licence": adapter.LICENCE, "source": adapter.SOURCE}
    return packing.pack_corpus(adapter.read(root), folder, source=source, on_clip=on_clip)


def measure(
    name: str,
    corpus: Packed,
    *,
    clara: Clara | None = None,
    emotions: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Any]:
    """Probe and zero-shot UAR on a corpus, by its folds, with the paired difference to the bare tower.

    `emotions` are those to keep, by default all that the corpus has. Raises NoCorpus when no fold can be judged.
    """
    clips = [clip for clip in corpus.clips if clip.emotions and (not emotions or clip.emotion in emotions)]
    folds = _folds(name, clips)
    truth, speakers = [clip.emotion for clip in clips], [clip.speaker for clip in clips]
    if len(set(truth)) < 2:
        raise NoCorpus(f"{name}: clips of two emotions are needed; there is {', '.join(set(truth)) or 'none'}")
    bare, chosen = probe.by_folds(tower.layers(corpus, clips), truth, speakers, [rows for _, rows in folds])
    told: dict[str, Any] = {
        "protocol": PROTOCOL,
        "corpus": name,
        "source": corpus.source,
        "emotions": sorted(set(truth)),
        "chance": 1 / len(set(truth)),
        "folds": [fold for fold, _ in folds],
        "bare_tower": figures.summary(truth, bare, speakers, draws=draws, seed=seed)
        | {"chosen": [{"layer": one.layer, "strength": one.strength} for one in chosen]},
        "splits": {"test": counts(clips)},
    }
    if clara is None:
        return told
    heard = Heard(clara, corpus, clips)
    ours, chosen = probe.by_folds({"embedding": heard.embeddings}, truth, speakers, [rows for _, rows in folds])
    return told | {
        "model": clara.config.name,
        "probe": figures.summary(truth, ours, speakers, draws=draws, seed=seed)
        | {"chosen": [{"strength": one.strength} for one in chosen]},
        "probe_against_bare_tower": figures.paired(truth, ours, bare, speakers, draws=draws, seed=seed),
        "captions": zero_shot.measure(heard, emotions=sorted(set(truth)), draws=draws, seed=seed),
    }


def crossed(
    heard_on: Mapping[str, Packed],
    name: str,
    corpus: Packed,
    *,
    clara: Clara | None = None,
    emotions: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Any]:
    """The probe trained on other corpora and tested on this one, for the emotions that both have; tower and CLARA.

    Raises NoCorpus when fewer than two emotions are shared.
    """
    everyone = packing.joined([*heard_on.values(), corpus])
    clips = [clip for clip in everyone.clips if clip.emotions]
    here = set(corpus.clips.column("key"))
    sides = [[clip for clip in clips if (clip.key in here) == is_test] for is_test in (False, True)]
    shared = set.intersection(*({clip.emotion for clip in side} for side in sides))
    shared &= set(emotions) or shared
    if len(shared) < 2:
        raise NoCorpus(f"{name} and {', '.join(heard_on)} share {len(shared)} of the emotions")
    train, test = ([clip for clip in side if clip.emotion in shared] for side in sides)
    truth, speakers = [clip.emotion for clip in test], [clip.speaker for clip in test]

    def held(layers: Mapping[str, np.ndarray]) -> list[str]:
        rows, every = np.arange(len(train) + len(test)), [*train, *test]
        said, _ = probe.held_out(
            layers,
            [clip.emotion for clip in every],
            [clip.speaker for clip in every],
            rows[: len(train)],
            rows[len(train) :],
        )
        return said

    bare = held(tower.layers(everyone, [*train, *test]))
    told: dict[str, Any] = {
        "trained_on": sorted(heard_on),
        "emotions": sorted(shared),
        "chance": 1 / len(shared),
        "bare_tower": figures.summary(truth, bare, speakers, draws=draws, seed=seed),
    }
    if clara is not None:
        ours = held({"embedding": Heard(clara, everyone, [*train, *test]).embeddings})
        told["probe"] = figures.summary(truth, ours, speakers, draws=draws, seed=seed)
        told["probe_against_bare_tower"] = figures.paired(truth, ours, bare, speakers, draws=draws, seed=seed)
    return told


def _folds(name: str, clips: Sequence[PackedClip]) -> list[tuple[str, list[int]]]:
    """The corpus's own folds as rows to test on; those that no clip is in are left out."""
    rows = {clip.key: row for row, clip in enumerate(clips)}
    voices = {clip.speaker for clip in clips}
    if len(voices) < 2:
        raise NoCorpus(f"{name}: leaving a speaker out needs at least two; there are {len(voices)}")
    folds = [(fold.name, [rows[key] for key in sorted(fold.test)]) for fold in ADAPTERS[name].folds(clips)]
    return [(fold, own) for fold, own in folds if own]
