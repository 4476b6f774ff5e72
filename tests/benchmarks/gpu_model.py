"""What a GPU makes of the model: `python -m tests.benchmarks.gpu_model`, in the root of the repository.

Needs PyTorch, torchaudio, NumPy and safetensors; no Django, no pytest, no sound file. It measures the device first (the
rate of bf16 products, the rate of copies) and holds the model against that, so the figures travel between devices:

- MFU: the operations of a step's products, convolutions and attention, forward and backward, by the seconds of the
  step and the measured rate. Nothing is counted twice for being computed again.
- Roofline: the longer of two times no step can go below, of its operations at the measured rate and of the bytes it
  must move at the measured rate of copies: what the backward pass needs written and read once, and for each weight 32
  bytes (itself, its gradient and two moments, each read and written in float32).
- Stall: the share of a learner's steps that is spent waiting for the next batch of a packing, augmentation off and on.

It prints a table and each goal with what became of it, and writes everything to the JSON file it is given.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

if importlib.util.find_spec("av") is None:
    # Packings are written and read here, never decoded: a machine without the decoder will do.
    sys.modules["av"] = ModuleType("av")

from tests.benchmarks.model_steps import SAMPLE_RATE_HZ, Step, ours, theirs
from training.clara import ClaraConfig
from training.learner import Learner
from training.packing import Packed, PackedClip
from training.packing.packed import made
from training.plan import FitPlan

# Float32 weight, gradient and two moments, each read and written once a step.
BYTES_A_WEIGHT = 32


@dataclass(frozen=True)
class Sizes:
    """How much is measured: these for one H200, smaller ones to see that it runs."""

    preset: str = "base"
    batch: int = 1_024
    raced_batch: int = 256  # what the yardstick finds room for
    seconds: float = 3.0
    turns: int = 20
    warm_up: int = 5
    matrix: int = 8_192
    copied_mebibytes: int = 2_048
    clips: int = 4_000
    learner_steps: int = 60
    yardstick: dict[str, int] | None = None
    compiles: bool = True


SMALL = Sizes(
    preset="nano",
    batch=2,
    raced_batch=2,
    seconds=0.5,
    turns=2,
    warm_up=1,
    matrix=128,
    copied_mebibytes=1,
    clips=30,
    learner_steps=4,
    yardstick={"width": 32, "layers": 1, "latents": 32, "head_width": 8, "latent_heads": 4, "vocabulary": 300},
    compiles=False,
)

# Name of a figure: whether it has to be at least or at most so much.
GOALS: dict[str, tuple[str, float]] = {
    "mfu": ("at least", 0.40),
    "step_by_roofline": ("at most", 2.5),
    "compiled_by_eager": ("at least", 1.5),
    "mel_share": ("at most", 0.02),
    "loader_stall": ("at most", 0.03),
    "clips_by_yardstick": ("at least", 4.0),
}


def measured(device: str, sizes: Sizes) -> dict[str, Any]:
    """Every figure, by name; those of GOALS among them."""
    told: dict[str, Any] = {"device": named(device), "torch": torch.__version__, "sizes": asdict(sizes)}
    told["flop_per_second"] = matrix_rate(device, sizes)
    told["bytes_per_second"] = copy_rate(device, sizes)
    told |= steps(device, sizes, told["flop_per_second"], told["bytes_per_second"])
    told |= race(device, sizes)
    with tempfile.TemporaryDirectory(prefix="packing-") as folder:
        packed = packing(Path(folder) / "packed", sizes)
        told["loader"] = {
            "plain": learnt(packed, device, sizes, augment=False),
            "augmented": learnt(packed, device, sizes, augment=True),
        }
    told["loader_stall"] = max(way["stall"] for way in told["loader"].values())
    return told


def steps(device: str, sizes: Sizes, flop_per_second: float, bytes_per_second: float) -> dict[str, Any]:
    """A step of the model eager and compiled, held against the device."""
    config = ClaraConfig.preset(sizes.preset)
    eager = ours(config, batch=sizes.batch, seconds=sizes.seconds, device=device)
    flops, moved = eager.flops(), bytes_moved(eager)
    parameters = sum(weight.numel() for weight in eager.model.parameters())
    told: dict[str, Any] = {"parameters": parameters, "flop_per_clip": flops / sizes.batch, "bytes_per_step": moved}
    seconds = {"eager": quickest(eager, sizes)}
    mel = mel_seconds(eager, sizes, config)
    del eager
    for lengths in ("any length", "one length") if sizes.compiles else ():
        step = ours(config, batch=sizes.batch, seconds=sizes.seconds, device=device, compiled_for=lengths)
        seconds[f"compiled for {lengths}"] = quickest(step, sizes)
        del step
        torch.compiler.reset()
    # As training compiles it; where nothing is compiled there is only the eager step.
    taken = seconds.get("compiled for any length", seconds["eager"])
    roofline = max(flops / flop_per_second, moved / bytes_per_second)
    return told | {
        "step_seconds": seconds,
        "clips_per_second": sizes.batch / taken,
        "mfu": flops / taken / flop_per_second,
        "roofline_seconds": roofline,
        "step_by_roofline": taken / roofline,
        "compiled_by_eager": seconds["eager"] / taken,
        "mel_seconds": mel,
        "mel_share": mel / taken,
    }


def race(device: str, sizes: Sizes) -> dict[str, Any]:
    """Clips a second of the model and of CLARA-100M, both eager and both compiled, on the same batch."""
    config = ClaraConfig.preset(sizes.preset)
    told: dict[str, dict[str, float]] = {}
    for lengths in (None, "any length") if sizes.compiles else (None,):
        same = {"batch": sizes.raced_batch, "seconds": sizes.seconds, "device": device, "compiled_for": lengths}
        own, yardstick = ours(config, **same), theirs(**same, sizes=sizes.yardstick)
        rates = [sizes.raced_batch / quickest(step, sizes) for step in (own, yardstick)]
        told[lengths or "eager"] = {"ours": rates[0], "theirs": rates[1], "ratio": rates[0] / rates[1]}
        del own, yardstick
        torch.compiler.reset()
    # The smaller of both, so that no compiler decides it.
    return {"race": told, "clips_by_yardstick": min(way["ratio"] for way in told.values())}


class Watched(Learner):
    """A learner that notes how long it waits for its next batch."""

    waited = 0.0

    def _read_or_ready(self, own: Sequence[PackedClip]) -> tuple[Tensor, Tensor]:
        began = time.perf_counter()
        read = super()._read_or_ready(own)
        self.waited += time.perf_counter() - began
        return read


def learnt(packed: Packed, device: str, sizes: Sizes, *, augment: bool) -> dict[str, float]:
    """Steps of a learner on the packing: clips a second, and the share of the time that it waited for sound."""
    plan = FitPlan(
        preset=sizes.preset,
        device=device,
        steps=sizes.warm_up + sizes.learner_steps + 1,
        batch_seconds=sizes.batch * sizes.seconds,
        augment=augment,
        compile=sizes.compiles,
    )
    learner = Watched(packed, packed.split("train"), plan, device=torch.device(device))
    for _ in range(sizes.warm_up):
        learner.step()
    settle(device)
    learner.waited, clips, began = 0.0, 0, time.perf_counter()
    for _ in range(sizes.learner_steps):
        clips += len(learner.batches.peek())
        learner.step()
    settle(device)
    spent = time.perf_counter() - began
    return {
        "clips_per_second": clips / spent,
        "stall": learner.waited / spent,
        "steps_per_second": sizes.learner_steps / spent,
    }


def packing(folder: Path, sizes: Sizes) -> Packed:
    """A packing of noise: clips of one to ten seconds, of forty speakers, seven emotions and three languages."""
    random = np.random.default_rng(0)
    emotions = ClaraConfig.preset(sizes.preset).emotions
    counts = (random.uniform(1, 10, sizes.clips) * SAMPLE_RATE_HZ).astype(int)
    offsets = np.cumsum([0, *counts])
    clips = [
        PackedClip(
            key=f"clip{number:06d}",
            split="train",
            speaker=f"speaker{number % 40}",
            language=("en", "pl", "de")[number % 3],
            corpus="made",
            emotions={emotions[number % len(emotions)]: 1.0},
            intensity=None,
            texts=[],
            offset=int(offset),
            sample_count=int(count),
        )
        for number, (offset, count) in enumerate(zip(offsets, counts, strict=False))
    ]

    def write(file: Any) -> list[PackedClip]:
        for count in counts:
            file.write(random.integers(-3_000, 3_000, count, dtype="<i2").tobytes())
        return clips

    return made(folder, write=write, about=lambda: {"release_digest": "made", "source": {}})


def bytes_moved(step: Step) -> int:
    """The least that a step moves: what backward needs, written and read once, and the weights with their moments."""
    weights = {weight.untyped_storage().data_ptr() for weight in step.model.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        lost = step.lost()
    del lost
    learning = sum(weight.numel() for weight in step.model.parameters() if weight.requires_grad)
    return 2 * sum(saved.values()) + BYTES_A_WEIGHT * learning


def mel_seconds(step: Step, sizes: Sizes, config: ClaraConfig) -> float:
    """What the log-mel pictures of the batch take."""
    sound = torch.randn(sizes.batch, int(sizes.seconds * config.sample_rate_hz), device=step.device)
    counts = torch.full((sizes.batch,), sound.shape[1], device=step.device)
    return middle(lambda: step.model.log_mel(sound, counts), step.device, sizes)


def matrix_rate(device: str, sizes: Sizes) -> float:
    """Operations a second of the device's bf16 products, two a product and addition."""
    left, right = (torch.randn(sizes.matrix, sizes.matrix, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * sizes.matrix**3 / middle(lambda: left @ right, torch.device(device), sizes)


def copy_rate(device: str, sizes: Sizes) -> float:
    """Bytes a second that a copy on the device reads and writes."""
    source = torch.empty(sizes.copied_mebibytes << 20, dtype=torch.uint8, device=device)
    into = torch.empty_like(source)
    return 2 * source.nbytes / middle(lambda: into.copy_(source), torch.device(device), sizes)


def middle(act: Callable[[], Any], device: torch.device, sizes: Sizes) -> float:
    """The middle of the seconds it takes, after warming up."""
    with torch.no_grad():
        times = [timed(act, device) for _ in range(sizes.warm_up + sizes.turns)]
    return statistics.median(times[sizes.warm_up :])


def quickest(step: Step, sizes: Sizes) -> float:
    """The middle of the seconds of a step, after steps that compile and warm up."""
    for _ in range(sizes.warm_up):
        step()
    return statistics.median(timed(step, step.device) for _ in range(sizes.turns))


def timed(act: Callable[[], Any], device: torch.device) -> float:
    """Seconds until the device is done with it."""
    settle(device)
    began = time.perf_counter()
    act()
    settle(device)
    return time.perf_counter() - began


def settle(device: str | torch.device) -> None:
    """Wait until the device has nothing left to do."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def named(device: str) -> str:
    """What the device is called."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name()
    return f"{device}, {torch.get_num_threads()} threads"


def misses(told: dict[str, Any]) -> list[str]:
    """The goals that were missed, each with what became of it."""
    told_of = [judged(name, told[name]) for name in GOALS]
    return [words for words, is_reached in told_of if not is_reached]


def judged(name: str, value: float) -> tuple[str, bool]:
    """A goal in words with its figure, and whether it was reached."""
    way, limit = GOALS[name]
    is_reached = value >= limit if way == "at least" else value <= limit
    return f"{name} {value:.3f}, {way} {limit}: {'reached' if is_reached else 'missed'}", is_reached


def main() -> int:
    """Measure, tell, and fail where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    parser.add_argument("--batch", type=int, default=Sizes.batch)
    parser.add_argument("--small", action="store_true", help="only see that everything runs")
    asked = parser.parse_args()
    sizes = SMALL if asked.small else replace(Sizes(), batch=asked.batch)
    told = measured(asked.device, sizes)
    text = json.dumps(told, indent=2)
    if asked.json:
        asked.json.write_text(text + "\n", encoding="utf-8")
    print(text)  # noqa: T201 — its answer
    for name in GOALS:
        print(judged(name, told[name])[0])  # noqa: T201
    return 1 if misses(told) else 0


if __name__ == "__main__":
    sys.exit(main())
