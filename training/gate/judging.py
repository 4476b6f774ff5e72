"""A run's candidate judged: what speaks against it, in words and in gate.json, which is published with it.

The gate is thin today. It asks whether the candidate is whole, whether it loads and listens in a fresh process, and
whether its evaluation is there, finite and of this very release; the child itself refuses to export a model that does
not reload to the same embeddings within 1e-5 (on a CPU). It does NOT yet ask whether the candidate is better than the
champion: that needs both on one test split, a paired speaker-clustered bootstrap and guards, and is still to be built.
"""

import json
from pathlib import Path

from contributions.releasing import releases
from openempathic.registry import champion
from training.gate import GATE, Verdict
from training.gate.wholeness import faults_of
from training.models import TrainingRun


def judge(run: TrainingRun, folder: Path) -> Verdict:
    """Try the candidate in the run's folder, and write what was found into its export."""
    export = folder / "export"
    faults = list(faults_of(run, export))
    withdrawn = releases.withdrawn_keys(run.release) if run.release else []
    facts = {
        "gate": "thin-1",
        "passes": not faults,
        "faults": faults,
        "release_digest": run.release.digest if run.release else None,
        "champion": getattr(champion.champion(), "digest", None),
        "clips_withdrawn_since_freezing": len(withdrawn),
    }
    if not faults:
        (export / GATE).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    return Verdict(tuple(faults), facts)
