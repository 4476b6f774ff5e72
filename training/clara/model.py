"""The blocks of CLARA, its two towers and the one space they meet in. Modules take flat arguments."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.clara.audio import AudioEncoder, StatisticsEncoder, TapEncoder
from training.clara.fixed_base import FixedBase, Tower
from training.clara.spectrogram import LogMel
from training.clara.text import TextEncoder

# CLIP's clamp: above 100 the softmax is an argmax and its gradients vanish.
HIGHEST_LOGIT_SCALE = 100.0


class ClaraModel(nn.Module):
    """An audio and a text encoder that project to unit vectors of one space, and a small emotion head."""

    def __init__(
        self,
        *,
        emotion_count: int,
        width: int,
        dropout: float,
        audio_width: int,
        audio_depth: int,
        audio_heads: int,
        text_width: int,
        text_depth: int,
        text_heads: int,
        longest_text_bytes: int,
        text_grams: int,
        text_stride: int,
        base: Tower | None,
        base_taps: tuple[int, ...],
        base_stride: int,
        sample_rate_hz: int,
        mels: int,
        window_samples: int,
        hop_samples: int,
        fft_samples: int,
        log_mel_mean: float,
        log_mel_deviation: float,
    ) -> None:
        super().__init__()
        self.log_mel = LogMel(
            sample_rate_hz=sample_rate_hz,
            mels=mels,
            window_samples=window_samples,
            hop_samples=hop_samples,
            fft_samples=fft_samples,
            mean=log_mel_mean,
            deviation=log_mel_deviation,
        )
        sizes: dict[str, Any] = dict(width=audio_width, depth=audio_depth, heads=audio_heads, dropout=dropout)
        self.base = None if base is None else FixedBase(base, taps=base_taps, stride=base_stride)
        self.audio: AudioEncoder | TapEncoder | StatisticsEncoder
        if base is None:
            self.audio = AudioEncoder(mels=mels, **sizes)
        elif not audio_depth:
            taps, base_width = len(base_taps), base.width
            self.audio = StatisticsEncoder(taps=taps, base_width=base_width, width=audio_width, dropout=dropout)
        else:
            self.audio = TapEncoder(taps=len(base_taps), base_width=base.width, **sizes)
        self.text = TextEncoder(
            width=text_width,
            depth=text_depth,
            heads=text_heads,
            longest_bytes=longest_text_bytes,
            grams=text_grams,
            stride=text_stride,
            dropout=dropout,
        )
        self.audio_projection = nn.Linear(audio_width, width, bias=False)
        self.text_projection = nn.Linear(text_width, width, bias=False)
        self.head = nn.Linear(audio_width, emotion_count)
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    @property
    def logit_scale(self) -> Tensor:
        """How sharply a cosine becomes a choice; learnt, and clamped."""
        return self.log_logit_scale.clamp(0.0, math.log(HIGHEST_LOGIT_SCALE)).exp()

    def below(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """What never learns, of waveforms (batch, samples): the ear's input and its counts (batch), fit to be kept.

        That is log-mel (batch, mels, frames), or what a fixed base makes of the sound, (batch, tokens, taps, width).
        """
        heard: tuple[Tensor, Tensor] = (self.base or self.log_mel)(waveforms, sample_counts)
        return heard

    def hear(self, below: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Unit embeddings (batch, width) and emotion logits (batch, emotions) of what `below` gave."""
        heard = self.audio(below, counts)  # (batch, audio_width)
        return functional.normalize(self.audio_projection(heard).float(), dim=-1), self.head(heard).float()

    def listen(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """The same from waveforms (batch, samples) with their sample counts (batch)."""
        return self.hear(*self.below(waveforms, sample_counts))

    def read(self, texts: list[str]) -> Tensor:
        """Unit embeddings (batch, width) of the texts."""
        return functional.normalize(self.text_projection(self.text(texts)).float(), dim=-1)
