"""A checkpoint at work: load it, embed, score, search, suggest, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import overload

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from training.clara import checkpoint, fixed_base, sounds, sources
from training.clara.config import ClaraConfig
from training.clara.model import ClaraModel
from training.clara.signature import KeyGiven
from training.clara.sounds import SAMPLE_RATE_HZ, Audio

# One batch, padded: what bounds a worker's memory when somebody speaks for a minute.
CLIPS_AT_ONCE, SAMPLES_AT_ONCE = 32, 160 * 16_000


@dataclass(frozen=True)
class Hit:
    """A clip that was found: its place in what was searched, and its cosine to what was asked for, -1 to 1."""

    place: int
    similarity: float


class Clara:
    """A CLARA ready to be asked: its weights, its configuration and the captions its labels are known by."""

    def __init__(
        self, config: ClaraConfig, model: ClaraModel | None = None, *, labels: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.config = config
        self.model = (model or built(config)).eval()
        self.labels = {emotion: list(captions) for emotion, captions in (labels or {}).items()}
        self._label_embeddings: Tensor | None = None

    @classmethod
    def load(
        cls,
        source: str | Path,
        *,
        device: str | torch.device = "cpu",
        cache: str | Path | None = None,
        verify_key: KeyGiven | None = None,
    ) -> Clara:
        """The checkpoint in a folder, at `https://site/models/VERSION/` or at `s3://bucket/prefix`.

        Every byte is compared with the manifest before anything is opened, and the manifest with its signature where a
        public key (PEM, or a path of one) is given as `verify_key`; without one the digest in the address, or whoever
        answers there, is what you trust. What is fetched is kept in `cache`, by default `~/.cache/openempathic`. Raises
        CorruptCheckpoint when it is not whole or not what was published, NotFetchable when it cannot be had; both say
        what to do.
        """
        folder = sources.folder_of(source, cache=cache, verify_key=verify_key)
        config, labels, weights = checkpoint.read(folder)
        try:
            model = built(config)
        except fixed_base.WrongBase as error:
            raise checkpoint.CorruptCheckpoint(f"this checkpoint stands on another base: {error}") from error
        checkpoint.fill(model, weights)
        return cls(config, model.to(device), labels=labels)

    def save(self, folder: str | Path, labels: Mapping[str, Sequence[str]] | None = None) -> None:
        """Write weights, configuration and labels into the folder: safetensors and JSON only."""
        if labels is not None:
            self.labels = {emotion: list(captions) for emotion, captions in labels.items()}
            self._label_embeddings = None
        checkpoint.write(Path(folder), config=self.config, labels=self.labels, weights=self.model.state_dict())

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.model.log_logit_scale.device

    def embed(self, audio: Audio | Sequence[Audio], *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Tensor:
        """A unit vector (width,) of one clip, or (clips, width) of a list of them.

        A clip is the path of a sound file, its bytes, or an array (samples,) or (channels, samples) at
        `sample_rate_hz`. Files are WAV, or whatever PyAV reads where that is installed. Raises NotHearable, a
        ValueError.
        """
        vectors = self.embed_audio(sounds.waveforms(audio, sample_rate_hz=sample_rate_hz))
        return vectors if sounds.are_several(audio) else vectors[0]

    @overload
    def score(  # type: ignore[overload-overlap]  # a path is a sequence of letters too
        self, audio: Audio, labels: Sequence[str] | None = ..., *, sample_rate_hz: int = ...
    ) -> dict[str, float]:
        pass

    @overload
    def score(
        self, audio: Sequence[Audio], labels: Sequence[str] | None = ..., *, sample_rate_hz: int = ...
    ) -> list[dict[str, float]]:
        pass

    def score(
        self,
        audio: Audio | Sequence[Audio],
        labels: Sequence[str] | None = None,
        *,
        sample_rate_hz: int = SAMPLE_RATE_HZ,
    ) -> dict[str, float] | list[dict[str, float]]:
        """How probable each label is for a clip, summing to 1 over them; a list of clips gives a list.

        Labels are free text in any language, two or more, as "an angry voice" or "ein müdes Flüstern": they compete
        with each other only, so one of them wins even where none fits. Without labels they are the checkpoint's own
        emotions, whose probabilities are calibrated; those of free text are not. Clips as in `embed`. Raises
        NotHearable, or ValueError for fewer than two labels, or two alike.
        """
        clips = sounds.waveforms(audio, sample_rate_hz=sample_rate_hz)
        scored = [self.suggest(clip) for clip in clips] if labels is None else self._compared(clips, list(labels))
        return scored if sounds.are_several(audio) else scored[0]

    def search(
        self,
        text: str,
        audio: Sequence[Audio] | np.ndarray | Tensor,
        *,
        k: int = 5,
        sample_rate_hz: int = SAMPLE_RATE_HZ,
    ) -> list[Hit]:
        """The `k` clips that the words fit best, best first.

        `audio` is a list of clips as in `embed`, or an array (clips, width) of what `embed` gave for them: embed many
        clips once, and search often. Raises NotHearable, or ValueError for embeddings of another width.
        """
        vectors = self._vectors(audio, sample_rate_hz)
        nearness = (vectors @ self.embed_text([text])[0]).cpu()  # (clips,)
        best = nearness.topk(min(k, len(nearness)))
        found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [Hit(place=place, similarity=similarity) for place, similarity in found]

    @torch.inference_mode()
    def embed_audio(self, waveforms: Sequence[Tensor | np.ndarray]) -> Tensor:
        """Unit vectors (clips, width) of mono 16 kHz waveforms in [-1, 1], each (samples,)."""
        return self.hear(waveforms)[0]

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (texts, width)."""
        return self.model.read(list(texts))

    @torch.inference_mode()
    def scores(self, waveforms: Sequence[Tensor | np.ndarray]) -> Tensor:
        """Probabilities (clips, labels) in the order of `labels`: captions and head, mixed and then calibrated."""
        return self.scored(*self.hear(waveforms))

    @torch.inference_mode()
    def below(self, waveforms: Sequence[Tensor | np.ndarray]) -> list[np.ndarray]:
        """What the fixed base makes of each waveform, for `from_below`: each (tokens, taps, width)."""
        clips = [usable(waveform) for waveform in waveforms]
        made: dict[int, np.ndarray] = {}
        for batch in alike([len(clip) for clip in clips]):
            counts = torch.tensor([len(clips[place]) for place in batch], device=self.device)
            padded = pad_sequence([clips[place] for place in batch], batch_first=True)
            tokens, lengths = self.model.below(padded.to(self.device), counts)
            for place, row, length in zip(batch, tokens, lengths.tolist(), strict=True):
                made[place] = row[:length].cpu().numpy()
        return [made[place] for place in range(len(clips))]

    @torch.inference_mode()
    def from_below(self, tokens: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Unit vectors (clips, width) and scores (clips, labels) of what `below` once gave for each clip."""
        embeddings, logits = self.hear_below(tokens)
        return embeddings, self.scored(embeddings, logits)

    @torch.inference_mode()
    def hear_below(self, tokens: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
        """What `hear` gives, of what `below` once gave for each clip."""
        heard = []
        for start in range(0, len(tokens), CLIPS_AT_ONCE):
            some = [torch.from_numpy(clip).to(self.device).float() for clip in tokens[start : start + CLIPS_AT_ONCE]]
            counts = torch.tensor([len(clip) for clip in some], device=self.device)
            heard.append(self.model.hear(pad_sequence(some, batch_first=True), counts))
        embeddings, logits = (torch.cat(parts) for parts in zip(*heard, strict=True))
        return embeddings, logits

    def suggest(self, waveform: Tensor | np.ndarray) -> dict[str, float]:
        """The probability of each of the checkpoint's emotions for one clip (samples,); they sum to 1."""
        if not self.labels:
            raise ValueError("this checkpoint has no labels to suggest")
        probabilities = self.scores([waveform])[0].double()
        return dict(zip(self.labels, (probabilities / probabilities.sum()).tolist(), strict=True))

    def sure(self, suggestion: Mapping[str, float]) -> str | None:
        """The likeliest emotion of a suggestion, or None where its probability is under `sure_from`: not sure."""
        likeliest = max(suggestion, key=suggestion.__getitem__)
        return likeliest if suggestion[likeliest] >= self.config.sure_from else None

    @torch.inference_mode()
    def label_embeddings(self) -> Tensor:
        """One unit vector a label (labels, width): the mean of its captions' vectors."""
        if self._label_embeddings is None:
            means = [self.embed_text(captions).mean(dim=0) for captions in self.labels.values()]
            self._label_embeddings = torch.nn.functional.normalize(torch.stack(means), dim=-1)
        return self._label_embeddings

    @torch.inference_mode()
    def _compared(self, clips: Sequence[Tensor], labels: list[str]) -> list[dict[str, float]]:
        if len(labels) < 2 or len(set(labels)) < len(labels):
            raise ValueError("give at least two labels, all different: they are compared with each other")
        nearness = self.embed_audio(clips) @ self.embed_text(labels).T  # (clips, labels)
        probabilities = (self.model.logit_scale * nearness).double().softmax(dim=-1)
        return [dict(zip(labels, row, strict=True)) for row in probabilities.tolist()]

    def _vectors(self, audio: Sequence[Audio] | np.ndarray | Tensor, sample_rate_hz: int) -> Tensor:
        if isinstance(audio, np.ndarray | Tensor):
            if audio.ndim != 2 or audio.shape[1] != self.config.width:
                raise ValueError(f"embeddings are (clips, {self.config.width}), not {tuple(audio.shape)}")
            return torch.as_tensor(audio, dtype=torch.float32, device=self.device)
        return self.embed(list(audio), sample_rate_hz=sample_rate_hz)

    @torch.inference_mode()
    def hear(self, waveforms: Sequence[Tensor | np.ndarray]) -> tuple[Tensor, Tensor]:
        """Unit vectors (clips, width) and the head's logits (clips, emotions): all that `scored` needs."""
        clips = [usable(waveform) for waveform in waveforms]
        if not clips:
            raise ValueError("there is no waveform to hear")
        batches, heard = alike([len(clip) for clip in clips]), []
        for batch in batches:
            counts = torch.tensor([len(clips[place]) for place in batch], device=self.device)
            padded = pad_sequence([clips[place] for place in batch], batch_first=True)
            heard.append(self.model.listen(padded.to(self.device), counts))
        order = torch.tensor([place for batch in batches for place in batch], device=self.device).argsort()
        embeddings, logits = (torch.cat(parts)[order] for parts in zip(*heard, strict=True))
        return embeddings, logits

    @torch.inference_mode()
    def scored(self, embedding: Tensor, logits: Tensor) -> Tensor:
        """Probabilities (clips, labels) of what was heard: captions and head, mixed and then calibrated."""
        by_caption = (self.model.logit_scale * embedding @ self.label_embeddings().T).softmax(dim=-1)
        return self._calibrated(self._mixed(by_caption, logits))

    def _mixed(self, by_caption: Tensor, logits: Tensor) -> Tensor:
        # The head knows the emotions it was trained on; a label added later is known by its captions alone.
        share = self.config.head_share
        if share == 0 or set(self.labels) != set(self.config.emotions):
            return by_caption
        order = [self.config.emotions.index(emotion) for emotion in self.labels]
        return (1 - share) * by_caption + share * logits.softmax(dim=-1)[:, order]

    def _calibrated(self, probabilities: Tensor) -> Tensor:
        if self.config.temperature == 1:
            return probabilities
        return (probabilities.log() / self.config.temperature).softmax(dim=-1)


def built(config: ClaraConfig) -> ClaraModel:
    """A model of that configuration with fresh weights, on its fixed base; raises WrongBase where that is not here."""
    flat = asdict(config)
    emotions, digest = flat.pop("emotions"), flat.pop("base")
    for not_a_size in ("name", "head_share", "temperature", "sure_from"):
        del flat[not_a_size]
    return ClaraModel(emotion_count=len(emotions), base=fixed_base.load(digest) if digest else None, **flat)


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """The places of the lengths in batches of clips alike, so that little is padded, none larger than memory allows."""
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        several = len(batches[-1]) + 1 if batches else 0
        if not 0 < several <= CLIPS_AT_ONCE or several * lengths[place] > SAMPLES_AT_ONCE:
            batches.append([])
        batches[-1].append(place)
    return batches


def usable(waveform: Tensor | np.ndarray) -> Tensor:
    """The waveform as a float tensor; raises ValueError when it is empty, not one channel, or not finite."""
    if isinstance(waveform, np.ndarray) and not waveform.flags.writeable:
        # torch warns of arrays that it could write to by mistake.
        waveform = waveform.copy()
    sound = torch.as_tensor(waveform)
    if sound.dtype == torch.int16:
        sound = sound.float() / 32_768
    if sound.ndim != 1 or len(sound) == 0:
        raise ValueError(f"a waveform is one channel with samples in it, not {tuple(sound.shape)}")
    if not torch.isfinite(sound).all():
        raise ValueError("the waveform holds samples that are not numbers")
    return sound.float()
