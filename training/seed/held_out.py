"""What seed heads say about voices they never heard: each clip is scored by a head that was kept from its speaker."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.clara import Clara
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip
from training.packing.packed import canonical
from training.plan import FitPlan
from training.seed import making

GROUPS = 6


@dataclass(frozen=True)
class Unheard:
    """Scores of clips by heads that did not hear their speakers."""

    clips: list[PackedClip]
    emotions: tuple[str, ...]
    probabilities: np.ndarray  # (clips, emotions)

    @property
    def truth(self) -> np.ndarray:
        """The column of each clip's emotion (clips,)."""
        return np.array([self.emotions.index(clip.emotion) for clip in self.clips])

    def of_corpus(self, corpus: str) -> Unheard:
        """The same for the clips of one corpus, whose scores are shared among the emotions it has."""
        rows = [row for row, clip in enumerate(self.clips) if clip.corpus == corpus]
        clips = [self.clips[row] for row in rows]
        return Unheard(clips, self.emotions, self.probabilities[rows]).of_emotions({clip.emotion for clip in clips})

    def of_emotions(self, has: Set[str]) -> Unheard:
        """The same with the scores shared among these emotions, which every clip has one of."""
        columns = [column for column, emotion in enumerate(self.emotions) if emotion in has]
        shares = self.probabilities[:, columns]
        emotions = tuple(self.emotions[column] for column in columns)
        return Unheard(self.clips, emotions, shares / shares.sum(axis=1, keepdims=True))


def speaker_groups(clips: Sequence[PackedClip], *, count: int = GROUPS) -> list[frozenset[str]]:
    """The speakers dealt into so many groups, those of each corpus evenly."""
    by_corpus: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        by_corpus[clip.corpus or ""].add(clip.speaker)
    dealt: list[set[str]] = [set() for _ in range(count)]
    # Each corpus goes on where the one before stopped, or the first groups would be larger in every corpus.
    every = (speaker for corpus in sorted(by_corpus) for speaker in sorted(by_corpus[corpus]))
    for place, speaker in enumerate(every):
        dealt[place % count].add(speaker)
    return [frozenset(group) for group in dealt if group]


def unheard(
    packed: Packed,
    plan: FitPlan,
    *,
    cache: FeatureCache | None,
    kept: Path,
    count: int = GROUPS,
    on_group: Callable[[int, int], None] = lambda done, of: None,
) -> Unheard:
    """Train a head without each group of speakers and let it score them; scores made before are read from `kept`."""
    clips = making.labelled(packed)
    emotions = tuple(sorted({clip.emotion for clip in clips}))
    groups = speaker_groups(clips, count=count)
    judged: list[PackedClip] = []
    scores: list[np.ndarray] = []
    for done, (theirs, shares) in enumerate(_scored(packed, plan, groups, cache, kept), start=1):
        judged += theirs
        scores.append(shares)
        on_group(done, len(groups))
    return Unheard(judged, emotions, np.concatenate(scores))


def _scored(
    packed: Packed, plan: FitPlan, groups: Sequence[frozenset[str]], cache: FeatureCache | None, kept: Path
) -> Iterator[tuple[list[PackedClip], np.ndarray]]:
    clips = making.labelled(packed)
    for group in groups:
        theirs = [clip for clip in clips if clip.speaker in group]
        path = kept / f"{_name(packed, plan, group)}.npy"
        if not path.exists():
            others = [clip for clip in clips if clip.speaker not in group]
            scores = _scores(making.trained(packed, others, plan, cache=cache), packed, theirs, cache)
            kept.mkdir(parents=True, exist_ok=True)
            # Whole or absent: a run that is killed is started again and takes up what lies here.
            np.save(path.with_suffix(".part.npy"), scores)
            path.with_suffix(".part.npy").replace(path)
        yield theirs, np.load(path, allow_pickle=False)


def _scores(clara: Clara, packed: Packed, clips: Sequence[PackedClip], cache: FeatureCache | None) -> np.ndarray:
    if cache is None:
        return np.asarray(clara.scores([packed.waveform(clip) for clip in clips]).cpu())
    return np.asarray(clara.from_below([cache.tokens(clip) for clip in clips])[1].cpu())


def _name(packed: Packed, plan: FitPlan, group: frozenset[str]) -> str:
    told = [packed.release_digest, plan.as_json(), sorted(group)]
    return hashlib.sha256(canonical(told)).hexdigest()[:16]
