"""A site left to itself: speakers come in parts, workers screen, the schedule opens runs, the trainer ends them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sites import SUPERVISOR, Site

ENDED = ("PUBLISHED", "REJECTED", "FAILED", "CANCELLED")
TOLD = "SELECT status, status_reason, progress, verdict, checkpoint_id FROM training_trainingrun ORDER BY opened_at"
CLIPS_OF = (
    "contributions_clip clip JOIN contributions_contributor c ON c.id = clip.contributor_id "
    "LEFT JOIN contributions_suggestion s ON s.clip_id = clip.id"
)
SCREENED = "SELECT COUNT(*) FROM contributions_clip WHERE status = 'STORED'"


@dataclass(frozen=True)
class Corpus:
    """A table of sound with one side for each speaker, and by what right it is used."""

    name: str
    folder: Path
    rows: Sequence[Mapping[str, str]]
    sides: Mapping[str, str]
    licence: str
    is_commercial: bool = True


@dataclass(frozen=True)
class Round:
    """How one run ended, what the gate said, and what its checkpoint was measured at, if it has one."""

    status: str
    reason: str
    progress: Mapping[str, Any]
    verdict: Mapping[str, Any]
    checkpoint: Mapping[str, Any] | None


class Rounds:
    """A started site that gets a corpus a few speakers at a time."""

    def __init__(self, site: Site, corpus: Corpus, folder: Path) -> None:
        self.site, self.corpus, self.folder = site, corpus, folder
        self._told: set[str] = set()

    def take_in(self, speakers: Iterable[str]) -> None:
        """Take in these speakers' clips beside those before, and let the site's workers screen them."""
        self._told |= set(speakers)
        rows = [row for row in self.corpus.rows if row["speaker"] in self._told]
        sides = [{"speaker": name, "split": self.corpus.sides[name]} for name in sorted(self._told)]
        write_table(self.folder / "labels.tsv", rows)
        write_table(self.folder / "split.tsv", sides)
        self._import()
        self.site.wait_for(lambda: self.site.rows(SCREENED)[0][0] == 0, "every clip was screened")

    def accept(self) -> None:
        """Accept at once all that was screened, so that a run finds it together."""
        self._import()

    def suggested_to(self, speaker: str) -> set[str]:
        """The digests of the checkpoints that suggested for this speaker's clips, once each clip has a suggestion."""
        waiting = f"SELECT COUNT(*) FROM {CLIPS_OF} WHERE s.scores IS NULL AND c.corpus_speaker = '{speaker}'"
        self.site.wait_for(lambda: self.site.rows(waiting)[0][0] == 0, f"each clip of {speaker} got a suggestion")
        asked = f"SELECT DISTINCT k.digest FROM {CLIPS_OF} JOIN registry_checkpoint k ON k.id = s.checkpoint_id"
        return {row[0] for row in self.site.rows(f"{asked} WHERE c.corpus_speaker = '{speaker}'")}

    def ended(self, number: int) -> Round:
        """The run of that number, from 1, once it has ended."""
        self.site.wait_for(lambda: len(self._runs()) >= number, f"the schedule opened run {number}")
        self.site.wait_for(lambda: self._runs()[number - 1][0] in ENDED, f"run {number} came to its end")
        status, reason, progress, verdict, checkpoint = self._runs()[number - 1]
        published = self._checkpoint(checkpoint) if checkpoint else None
        return Round(status, reason, parsed(progress), parsed(verdict) or {}, published)

    def champion(self) -> str | None:
        """The digest of the champion; None without one."""
        rows = self.site.rows("SELECT digest FROM registry_checkpoint WHERE status = 'CHAMPION'")
        return rows[0][0] if rows else None

    def _runs(self) -> list[tuple[Any, ...]]:
        return self.site.rows(TOLD)

    def _checkpoint(self, key: Any) -> Mapping[str, Any]:
        asked = f"SELECT digest, evaluation FROM registry_checkpoint WHERE id = {int(key)}"
        digest, evaluation = self.site.rows(asked)[0]
        return {"digest": digest, "evaluation": parsed(evaluation)}

    def _import(self) -> None:
        words = [self.corpus.name, "--folder", str(self.corpus.folder), "--labels", str(self.folder / "labels.tsv")]
        words += ["--split", str(self.folder / "split.tsv"), "--licence", self.corpus.licence, "--source", "here"]
        self.site.manage("import_corpus", *words, *([] if self.corpus.is_commercial else ["--non-commercial"]))


def again(site: Site, **changed: str) -> None:
    """Start the site, if need be again, with these settings, as an operator would."""
    if "site" in site.processes:
        site.processes["site"].stop()
    site.environment.update(changed)
    site.start("site", SUPERVISOR, site.is_healthy)


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """The rows as a TSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        table.writeheader()
        table.writerows(rows)


def parsed(content: Any) -> Any:
    """JSON as either database gives it."""
    return json.loads(content) if isinstance(content, str) else content
