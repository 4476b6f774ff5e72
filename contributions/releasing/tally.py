"""The figures of a release: one pass over its rows, in memory that grows with its speakers and not with its clips.

`figures.json` (openempathic-figures/1) lies beside a DATASET release; its pages and its datasheets are written from it.
Pure: the same rows give the same figures. It does not know who withdrew since; that is told where it is shown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = "openempathic-figures/1"
FILE = "figures.json"
# Fewer voices that share what is told of them, and it would point at one, as contributions.releasing.selection says.
SPEAKERS_TO_HIDE_AMONG = 5
# What rows of some release do not say is not counted.
COUNTED = {"emotions": "emotion", "permissions": "permission", "sample_rates_hz": "sample_rate_hz"}

Row = Mapping[str, Any]


@dataclass
class Language:
    """What was counted of one language."""

    seconds: float = 0.0
    speakers: dict[str, str | None] = field(default_factory=dict)
    sides: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds_by_side: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in (*COUNTED, "methods")})
    corpora: Counter[str] = field(default_factory=Counter)
    clips: int = 0

    def add(self, row: Row) -> None:
        """Count one clip."""
        seconds = row["sample_count"] / row["sample_rate_hz"]
        self.clips += 1
        self.seconds += seconds
        self.speakers[row["speaker"]] = row.get("gender")
        self.sides[row["split"]][row["speaker"]] += 1
        self.seconds_by_side[row["split"]] += seconds
        for name, column in COUNTED.items():
            if (said := row.get(column)) is not None:
                self.counts[name][str(said)] += 1
        if method := (row.get("labels") or {}).get("method"):
            self.counts["methods"][method] += 1
        if row.get("corpus"):
            self.corpora[row["corpus"]] += 1

    def told(self) -> dict[str, Any]:
        """All of it, with nothing that few speakers share."""
        return {
            "clips": self.clips,
            "speakers": len(self.speakers),
            "seconds": round(self.seconds, 1),
            "splits": {side: self.told_of_side(side) for side in sorted(self.sides)},
            **{name: dict(sorted(counter.items())) for name, counter in self.counts.items()},
            "corpora": dict(sorted(self.corpora.items())),
            "genders": genders_told(self.speakers.values()),
        }

    def told_of_side(self, side: str) -> dict[str, Any]:
        """One side of the split."""
        clips = self.sides[side]
        return {
            "clips": clips.total(),
            "speakers": len(clips),
            "seconds": round(self.seconds_by_side[side], 1),
        }


def genders_told(said: Iterable[str | None]) -> dict[str, int]:
    """Speakers by gender, without those that fewer than five share: who is in none of these is not told of at all."""
    counts = Counter(gender for gender in said if gender)
    return {gender: count for gender, count in sorted(counts.items()) if count >= SPEAKERS_TO_HIDE_AMONG}


def figures(
    rows: Iterable[Row], *, agreement: Mapping[str, Any] | None = None, corpora: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The figures of these rows; `agreement` by language and `corpora` by name are told as they are handed in."""
    languages: defaultdict[str, Language] = defaultdict(Language)
    for row in rows:
        languages[row["language"]].add(row)
    told = {tag: languages[tag].told() for tag in sorted(languages)}
    emotions = sum((Counter(each["emotions"]) for each in told.values()), Counter[str]())
    return {
        "format": FORMAT,
        "clips": sum(each["clips"] for each in told.values()),
        # One voice may speak two languages, and is one voice.
        "speakers": len({speaker for each in languages.values() for speaker in each.speakers}),
        "seconds": round(sum(each.seconds for each in languages.values()), 1),
        "emotions": dict(sorted(emotions.items())),
        "languages": told,
        "agreement": dict(sorted((agreement or {}).items())),
        "corpora": dict(sorted((corpora or {}).items())),
    }
