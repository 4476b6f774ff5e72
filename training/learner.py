"""One CLARA while it learns: weights, their moving average, optimizer and place among the batches.

Every random number of a step is drawn from generators seeded by the plan's seed and the step, so a learner restored
from its state goes on exactly as it would have gone, and no generator has to be kept. Several processes learn as one:
each hears its share of the batch and reads its share of the captions, and all compute the loss of the whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils.rnn import pad_sequence

from training import augmentation, feature_cache, loss, parallel, prosody
from training.batches import Batches
from training.captions import Caption, training_caption
from training.clara import Clara, ClaraConfig
from training.clara.audio import StatisticsEncoder
from training.clara.blocks import Block
from training.clara.inference import built
from training.clara.model import ClaraModel
from training.feature_cache import FeatureCache
from training.packing import SAMPLE_RATE_HZ, Packed, PackedClip
from training.parallel import ALONE, Team
from training.plan import FitPlan
from training.truth import truth

ADAM_BETAS = (0.9, 0.98)
SKIPS_IN_A_ROW = 20
# Of so many clips an ear of statistics is told at the start what is level: where they were heard before, and where
# each has to be heard for it. Means and deviations of thousands do not move any more.
LEVELLED_BY, LEVELLED_BY_SOUND = 8_192, 512


class Diverged(Exception):
    """The loss was not a number for too many steps in a row."""


class Unlearnable(Exception):
    """There is too little to learn from; the message says what is missing."""


class Towers(nn.Module):
    """Both towers in one call, which is what DistributedDataParallel watches over."""

    def __init__(self, model: ClaraModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, below: Tensor, counts: Tensor, texts: list[str]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Clips' embeddings (clips, width) and logits (clips, emotions), texts' (texts, width), and the logit scale."""
        return (*self.model.hear(below, counts), self.model.read(texts), self.model.logit_scale)


