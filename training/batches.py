"""Which clips learn together: languages, emotions and speakers balanced, lengths alike, all a function of the seed.

A batch is cut by its padded seconds, not by its clips, and clips of one length lie together: at least 95 % of what a
batch computes is sound. Some clips come in pairs that teach what the rest leaves open: the same speaker in another
emotion (it is not the voice), the same sentence in another emotion (it is not the words).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Set
from itertools import pairwise
from typing import Any

import numpy as np

from training import facets
from training.packing import PackedClip

# How far a clip may stray from its place in the order of lengths, and two of a pair from each other: enough to mix,
# little enough that padding stays under one part in twenty.
LENGTH_JITTER = 0.02
PAIR_STRETCH = 0.04
# How many clips of the next lengths are looked at for a partner.
PARTNERS_LOOKED_AT = 8
# Counts enter by this power: 1 leaves the corpus as it is, 0 levels every language, emotion and speaker.
TEMPER = 0.5
UNLABELLED = ""


class Batches:
    """An endless run of batches that can be put down and taken up again at any step, by any number of processes.

    An epoch's order depends on the seed, the epoch and all the clips, so the state is two numbers and the dropped keys;
    dropped clips are left out of the batches they would have been in. Processes that learn together all see the whole
    batch and cut it among themselves.
    """

    def __init__(
        self,
        clips: Sequence[PackedClip],
        *,
        seed: int,
        batch_seconds: float,
        longest_clip_seconds: float,
        pairs_share: float = 0.25,
    ) -> None:
        self._clips = sorted(clips, key=lambda clip: clip.key)
        self._seed = seed
        self._batch_seconds = batch_seconds
        self._longest_clip_seconds = longest_clip_seconds
        self._pairs_share = pairs_share
        self._epoch = 0
        self._cursor = 0
        self._dropped: set[str] = set()
        self._order: list[list[PackedClip]] | None = None

    @property
    def dropped(self) -> frozenset[str]:
        """The keys that were dropped so far."""
        return frozenset(self._dropped)

    def next(self) -> list[PackedClip]:
        """The next batch, never empty; raises ValueError when every clip was dropped."""
        batch = self.peek()
        self._cursor += 1
        return batch

    def peek(self) -> list[PackedClip]:
        """The batch that `next` would give now, so that it can be read ahead."""
        while True:
            if all(clip.key in self._dropped for clip in self._clips):
                raise ValueError("no clip is left to train on")
            if self._order is None:
                self._order = self._epoch_order()
            if self._cursor >= len(self._order):
                self._epoch, self._cursor, self._order = self._epoch + 1, 0, None
                continue
            if batch := [clip for clip in self._order[self._cursor] if clip.key not in self._dropped]:
                return batch
            self._cursor += 1

    def drop(self, keys: Iterable[str]) -> list[str]:
        """Leave these clips out from now on; the keys that were still in, sorted."""
        newly = sorted({clip.key for clip in self._clips} & set(keys) - self._dropped)
        self._dropped.update(newly)
        # A run taken up again cannot know what a withdrawn clip said: from now on it is in no pair.
        self._order = None if newly else self._order
        return newly

    def state(self) -> dict[str, Any]:
        """Where it stands, as plain data."""
        return {"epoch": self._epoch, "cursor": self._cursor, "dropped": sorted(self._dropped)}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where a run with the same clips, seed and sizes stood."""
        self._epoch, self._cursor = state["epoch"], state["cursor"]
        self._dropped, self._order = set(state["dropped"]), None

    def _epoch_order(self) -> list[list[PackedClip]]:
        random = np.random.default_rng((self._seed, self._epoch))
        units = paired(
            balanced(self._clips, random=random),
            random=random,
            share=self._pairs_share,
            longest_seconds=min(self._longest_clip_seconds, self._batch_seconds / 2),
            without=self._dropped,
        )
        seconds = np.array([max(map(self._seconds, unit)) for unit in units])
        order = np.argsort(seconds * (1 + LENGTH_JITTER * random.uniform(-1, 1, len(units))))
        units, seconds = [units[index] for index in order], seconds[order]
        starts = _cuts(seconds, np.array([len(unit) for unit in units]), longest=self._batch_seconds)
        batches = [
            [clip for unit in units[start:end] for clip in unit] for start, end in pairwise([*starts, len(units)])
        ]
        return [batches[index] for index in random.permutation(len(batches))]

    def _seconds(self, clip: PackedClip) -> float:
        return min(clip.duration_seconds, self._longest_clip_seconds)


