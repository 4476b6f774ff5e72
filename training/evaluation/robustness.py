"""What noise, a telephone and a cut cost: the suggestions for disturbed clips beside those for the same clips clean."""

from __future__ import annotations

from typing import Any

from training.evaluation import figures
from training.evaluation.disturbances import DISTURBANCES
from training.evaluation.hearing import Heard


def measure(heard: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """Under each disturbance the UAR of the suggestions, and by how much it is above that of the clean clips."""
    names, clean = list(heard.clara.labels), heard.suggested
    told = {}
    for name in DISTURBANCES:
        said = [names[index] for index in heard.under(name).argmax(axis=1)]
        told[name] = {
            **figures.summary(heard.truth, said, heard.speakers, draws=draws, seed=seed),
            "against_clean": figures.paired(heard.truth, said, clean, heard.speakers, draws=draws, seed=seed),
        }
    return told