class Learner:
    """A model in the making; `step()` moves it on, `state()` and `restore()` carry it over a kill.

    Its `plan` is the one it was given, with as many steps as so many clips take.
    With a `cache` it hears what its frozen lower layers once heard, in place of the sound.
    """

    def __init__(
        self,
        packed: Packed,
        clips: Sequence[PackedClip],
        plan: FitPlan,
        *,
        device: torch.device,
        team: Team = ALONE,
    ) -> None:
        labelled = [clip for clip in clips if clip.emotions]
        self.emotions = tuple(sorted({clip.emotion for clip in labelled}))
        if len(self.emotions) < 2:
            raise Unlearnable(f"training needs clips of two emotions; there is {', '.join(self.emotions) or 'none'}")
        plan = plan.suited_to(sum(min(clip.duration_seconds, plan.longest_clip_seconds) for clip in clips))
        self.plan, self.packed, self.clips, self.device, self.team = plan, packed, clips, device, team
        torch.manual_seed(plan.seed)
        self.config = ClaraConfig.preset(plan.preset, emotions=self.emotions)
        self.model = built(self.config).to(device)
        # The frozen layers are the same for both, and large.
        self.average = deepcopy(self.model, {id(self.model.base): self.model.base}).eval()
        self.optimizer = _optimizer(self.model, plan)
        self._towers = _towers(self.model, plan, team)
        self.batches = Batches(
            clips,
            seed=plan.seed,
            batch_seconds=plan.batch_seconds,
            longest_clip_seconds=plan.longest_clip_seconds,
            pairs_share=plan.pairs_share,
        )
        # Of all clips, also those that are dropped: a withdrawal must not change what is said of the others.
        self.bins = prosody.bins(clips)
        self.class_weights = loss.class_weights(self._votes(labelled))
        self.cache: FeatureCache | None = None
        self.steps_done = self.steps_skipped = self._skips_in_a_row = 0
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._ahead: tuple[list[str], Future[tuple[Tensor, Tensor]]] | None = None

    def step(self) -> float:
        """Learn from one batch; the loss, or NaN when the step was skipped for not being a number."""
        if not self.steps_done:
            self._level()
        torch.manual_seed(_mixed(self.plan.seed, self.steps_done, self.team.rank))
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

    def hear_once(self, *, on_shard: Callable[[int, int], None] = lambda done, of: None) -> None:
        """Have the frozen layers listen to every clip and keep what they hear; what was kept before stays."""
        frozen = f"{self.config.base} {self.config.base_taps} {self.config.base_stride}"
        feature_cache.made(
            self.packed,
            self.clips,
            self.model.below,
            frozen=frozen,
            longest_seconds=self.plan.longest_clip_seconds,
            device=self.device,
            on_shard=on_shard,
        )

    def clara(self, labels: dict[str, list[str]]) -> Clara:
        """What was learnt so far: the moving average of the weights."""
        return Clara(self.config, deepcopy(self.average), labels=labels)

    def state(self) -> dict[str, Any]:
        """Everything that going on needs, on however many processes."""
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

    @torch.no_grad()
    def _level(self) -> None:
        """Let an ear of statistics begin where those of the clips are level, in the model and in its average.

        It is a part of the first step: what a state holds was levelled already, and is never levelled again.
        """
        ears = [model.audio for model in (self.model, self.average) if isinstance(model.audio, StatisticsEncoder)]
        if not ears:
            return
        clips = [clip for clip in self.clips if clip.key not in self.batches.dropped]
        clips = clips[:: max(1, -(-len(clips) // (LEVELLED_BY if self.cache else LEVELLED_BY_SOUND)))]
        rows = [torch.empty(0, len(ears[0].scale), device=self.device)]
        for clip in self.team.share(clips):
            sound, counts = (part.to(self.device) for part in self._read([clip]))
            below, counts = (sound, counts) if self.cache else self.model.below(sound.float() / 32_768, counts)
            rows.append(ears[0].statistics(below, counts))
        statistics = self.team.gathered(torch.cat(rows), self.team.sizes(len(clips)))  # (clips, 2 x channels)
        for ear in ears:
            ear.suit(statistics.mean(dim=0), statistics.std(dim=0, correction=0))

    def _lost(self, clips: list[PackedClip]) -> Tensor:
        """The loss of the whole batch, of which this process hears and reads its share."""
        own, sizes = self.team.share(clips), self.team.sizes(len(clips))
        # A process without a share hears one clip all the same: every parameter has to have a gradient.
        below, counts, falsified = self._heard(own or clips[:1])
        captions, falsified = self._captions(clips, falsified[: len(own)])
        told = self.team.share(captions)
        audio, logits, text, scale = self._towers(
            below, counts, [caption.text for caption in told or captions[:1]]
        )  # (own and heard again, width), (same, emotions), (told, width), ()
        again = audio[len(own) : len(own) + len(_unlabelled(own))]
        audio = self.team.gathered(audio[: len(own)], sizes)  # (clips, width)
        logits = self.team.gathered(logits[: len(own)], sizes)  # (clips, emotions)
        text = self.team.gathered(text[: len(told)], self.team.sizes(len(captions)))  # (captions, width)

        weights = torch.tensor([clip.weight for clip in clips], device=self.device)  # (clips)
        true, known = truth(
            clips, captions, self.emotions, bins=self.bins, falsified=falsified, device=self.device
        )  # (clips, captions) twice
        lost = loss.contrastive(audio, text, scale, truth=true, known=known, weights=weights)
        votes, class_weights = self._votes(clips).to(self.device), self.class_weights.to(self.device)
        lost = lost + self.plan.head_loss_share * loss.head(logits, votes, class_weights, weights)
        if repeated := _unlabelled(clips):
            again = self.team.gathered(again, [len(_unlabelled(share)) for share in self.team.shares(clips)])
            same = torch.tensor([[one.key == other.key for other in clips] for one in repeated], device=self.device)
            lost = lost + self.plan.view_loss_share * loss.views(again, audio, scale, same=same)
        return lost

    @torch.no_grad()
    def _heard(self, own: Sequence[PackedClip]) -> tuple[Tensor, Tensor, list[frozenset[str]]]:
        """What the learning layers hear of the clips, and once more of those without labels, otherwise augmented.

        With its counts, and with the facets that augmentation took from each.
        """
        sound, counts = self._read_or_ready(own)
        rows = [*range(len(own)), *(row for row, clip in enumerate(own) if not clip.emotions)]
        falsified = [frozenset[str]()] * len(rows)
        sound = sound.to(self.device, non_blocking=True)[rows]
        counts = counts.to(self.device, non_blocking=True)[rows]
        if self.cache:
            heard = sound.float()  # (clips, tokens, taps, width)
        else:
            waveforms = sound.float() / 32_768  # (clips, samples)
            if self.plan.augment:
                waveforms, counts, falsified = augmentation.changed(waveforms, counts)
            heard, counts = self.model.below(waveforms, counts)
        return (_masked(heard, counts) if self.plan.augment else heard), counts, falsified

    def _captions(
        self, clips: list[PackedClip], falsified: list[frozenset[str]]
    ) -> tuple[list[Caption], list[frozenset[str]]]:
        """One caption a clip, each different one once, and what augmentation falsified: of the whole batch."""
        places = self.team.share(range(len(clips)))
        own = [
            training_caption(
                clips[place],
                bins=self.bins.get(clips[place].key, {}),
                falsified=false,
                random=np.random.default_rng((self.plan.seed, self.steps_done, place)),
                languages=self.plan.caption_languages,
            )
            for place, false in zip(places, falsified, strict=True)
        ]
        told = self.team.exchanged([[asdict(caption) for caption in own], [sorted(false) for false in falsified]])
        different = {json.dumps(row, sort_keys=True): row for rows, _ in told for row in rows}
        captions = [Caption(**row | {"emotions": tuple(map(tuple, row["emotions"]))}) for row in different.values()]
        return captions, [frozenset(false) for _, every in told for false in every]

    def _read_or_ready(self, own: Sequence[PackedClip]) -> tuple[Tensor, Tensor]:
        """The own part of the batch, read while the step before was taken; the next is read meanwhile."""
        ready, self._ahead = self._ahead, None
        keys = [clip.key for clip in own]
        # A clip that was dropped in between left the batch, which is then read anew.
        read = ready[1].result() if ready and ready[0] == keys else self._read(own)
        if self.steps_done + 1 < self.plan.steps:
            coming = self.batches.peek()
            coming = list(self.team.share(coming) or coming[:1])
            self._ahead = [clip.key for clip in coming], self._reader.submit(self._read, coming)
        return read

    def _read(self, clips: Sequence[PackedClip]) -> tuple[Tensor, Tensor]:
        """Samples (clips, samples) or cached tokens (clips, tokens, taps, width), padded, and their counts (clips)."""
        longest = int(self.plan.longest_clip_seconds * SAMPLE_RATE_HZ)
        one = self.cache.tokens if self.cache else lambda clip: self.packed.waveform(clip)[:longest]
        pieces = [torch.from_numpy(one(clip)) for clip in clips]
        padded, counts = pad_sequence(pieces, batch_first=True), torch.tensor([len(piece) for piece in pieces])
        return (padded.pin_memory() if self.device.type == "cuda" else padded), counts

    def _votes(self, clips: Sequence[PackedClip]) -> Tensor:
        """Shares of the emotions (clips, emotions); a row of zeros where nobody voted."""
        votes = torch.tensor([[clip.emotions.get(emotion, 0.0) for emotion in self.emotions] for clip in clips])
        return votes / votes.sum(dim=1, keepdim=True).clamp(min=1e-6)

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
        torch._foreach_lerp_(_learning(self.average), _learning(self.model), 1 - decay)


def rate_at(step: int, plan: FitPlan) -> float:
    """The share of the learning rate at a step: a straight warm-up, a long stay, and a fall to nothing.

    The fall is by the root of its way (arXiv 2405.18392), which does better than a straight one.
    """
    if step < plan.warmup_steps:
        return (step + 1) / plan.warmup_steps
    falling = plan.decay_share * plan.steps
    left = plan.steps - step
    return 1.0 if left > falling else 1 - math.sqrt(max(0.0, 1 - left / falling))


def device_for(asked: str) -> torch.device:
    """The device of that name, of several the one that is this process's; `auto` is the GPU when there is one."""
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cpu":
        return torch.device("cpu")
    if parallel.local_rank() >= torch.cuda.device_count():
        raise Unlearnable("the plan asks for a CUDA device and there is none, or none left for this process")
    device = torch.device("cuda", parallel.local_rank())
    torch.cuda.set_device(device)
    return device


def _towers(model: ClaraModel, plan: FitPlan, team: Team) -> nn.Module:
    if plan.compile:
        for module in model.modules():
            if isinstance(module, Block):
                # In place, one graph for blocks of one kind, and for batches of any shape.
                module.compile(dynamic=True)
    towers = Towers(model)
    if team.size == 1:
        return towers
    return DistributedDataParallel(towers, broadcast_buffers=False, gradient_as_bucket_view=True)


def _optimizer(model: nn.Module, plan: FitPlan) -> torch.optim.Optimizer:
    learning = _learning(model)
    # Norms, biases and the logit scale must not be pulled to nothing.
    groups: list[dict[str, Any]] = [
        {"params": [parameter for parameter in learning if parameter.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [parameter for parameter in learning if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=ADAM_BETAS, fused=True)


def _learning(model: nn.Module) -> list[Tensor]:
    """The parameters that are not frozen."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _unlabelled(clips: Sequence[PackedClip]) -> list[PackedClip]:
    return [clip for clip in clips if not clip.emotions]


def _masked(heard: Tensor, counts: Tensor) -> Tensor:
    """SpecAugment of log-mels (clips, mels, frames), or of cached tokens (clips, tokens, taps, width) as if of mels."""
    if heard.ndim == 3:
        return augmentation.masked(heard, counts)
    return augmentation.masked(heard.flatten(2).transpose(1, 2), counts).transpose(1, 2).reshape(heard.shape)


def _mixed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1)[0])