def _cuts(seconds: np.ndarray, sizes: np.ndarray, *, longest: float) -> list[int]:
    """Where batches begin among units of one length (units) and so many clips each, that none is padded to more.

    They are as few and as level as they can be, since a rest of two clips would teach by chance. A unit that is too
    long by itself is a batch of its own.
    """
    costs = seconds * sizes
    middles, every = costs.cumsum() - costs / 2, costs.sum()
    count = int(np.ceil(every / longest))
    while True:
        starts = np.flatnonzero(np.diff((middles / every * count).astype(int), prepend=-1))
        padded = np.maximum.reduceat(seconds, starts) * np.add.reduceat(sizes, starts)
        is_alone = np.diff(starts, append=len(seconds)) == 1
        if (is_alone | (padded <= longest)).all():
            return starts.tolist()
        count += max(1, count // 100)


def balanced(clips: Sequence[PackedClip], *, random: np.random.Generator) -> list[PackedClip]:
    """As many clips as there are; languages, their emotions and their speakers count by the root of their number.

    Clips without labels count as one emotion more.
    """
    drawn = _drawn(clips, (_language, _emotion, _speaker), len(clips), random)
    return [drawn[place] for place in random.permutation(len(drawn))]


def paired(
    clips: Sequence[PackedClip],
    *,
    random: np.random.Generator,
    share: float,
    longest_seconds: float,
    without: Set[str] = frozenset(),
) -> list[tuple[PackedClip, ...]]:
    """The same clips, some of them in twos of one length: that share by sentence and, of the rest, as many by speaker.

    Two of a pair have different emotions and the same words in the same language, or the same speaker; there are fewer
    pairs where few sentences repeat. Clips over `longest_seconds`, and those of the keys in `without`, stay single.
    """
    seconds = np.array([clip.duration_seconds for clip in clips])
    is_free = np.array([bool(clip.emotions) and clip.key not in without for clip in clips], dtype=bool) & (
        seconds <= longest_seconds
    )
    pairs: list[tuple[PackedClip, ...]] = []
    taken: set[int] = set()
    for alike in (_sentence, _speaker):
        wanted = int(share * len(clips) / 2)
        candidates = list(_contrasts(clips, seconds, is_free, alike))
        for place in random.permutation(len(candidates)):
            one, other = candidates[place]
            if wanted and is_free[one] and is_free[other]:
                pairs.append((clips[one], clips[other]))
                is_free[[one, other]] = False
                taken |= {one, other}
                wanted -= 1
    return pairs + [(clip,) for place, clip in enumerate(clips) if place not in taken]


def _contrasts(
    clips: Sequence[PackedClip],
    seconds: np.ndarray,
    is_free: np.ndarray,
    alike: Callable[[PackedClip], Hashable | None],
) -> Iterator[tuple[int, int]]:
    """Two places each: alike, of another emotion and of nearly one length."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place in np.argsort(seconds, kind="stable").tolist():
        if is_free[place] and (kind := alike(clips[place])) is not None:
            groups[kind].append(place)
    for places in groups.values():
        for at, one in enumerate(places):
            for other in places[at + 1 : at + 1 + PARTNERS_LOOKED_AT]:
                if seconds[other] > seconds[one] * (1 + PAIR_STRETCH):
                    break
                if clips[other].emotion != clips[one].emotion:
                    yield one, other


def _drawn(
    clips: Sequence[PackedClip], levels: Sequence[Callable[[PackedClip], str]], total: int, random: np.random.Generator
) -> list[PackedClip]:
    if not levels:
        # Each once before any comes twice.
        rounds = [random.permutation(len(clips)) for _ in range(-(-total // len(clips)))]
        return [clips[index] for index in np.concatenate(rounds)[:total]] if rounds else []
    groups: dict[str, list[PackedClip]] = defaultdict(list)
    for clip in clips:
        groups[levels[0](clip)].append(clip)
    kinds = sorted(groups)
    quotas = _quotas([len(groups[kind]) for kind in kinds], total, random)
    return [
        clip
        for kind, quota in zip(kinds, quotas, strict=True)
        for clip in _drawn(groups[kind], levels[1:], quota, random)
    ]


def _quotas(sizes: Sequence[int], total: int, random: np.random.Generator) -> list[int]:
    """The total shared out by the tempered sizes, to the whole clip.

    What is left of a clip is drawn for, so that many small groups get their share together and none of them by rule.
    """
    shares = np.array(sizes, dtype=float) ** TEMPER
    edges = np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum() * total
    return np.diff(np.floor(edges.round(6) + random.uniform())).astype(int).tolist()


def _language(clip: PackedClip) -> str:
    return clip.language.partition("-")[0]


def _emotion(clip: PackedClip) -> str:
    return clip.emotion if clip.emotions else UNLABELLED


def _speaker(clip: PackedClip) -> str:
    return clip.speaker


def _sentence(clip: PackedClip) -> Hashable | None:
    words = facets.spoken_words(clip.transcript)
    return (clip.language, words) if words else None
