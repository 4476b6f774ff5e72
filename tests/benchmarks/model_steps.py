"""Training steps of our models and of CLARA-100M on a batch that never changes: what is raced and counted.

Both sides have the same clips and as many captions as clips, the same optimizer and, on a GPU, bf16 where autocast
says so. Ours makes its log-mel pictures inside the step; the yardstick is handed them. No Django, no pytest.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.clara100m import Clara100M, PreNorm
from training import loss
from training.clara import ClaraConfig
from training.clara.blocks import Block
from training.clara.inference import built

SAMPLE_RATE_HZ = 16_000
CAPTIONS = (
    "a person talking in an angry voice",
    "someone sounds a little afraid, speaking softly and fast",
    "la voix d'une personne très heureuse",
    "ktoś mówi smutnym, niskim głosem",
    "a calm voice, mostly neutral, somewhat sad",
    "una voz que suena sorprendida",
    "eine Person spricht angewidert und laut",
    "a woman speaks quickly in a happy voice",
)
# What "a person talking in an angry voice" takes with its language and its marks in the yardstick's vocabulary.
CAPTION_TOKENS = 12


@dataclass
class Step:
    """A model and its batch: calling it takes one step of training and gives the loss."""

    model: nn.Module
    losing: Callable[[], Tensor]
    optimizer: torch.optim.Optimizer
    device: torch.device
    batch: int

    def __call__(self) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        lost = self.lost()
        lost.backward()
        self.optimizer.step()
        return lost.detach()

    def lost(self) -> Tensor:
        """The loss of the batch."""
        if self.device.type != "cuda":
            return self.losing()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            return self.losing()

    def flops(self) -> int:
        """Floating-point operations of forward and backward in products, convolutions and attention; two a product."""
        with FlopCounterMode(display=False) as counted:
            self.lost().backward()
        return counted.get_total_flops()

    def seconds(self) -> float:
        """What one step takes: of this thread's processor time, or between two events of the GPU."""
        if self.device.type != "cuda":
            began = time.thread_time()
            self()
            return time.thread_time() - began
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        self()
        last.record()
        torch.cuda.synchronize()
        return first.elapsed_time(last) / 1_000


def ours(
    config: ClaraConfig, *, batch: int, seconds: float, device: str = "cpu", compiled_for: str | None = None
) -> Step:
    """A step of a CLARA of ours with fresh weights, from waveforms to the moved weights."""
    torch.manual_seed(0)
    where = torch.device(device)
    with filling(where):  # on the CPU: the front end's filters are checked by their values
        model = built(config).to(where).train()
    with where:
        waveforms = torch.randn(batch, int(seconds * SAMPLE_RATE_HZ)) * 0.1
        counts = torch.full((batch,), waveforms.shape[1])
        votes = torch.eye(len(config.emotions))[torch.arange(batch) % len(config.emotions)]
        truth, known = votes @ votes.T, torch.ones(batch, batch, dtype=torch.bool)
        weights = torch.ones(len(config.emotions))
    captions = list(islice(cycle(CAPTIONS), batch))
    compiled([block for block in model.modules() if isinstance(block, Block)], compiled_for)

    @torch.no_grad()
    def below() -> tuple[Tensor, Tensor]:
        if where.type == "meta":  # only to count: the front end has no products worth counting, and does not run there
            return waveforms.new_empty(batch, config.mels, -(-waveforms.shape[1] // config.hop_samples)), counts
        return model.below(waveforms, counts)

    def losing() -> Tensor:
        audio, logits = model.hear(*below())
        text = model.read(captions)
        alike = loss.contrastive(audio, text, model.logit_scale, truth=truth, known=known)
        return alike + 0.5 * loss.head(logits, votes, weights)

    return Step(model, losing, adam(model, where), where, batch)


def theirs(
    *,
    batch: int,
    seconds: float,
    device: str = "cpu",
    compiled_for: str | None = None,
    sizes: dict[str, int] | None = None,
) -> Step:
    """A step of CLARA-100M with fresh weights, from log-mel pictures to the moved weights."""
    torch.manual_seed(0)
    where = torch.device(device)
    with where:
        with filling(where):
            model = Clara100M(**(sizes or {})).train()
        mel = torch.randn(batch, 80, int(seconds * 100))
        tokens = torch.randint(model.text_embedding.num_embeddings, (batch, CAPTION_TOKENS))
    compiled([part for part in model.modules() if isinstance(part, PreNorm | nn.TransformerEncoderLayer)], compiled_for)
    return Step(model, lambda: model.loss(mel, tokens), adam(model, where), where, batch)


class Unfilled(TorchFunctionMode):
    """Models made under it have weights of whatever lies there, which is quick and enough to count."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def filling(device: torch.device) -> AbstractContextManager[Any]:
    """Weights are drawn but where nothing is computed."""
    return Unfilled() if device.type == "meta" else nullcontext()


def compiled(blocks: list[nn.Module], lengths: str | None) -> None:
    """Have torch compile each block in place: for batches of `any length`, as training does, of `one length`, or not.

    Blocks are alike, so one compilation serves a whole tower.
    """
    if lengths is None:
        return
    for block in blocks:
        block.compile(dynamic={"any length": True, "one length": False}[lengths])


def adam(model: nn.Module, device: torch.device) -> torch.optim.Optimizer:
    """The same optimizer for both, in one kernel where the device has one."""
    return torch.optim.AdamW(model.parameters(), lr=1e-4, fused=device.type in ("cpu", "cuda"))


@dataclass(frozen=True)
class Race:
    """Seconds of each turn of two steps that ran by turns."""

    first: list[float]
    second: list[float]

    @property
    def ratio(self) -> float:
        """How many times quicker the first is: the middle of the turns' ratios."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        """Turn by turn: whatever else the machine did then, it did to both."""
        return [second / first for first, second in zip(self.first, self.second, strict=True)]


def raced(first: Step, second: Step, *, turns: int, warm_up: int = 1) -> Race:
    """Step by step in turns, on one device in one process, after steps that do not count."""
    for _ in range(warm_up):
        first(), second()
    times = [(first.seconds(), second.seconds()) for _ in range(turns)]
    return Race([one for one, _other in times], [other for _one, other in times])
