"""The fixed base: frozen layers that ship as a file, named by its digest, under every site's own ear.

weights/README.md says where they come from and how they are made again. Another base, made by import_base, is found by
its digest in the folders that CLARA_BASES names.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as weights_from_bytes
from safetensors.torch import save as weights_to_bytes
from torch import Tensor, nn
from torch.nn import functional

from training.clara import pretrained, wavlm, whisper
from training.clara.config import SHIPPED_BASE
from training.clara.spectrogram import frame_mask
from training.clara.wavlm import WavLMEncoder
from training.clara.whisper import WhisperEncoder

DIGEST = SHIPPED_BASE
SHIPPED = "whisper-base-4.safetensors"
WEIGHTS = Path(__file__).parent / "weights"
FORMAT = "clara-base/1"
FOLDERS = "CLARA_BASES"
Tower = WhisperEncoder | WavLMEncoder
KINDS: dict[str, type[Tower]] = {"whisper": WhisperEncoder, "wavlm": WavLMEncoder}


class WrongBase(Exception):
    """The base that was asked for is not here, or its file is not what its digest promises; the message says which."""


def load(digest: str = DIGEST) -> Tower:
    """The base with that sha256, in float32, every byte verified; raises WrongBase."""
    for path in _candidates(digest):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise WrongBase(f"{path.name} does not have the digest {digest[:12]} that names it: truncated or changed")
        return _built(content)
    raise WrongBase(f"no base of digest {digest[:12]} is here; CLARA_BASES can name folders that hold others")


def imported(source: str | Path, *, layers: int | None = None) -> Tower:
    """The first layers (all by default) of somebody's Whisper or WavLM, from a folder or a hub id."""
    folder = pretrained.folder_of(source)
    is_wavlm = (folder / "config.json").is_file() and pretrained.configuration(folder).get("model_type") == "wavlm"
    return (wavlm if is_wavlm else whisper).imported(folder, layers=layers)


def keep(encoder: Tower, folder: Path, *, name: str) -> tuple[Path, str]:
    """Write the encoder as a base in float16, the same bytes for the same weights; its path and its sha256."""
    told = {"format": FORMAT, **encoder.sizes}
    if isinstance(encoder, WavLMEncoder):
        told["kind"] = "wavlm"
    weights = {name: tensor.half().contiguous() for name, tensor in encoder.state_dict().items()}
    # One key: safetensors does not promise the order of several.
    content = weights_to_bytes(weights, metadata={"clara": json.dumps(told, sort_keys=True)})
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (SHIPPED if digest == DIGEST else f"{name}-{digest[:12]}.safetensors")
    path.write_bytes(content)
    return path, digest


class FixedBase(nn.Module):
    """Some layers' outputs of a frozen encoder, normalised and thinned; no optimizer, average or checkpoint sees it."""

    def __init__(self, encoder: Tower, *, taps: Sequence[int], stride: int) -> None:
        super().__init__()
        if not taps or not 0 <= min(taps) <= max(taps) <= encoder.depth:
            raise WrongBase(f"the base has the outputs 0 to {encoder.depth}; {list(taps)} were asked for")
        self.taps, self.stride = tuple(taps), stride
        if max(taps) < encoder.depth:
            # What nobody hears need not be reckoned.
            encoder.layers, encoder.end_norm = encoder.layers[: max(taps)], nn.Identity()
        self.front_end = encoder.front_end()
        self.encoder = frozen(encoder)

    @torch.no_grad()
    def forward(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, tokens, taps, width) of waveforms (batch, samples), zero behind the end, and token counts (batch)."""
        outputs, counts = self.encoder(*self.front_end(waveforms, sample_counts))
        # A few tokens of Whisper's middle layers reach 500 in one channel: too much for float16 and for a mean.
        tapped = [functional.layer_norm(outputs[tap].float(), outputs[tap].shape[-1:]) for tap in self.taps]
        return thinned(torch.stack(tapped, dim=2), counts, self.stride)


def thinned(tokens: Tensor, counts: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """The means of every `stride` neighbours among (batch, tokens, taps, width), none beyond a clip's count."""
    inside = frame_mask(counts, tokens.shape[1])[:, :, None, None].to(tokens.dtype)
    short = -tokens.shape[1] % stride
    tokens, inside = (functional.pad(part, (0, 0, 0, 0, 0, short)) for part in (tokens * inside, inside))
    tokens, inside = (part.unflatten(1, (-1, stride)).sum(dim=2) for part in (tokens, inside))
    return tokens / inside.clamp(min=1), torch.div(counts + stride - 1, stride, rounding_mode="floor")


def frozen(module: nn.Module) -> nn.Module:
    """The module with its parameters turned into buffers that belong to no state: it moves, and never learns."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach(), persistent=False)
    return module


def _candidates(digest: str) -> Iterator[Path]:
    if digest == DIGEST:
        yield from WEIGHTS.glob(SHIPPED)
    for folder in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        yield from sorted(Path(folder).glob(f"*-{digest[:12]}.safetensors"))


def _built(content: bytes) -> Tower:
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        told = json.loads(header["__metadata__"]["clara"])
        weights = weights_from_bytes(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WrongBase(f"the base cannot be read: {error}") from error
    if told.pop("format") != FORMAT:
        raise WrongBase(f"the base is not of format {FORMAT}")
    encoder = KINDS[told.pop("kind", "whisper")](**told)
    encoder.load_state_dict(weights)
    return encoder.eval()
