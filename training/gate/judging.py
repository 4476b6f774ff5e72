"""A run's candidate judged: tried, weighed against the champion, and what was found written beside it.

The same files give the same verdict on any machine: draws are seeded, and what the database adds (how often these test
speakers were looked at, whom the champion heard) does not change while the run is the only active one. Where the
setting GATE is "open", as for tests and demos, all is reckoned and told, and only a broken candidate is held back.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation

from contributions.releasing import releases
from openempathic.registry import champion
from training.evaluation.facts import COMPARISON
from training.gate import GATE, PAGE, Verdict, looks, page, rivals, words
from training.gate.wholeness import faults_of
from training.models import TrainingRun
from training.publication import EVALUATION

log = logging.getLogger(__name__)

FORMAT = "openempathic-gate/1"
CLOSED, OPEN = "closed", "open"
WEIGHTS = "model.safetensors"


class Outdated(Exception):
    """Another is champion than the one that the child heard: it has to hear that one."""


def judge(run: TrainingRun, folder: Path) -> Verdict:
    """See training.gate.judge."""
    export = folder / "export"
    broken = list(faults_of(run, export))
    facts = told_of(run, broken)
    if not broken:
        facts |= reckoned(run, folder)
        facts["candidate"] = digest_of(export / WEIGHTS)
    facts["faults"] = broken + [in_english(fault) for fault in facts["against"]] * (settings.GATE != OPEN)
    facts["passes"] = not facts["faults"]
    if facts["passes"]:
        write(facts, export)
    if settings.GATE == OPEN and facts["against"]:
        log.warning("The gate is open: run %s passes, and a closed one would have held it back.", run.pk)
    return Verdict(tuple(facts["faults"]), facts, needs_approval=facts["passes"] and not is_approved(run, facts))


def told_of(run: TrainingRun, broken: list[str]) -> dict[str, Any]:
    """What stands in every gate.json, whatever was found."""
    holder = champion.champion()
    return {
        "format": FORMAT,
        "gate": settings.GATE,
        "broken": broken,
        "against": [],
        "notes": [],
        "release_digest": run.release.digest if run.release else None,
        "champion": holder.digest if holder else None,
        "clips_withdrawn_since_freezing": len(releases.withdrawn_keys(run.release)) if run.release else 0,
    }


def reckoned(run: TrainingRun, folder: Path) -> dict[str, Any]:
    """The arithmetic, with what the site knows; raises Outdated."""
    # numpy and scipy: this process is the trainer's, but whoever imports the room may be a web process.
    from training.gate import deciding, weighing

    holder = champion.champion()
    evaluation = json.loads((folder / "export" / EVALUATION).read_bytes())
    try:
        comparison = json.loads((folder / COMPARISON).read_bytes())
    except (OSError, ValueError):
        return {"against": [{"code": "nothing_compared"}]}
    if comparison.get("champion_digest") != (holder.digest if holder else None):
        raise Outdated("another is champion than the one that the candidate was compared with")
    known = weighing.Known(
        candidate_languages=rivals.languages(evaluation),
        champion_languages=rivals.languages(holder.evaluation) if holder else frozenset(),
        heard_by_champion=rivals.voices_it_knows(holder, run.release) if holder and run.release else frozenset(),
        earlier_looks=looks.earlier(run),
        draws=weighing.DRAWS,
    )
    told = deciding.decide(comparison, evaluation, known)
    return {**told, "against": told.pop("faults")}


def is_approved(run: TrainingRun, facts: dict[str, Any]) -> bool:
    """Whether nobody has to be asked, or somebody approved of these very weights."""
    # Imported late: the schedule imports what a run may be, and we what was decided about one.
    from training import schedule

    if run.approval == TrainingRun.Approval.GIVEN:
        return bool(run.verdict.get("candidate") == facts.get("candidate"))
    return not (schedule.current().needs_approval or run.approval == TrainingRun.Approval.WAITING)


def write(facts: dict[str, Any], export: Path) -> None:
    """Leave the verdict beside the weights, to be published with them."""
    (export / PAGE).write_text(page.written(facts), encoding="utf-8")
    (export / GATE).write_text(json.dumps(facts, indent=2, sort_keys=True, allow_nan=False) + "\n")


def in_english(fault: dict[str, Any]) -> str:
    """A fault as the log and the row keep it."""
    with translation.override("en"):
        return words.said(fault)


def digest_of(path: Path) -> str:
    """The sha256 of the weights: what somebody approves of."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
