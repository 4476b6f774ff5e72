"""Which clips learn together: emotions and speakers balanced, lengths alike, every order a function of the seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from training.packing import PackedClip

# How far a clip may stray from its place in the order of lengths: enough to mix a batch, little enough to pad little.
LENGTH_JITTER = 0.15
# Counts enter by this power: 1 leaves the corpus as it is, 0 levels every emotion and speaker.
TEMPER = 0.5


class Batches:
    """An endless run of batches that can be put down and taken up again at any step.

    An epoch's order depends on the seed, the epoch and all the clips, so the state is two numbers and the dropped keys;
    dropped clips are left out of the batches they would have been in.
    """

    def __init__(
        self, clips: Sequence[PackedClip], *, seed: int, batch_seconds: float, longest_clip_seconds: float
    ) -> None:
        self._clips = sorted(clips, key=lambda clip: clip.key)
        self._seed = seed
        self._batch_seconds = batch_seconds
        self._longest_clip_seconds = longest_clip_seconds
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
        while True:
            if all(clip.key in self._dropped for clip in self._clips):
                raise ValueError("no clip is left to train on")
            if self._order is None:
                self._order = self._epoch_order()
            if self._cursor == len(self._order):
                self._epoch, self._cursor, self._order = self._epoch + 1, 0, None
                continue
            batch = [clip for clip in self._order[self._cursor] if clip.key not in self._dropped]
            self._cursor += 1
            if batch:
                return batch

    def drop(self, keys: Iterable[str]) -> list[str]:
        """Leave these clips out from now on; the keys that were still in, sorted."""
        newly = sorted({clip.key for clip in self._clips} & set(keys) - self._dropped)
        self._dropped.update(newly)
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
        clips = balanced(self._clips, random=random)
        seconds = np.array([min(clip.duration_seconds, self._longest_clip_seconds) for clip in clips])
        order = np.argsort(seconds * (1 + LENGTH_JITTER * random.uniform(-1, 1, len(clips))))
        batches = self._cut([clips[index] for index in order])
        return [batches[index] for index in random.permutation(len(batches))]

    def _cut(self, clips: Sequence[PackedClip]) -> list[list[PackedClip]]:
        """Batches of at most `batch_seconds` of padded sound; a clip longer than that is a batch of its own."""
        every = sum(min(clip.duration_seconds, self._longest_clip_seconds) for clip in clips)
        # Shared out evenly: a last batch of two clips would teach by chance.
        budget = every / max(1, np.ceil(every * 1.1 / self._batch_seconds)) * 1.1
        batches: list[list[PackedClip]] = [[]]
        longest = 0.0
        for clip in clips:
            longest = max(longest, min(clip.duration_seconds, self._longest_clip_seconds))
            if batches[-1] and longest * (len(batches[-1]) + 1) > budget:
                batches.append([])
                longest = min(clip.duration_seconds, self._longest_clip_seconds)
            batches[-1].append(clip)
        return batches


def balanced(clips: Sequence[PackedClip], *, random: np.random.Generator) -> list[PackedClip]:
    """As many clips as there are, drawn so that frequent emotions and speakers count by the root of their number."""
    by_emotion: dict[str, dict[str, list[PackedClip]]] = defaultdict(lambda: defaultdict(list))
    for clip in clips:
        by_emotion[clip.emotion][clip.speaker].append(clip)
    drawn: list[PackedClip] = []
    emotions = sorted(by_emotion)
    sizes = [sum(map(len, by_emotion[emotion].values())) for emotion in emotions]
    for emotion, quota in zip(emotions, _quotas(sizes, len(clips)), strict=True):
        speakers = sorted(by_emotion[emotion])
        counts = [len(by_emotion[emotion][speaker]) for speaker in speakers]
        for speaker, count in zip(speakers, _quotas(counts, quota), strict=True):
            own = by_emotion[emotion][speaker]
            rounds = [own[index] for _ in range(-(-count // len(own))) for index in random.permutation(len(own))]
            drawn += rounds[:count]
    return [drawn[index] for index in random.permutation(len(drawn))]


def _quotas(sizes: Sequence[int], total: int) -> list[int]:
    """The total shared out by the tempered sizes, to the whole clip and never less than one each."""
    shares = np.array(sizes, dtype=float) ** TEMPER
    edges = np.rint(np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum() * total).astype(int)
    return [max(1, int(count)) for count in np.diff(edges)]
