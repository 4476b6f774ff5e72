"""Whisper's ear in modules of our own: its front end, and its encoder cut at any layer (arXiv 2212.04356).

Whisper pads every clip to 30 seconds of silence; here a clip is as long as it is, masked, so that neither padding nor
batch mates change it. What that does to a short clip is that it no longer attends to silence it never had.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from training.clara import whisper_sources
from training.clara.pretrained import UnusableSource
from training.clara.spectrogram import constant, frame_mask, torchaudio

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
FFT_SAMPLES = 400
# 30 seconds: Whisper has positions for no more.
WINDOW_FRAMES = 3_000
TOKENS_PER_SECOND = 50


class WhisperFrontEnd(nn.Module):
    """Whisper's log-mel frames, each clip clamped to 8 (80 dB) below its own loudest and reflected at its own ends."""

    def __init__(self, *, mels: int = 80) -> None:
        super().__init__()
        self.spectrogram = constant(
            torchaudio.transforms.MelSpectrogram(
                sample_rate=SAMPLE_RATE_HZ,
                n_fft=FFT_SAMPLES,
                hop_length=HOP_SAMPLES,
                n_mels=mels,
                f_min=0.0,
                center=False,
                power=2.0,
                norm="slaney",
                mel_scale="slaney",
            )
        )

    def forward(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel (batch, mels, frames) of (batch, samples), zero behind each clip's end, and its frame counts."""
        frames = -(-waveforms.shape[1] // HOP_SAMPLES)
        frame_counts = torch.div(sample_counts + HOP_SAMPLES - 1, HOP_SAMPLES, rounding_mode="floor")
        inside = frame_mask(frame_counts, frames)[:, None]
        with torch.autocast(waveforms.device.type, enabled=False):
            power = self.spectrogram(reflected(waveforms.float(), sample_counts, frames))  # (batch, mels, frames)
            logs = power.clamp(min=1e-10).log10()
            loudest = logs.masked_fill(~inside, -math.inf).amax(dim=(1, 2), keepdim=True)
            mel = (torch.maximum(logs, loudest - 8) + 4) / 4
        return mel * inside, frame_counts


class WhisperEncoder(nn.Module):
    """Whisper's conv stem and its first layers, at 50 tokens a second; a clip of over 30 s is heard in windows."""

    positions: Tensor

    def __init__(self, *, mels: int, width: int, depth: int, heads: int, is_whole: bool) -> None:
        super().__init__()
        self.sizes = {"mels": mels, "width": width, "depth": depth, "heads": heads, "is_whole": is_whole}
        self.width, self.depth = width, depth
        self.conv1 = nn.Conv1d(mels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList(WhisperLayer(width=width, heads=heads) for _ in range(depth))
        # Only the last of Whisper's layers is followed by a norm; a tower that is cut has none.
        self.end_norm = nn.LayerNorm(width) if is_whole else nn.Identity()
        self.register_buffer("positions", sinusoids(WINDOW_FRAMES // 2, width), persistent=False)

    def front_end(self) -> WhisperFrontEnd:
        """What makes of sound what this encoder hears."""
        return WhisperFrontEnd(mels=self.conv1.in_channels)

    def forward(self, mel: Tensor, frame_counts: Tensor) -> tuple[list[Tensor], Tensor]:
        """The stem's and every layer's output, depth + 1 of (batch, tokens, width), and the token counts (batch)."""
        if mel.shape[2] > WINDOW_FRAMES:
            return self._in_windows(mel, frame_counts)
        return self._window(mel, frame_counts)

    def _window(self, mel: Tensor, frame_counts: Tensor) -> tuple[list[Tensor], Tensor]:
        tokens = functional.gelu(self.conv1(mel))
        # What the bias wrote behind the end must be zero again: that is what a lone clip's convolution sees there.
        tokens = functional.gelu(self.conv2(tokens * frame_mask(frame_counts, mel.shape[2])[:, None]))
        counts = torch.div(frame_counts + 1, 2, rounding_mode="floor")
        mask = frame_mask(counts, tokens.shape[2])
        outputs = [tokens.transpose(1, 2) + self.positions[: tokens.shape[2]]]
        for layer in self.layers:
            outputs.append(layer(outputs[-1], mask))
        outputs[-1] = self.end_norm(outputs[-1])
        return outputs, counts

    def _in_windows(self, mel: Tensor, frame_counts: Tensor) -> tuple[list[Tensor], Tensor]:
        edges = [window_edges(int(count)) for count in frame_counts]
        windows = [mel[row, :, start:end].T for row, clip in enumerate(edges) for start, end in pairwise(clip)]
        sizes = torch.tensor([len(window) for window in windows], device=mel.device)
        outputs, counts = self._window(pad_sequence(windows, batch_first=True).transpose(1, 2), sizes)
        each = [len(clip) - 1 for clip in edges]
        return [_joined(output, counts, each) for output in outputs], torch.div(
            frame_counts + 1, 2, rounding_mode="floor"
        )


class WhisperLayer(nn.Module):
    """One pre-norm layer of Whisper's encoder; its keys have no bias, which softmax would not notice anyway."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 4 * width)
        self.feed_out = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Tokens (batch, length, width) under mask (batch, length)."""
        batch, length, width = tokens.shape
        qkv = self.qkv(self.attention_norm(tokens)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, length, width / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        tokens = tokens + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return tokens + self.feed_out(functional.gelu(self.feed_in(self.feed_norm(tokens))))


def imported(source: str | Path, *, layers: int | None = None) -> WhisperEncoder:
    """The first layers (all by default) of somebody's Whisper encoder, as our module in float32.

    The source is a CTranslate2 folder (model.bin, or its parts), a Hugging Face folder (config.json and safetensors)
    or the id of one on the hub, such as openai/whisper-base. Raises UnusableSource and says why.
    """
    found = whisper_sources.read(source)
    depth = found.depth if layers is None else layers
    if not 0 < depth <= found.depth:
        raise UnusableSource(f"{source} has {found.depth} layers; {depth} were asked for")
    encoder = WhisperEncoder(
        mels=found.mels, width=found.width, depth=depth, heads=found.heads, is_whole=depth == found.depth
    )
    found.check_positions(encoder.positions)
    encoder.load_state_dict({name: found.weights[name].float() for name in encoder.state_dict()})
    return encoder.eval()


def reflected(waveforms: Tensor, sample_counts: Tensor, frames: int) -> Tensor:
    """The samples under windows centred on every frame, each clip mirrored at its own first and last sample."""
    half = FFT_SAMPLES // 2
    places = torch.arange(-half, (frames - 1) * HOP_SAMPLES + half, device=waveforms.device)
    # There and back again; a clip shorter than a window is mirrored more than once, and one sample is only itself.
    period = (2 * (sample_counts - 1)).clamp(min=1)[:, None]
    there = places.remainder(period)
    return waveforms.gather(1, torch.minimum(there, period - there))


def window_edges(frames: int) -> list[int]:
    """Where a clip is cut into windows of at most 30 s, alike in length: 31 s are heard as twice 15.5 s."""
    windows = max(1, -(-frames // WINDOW_FRAMES))
    # Even, so that the tokens of the windows, two frames each, join into those of the clip.
    size = 2 * -(-frames // (2 * windows))
    return [*range(0, frames, size), frames]


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's positions (length, width): sines, then cosines, from 1 down to 1/10,000 radian a token."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _joined(output: Tensor, counts: Tensor, each: list[int]) -> Tensor:
    """The windows' tokens behind one another again, so many windows for each clip: (clips, tokens, width)."""
    clips = []
    for rows, sizes in zip(output.split(each), counts.split(each), strict=True):
        clips.append(torch.cat([row[: int(size)] for row, size in zip(rows, sizes, strict=True)]))
    return pad_sequence(clips, batch_first=True)
