"""One CLARA while it learns: weights, their moving average, optimizer and place among the batches.

Every random number of a step is drawn from generators seeded by the plan's seed and the step, so a learner restored
from its state goes on exactly as it would have gone, and no generator has to be kept.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from training import augmentation, loss
from training.batches import Batches
from training.captions import strength_of, training_caption
from training.clara import Clara, ClaraConfig
from training.clara.inference import built
from training.packing import SAMPLE_RATE_HZ, Packed, PackedClip
from training.plan import FitPlan

ADAM_BETAS = (0.9, 0.98)
SKIPS_IN_A_ROW = 20


class Diverged(Exception):
    """The loss was not a number for too many steps in a row."""


class Unlearnable(Exception):
    """There is too little to learn from; the message says what is missing."""


class Learner:
    """A model in the making; `step()` moves it on, `state()` and `restore()` carry it over a kill."""

    def __init__(self, packed: Packed, clips: list[PackedClip], plan: FitPlan, *, device: torch.device) -> None:
        self.emotions = tuple(sorted({clip.emotion for clip in clips}))
        if len(self.emotions) < 2:
            raise Unlearnable(f"training needs clips of two emotions; there is {', '.join(self.emotions) or 'none'}")
        self.plan, self.packed, self.device = plan, packed, device
        torch.manual_seed(plan.seed)
        self.config = ClaraConfig.preset(plan.preset, emotions=self.emotions)
        self.model = built(self.config).to(device)
        self.average = deepcopy(self.model).eval()
        self.optimizer = _optimizer(self.model, plan, device)
        self.batches = Batches(
            clips, seed=plan.seed, batch_seconds=plan.batch_seconds, longest_clip_seconds=plan.longest_clip_seconds
        )
        self.class_weights = loss.class_weights(self._votes(clips))
        self.steps_done = self.steps_skipped = self._skips_in_a_row = 0

    def step(self) -> float:
        """Learn from one batch; the loss, or NaN when the step was skipped for not being a number."""
        torch.manual_seed(_mixed(self.plan.seed, self.steps_done))
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * rate_at(self.steps_done, self.plan)
        self.model.train()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            lost = self._lost(self.batches.next())
        self.optimizer.zero_grad(set_to_none=True)
        lost.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.longest_gradient)
        self.steps_done += 1
        if not (torch.isfinite(lost) and torch.isfinite(norm)):
            return self._skipped()
        self._skips_in_a_row = 0
        self.optimizer.step()
        self._move_average()
        return float(lost.detach())

    def clara(self, labels: dict[str, list[str]]) -> Clara:
        """What was learnt so far: the moving average of the weights."""
        return Clara(self.config, deepcopy(self.average), labels=labels)

    def state(self) -> dict[str, Any]:
        """Everything that going on needs."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state(),
            "plan": self.plan.as_json(),
            "emotions": list(self.emotions),
            "release_digest": self.packed.release_digest,
            "steps_done": self.steps_done,
            "steps_skipped": self.steps_skipped,
            "skips_in_a_row": self._skips_in_a_row,
        }

    def fits(self, state: dict[str, Any]) -> bool:
        """Whether the state was made by the same plan on the same release."""
        return (state["plan"], state["emotions"], state["release_digest"]) == (
            self.plan.as_json(),
            list(self.emotions),
            self.packed.release_digest,
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where the state was taken."""
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.batches.restore(state["batches"])
        self.steps_done, self.steps_skipped = state["steps_done"], state["steps_skipped"]
        self._skips_in_a_row = state["skips_in_a_row"]

    def _lost(self, clips: list[PackedClip]) -> Tensor:
        waveforms, sample_counts = self._sound(clips)  # (clips, samples), (clips)
        if self.plan.augment:
            waveforms, sample_counts, _ = augmentation.changed(waveforms, sample_counts)
        mel, frame_counts = self.model.log_mel(waveforms, sample_counts)  # (clips, mels, frames), (clips)
        if self.plan.augment:
            mel = augmentation.masked(mel, frame_counts)
        audio, logits = self.model.hear(mel, frame_counts)  # (clips, width), (clips, emotions)

        # Clips that drew the same words share one caption, which is then read once.
        random = np.random.default_rng((self.plan.seed, self.steps_done))
        captions = list(
            dict.fromkeys(training_caption(clip, bins={}, falsified=frozenset(), random=random) for clip in clips)
        )
        text = self.model.read([caption.text for caption in captions])  # (captions, width)
        votes = self._votes(clips).to(self.device)  # (clips, emotions)
        strengths = [strength_of(clip.intensity) for clip in clips]
        truth, known = loss.truth(votes, strengths, captions, self.emotions)
        weights = torch.tensor([clip.weight for clip in clips], device=self.device)  # (clips)
        return loss.contrastive(
            audio, text, self.model.logit_scale, truth=truth, known=known, weights=weights
        ) + self.plan.head_loss_share * loss.head(logits, votes, self.class_weights.to(self.device), weights)

    def _sound(self, clips: list[PackedClip]) -> tuple[Tensor, Tensor]:
        longest = int(self.plan.longest_clip_seconds * SAMPLE_RATE_HZ)
        waveforms = [torch.from_numpy(self.packed.waveform(clip)[:longest]) for clip in clips]
        counts = torch.tensor([len(waveform) for waveform in waveforms], device=self.device)
        return pad_sequence(waveforms, batch_first=True).to(self.device).float() / 32_768, counts

    def _votes(self, clips: list[PackedClip]) -> Tensor:
        votes = torch.tensor([[clip.emotions.get(emotion, 0.0) for emotion in self.emotions] for clip in clips])
        return votes / votes.sum(dim=1, keepdim=True)

    def _skipped(self) -> float:
        self.steps_skipped += 1
        self._skips_in_a_row += 1
        if self._skips_in_a_row > SKIPS_IN_A_ROW:
            raise Diverged(f"the loss was not a number for {self._skips_in_a_row} steps in a row")
        return math.nan

    @torch.no_grad()
    def _move_average(self) -> None:
        # Young averages forget faster, or they would remember the fresh weights for ever.
        decay = min(self.plan.ema_decay, (1 + self.steps_done) / (10 + self.steps_done))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)


def rate_at(step: int, plan: FitPlan) -> float:
    """The share of the learning rate at a step: a straight warm-up, then half a cosine down to nothing."""
    if step < plan.warmup_steps:
        return (step + 1) / plan.warmup_steps
    way = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, way)))


def device_for(asked: str) -> torch.device:
    """The device of that name; `auto` is the GPU when there is one."""
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise Unlearnable("the plan asks for a CUDA device and there is none")
    return torch.device(asked)


def _optimizer(model: nn.Module, plan: FitPlan, device: torch.device) -> torch.optim.Optimizer:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    others = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    # Norms, biases and the logit scale must not be pulled to nothing.
    groups = [{"params": matrices, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=ADAM_BETAS, fused=device.type == "cuda")


def _mixed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1)[0])
