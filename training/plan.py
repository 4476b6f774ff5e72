"""What a training run is asked to do: one frozen plan, read from plan.json and kept beside what came of it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from training.clara.config import PRESETS


class UnusablePlan(Exception):
    """The plan asks for something that does not exist; the message names it."""


@dataclass(frozen=True)
class FitPlan:
    """One run: the model, how long and how hard it learns, and how often it keeps its state."""

    preset: str = "tiny"
    seed: int = 0
    device: str = "auto"  # auto, cpu or cuda
    # torch's threads on a CPU; 0 leaves torch's own choice. tiny's matrices are so small that a second thread doubled
    # the CPU time and saved no wall time (two busy cores, 400 steps: 63 against 138 CPU seconds).
    threads: int = 1
    # Blocks are compiled for lengths of any kind; it pays on a GPU, and on a CPU only in very long runs.
    compile: bool = False

    # Chosen on five speakers of nEMO, one left out at a time: UAR 0.499 with 400 steps, 0.462 with 200, both under the
    # stronger augmentation that augmentation.py tells of.
    steps: int = 400
    # Every clip is to be heard about so often: where that takes more than `steps`, the run takes more (see suited_to).
    passes: float = 0.0
    warmup_steps: int = 40
    # The rate stays where it is until this last share of the steps, in which it falls to nothing.
    decay_share: float = 0.2
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    longest_gradient: float = 1.0
    ema_decay: float = 0.98
    batch_seconds: float = 64.0  # the padded sound of one batch, of all processes together
    longest_clip_seconds: float = 20.0
    # The share of a batch in pairs of one sentence in two emotions and, of the rest, of one speaker in two emotions.
    pairs_share: float = 0.25

    # The languages that captions speak, one as often as another; with none mostly each clip's own.
    caption_languages: tuple[str, ...] = ()

    head_loss_share: float = 0.5
    view_loss_share: float = 0.5
    augment: bool = True
    # Frozen lower layers listen once, and the run reads what they heard: sound is then not augmented, frames still are.
    cache_frozen: bool = False
    # A control: every clip learns under the labels of another, and what comes of it must be no better than chance.
    shuffle_labels: bool = False

    steps_per_state: int = 50
    steps_per_progress: int = 10
    bootstrap_draws: int = 2000

    @classmethod
    def read(cls, path: Path) -> FitPlan:
        """The plan in a JSON file; raises UnusablePlan when it cannot be followed."""
        try:
            asked = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnusablePlan(f"{path.name} cannot be read: {error}") from error
        if not isinstance(asked, dict):
            raise UnusablePlan(f"{path.name} holds no plan but {type(asked).__name__}")
        return cls.of(asked)

    @classmethod
    def of(cls, asked: dict[str, Any]) -> FitPlan:
        """The plan with these fields and, for the rest, the preset's own values or the defaults."""
        known = {field.name: field for field in fields(cls)}
        if unknown := sorted(asked.keys() - known.keys()):
            raise UnusablePlan(f"a plan has no {', '.join(unknown)}")
        asked = {name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
        for name, value in asked.items():
            if not _is_like(value, known[name].default):
                raise UnusablePlan(f"{name} cannot be {value!r}")
        of_preset = OF_PRESETS.get(asked.get("preset", ""), {})
        # Whoever says how many steps gets so many.
        of_preset = {name: value for name, value in of_preset.items() if name != "passes" or "steps" not in asked}
        plan = replace(cls(), **(of_preset | asked))
        plan.check()
        return plan

    def check(self) -> None:
        """Raise UnusablePlan for a number that no run could follow."""
        if self.preset not in PRESETS:
            raise UnusablePlan(f"no preset is called {self.preset!r}; there are {', '.join(PRESETS)}")
        if self.cache_frozen and not PRESETS[self.preset].base:
            raise UnusablePlan(f"cache_frozen: {self.preset} has no frozen layers")
        if self.device not in ("auto", "cpu", "cuda"):
            raise UnusablePlan(f"no device is called {self.device!r}")
        for name in ("steps", "steps_per_state", "steps_per_progress", "batch_seconds", "learning_rate"):
            if getattr(self, name) <= 0:
                raise UnusablePlan(f"{name} must be above 0, not {getattr(self, name)!r}")
        for name in ("decay_share", "ema_decay", "pairs_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UnusablePlan(f"{name} is a share from 0 to 1, not {getattr(self, name)!r}")
        if self.passes < 0:
            raise UnusablePlan(f"passes cannot be under 0, and is {self.passes!r}")

    def suited_to(self, sound_seconds: float) -> FitPlan:
        """The plan with as many steps as its passes over so much sound take, and no fewer than its own."""
        return replace(self, steps=max(self.steps, math.ceil(self.passes * sound_seconds / self.batch_seconds)))

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data, every default spelled out."""
        return asdict(self)


# What a preset wants otherwise than the defaults.
OF_PRESETS: dict[str, dict[str, Any]] = {
    # An ear of statistics has little to learn: 300 clips take 150 steps of 0.1 s on one core, 100,000 clips of 3 s half
    # an hour. Tried on five speakers at a time of RAVDESS (twice) and of nEMO (six emotions, and three), one of them
    # left out: UAR 0.640 on average, 0.638 at twice the rate, 0.645 with a hidden layer of 64: no difference worth a
    # claim.
    "site": {
        "cache_frozen": True,
        "batch_seconds": 96.0,
        "steps": 150,
        "passes": 5.0,
        "warmup_steps": 15,
        "learning_rate": 1e-3,
    },
}


def _is_like(value: Any, default: Any) -> bool:
    """Whether the value is of the default's kind; a whole number is also a fraction, a truth value is no number."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float) and math.isfinite(value)
    if isinstance(default, tuple):
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return isinstance(value, type(default))
