"""How true each caption of a batch is of each clip: what the contrastive loss takes for right, wrong and unknown.

Captions collide: seven emotions in a batch of 4,096 make some 585 clips that an "angry voice" is true of as well, and
listeners who disagree make it true of a clip by degrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from training import facets
from training.captions import Caption
from training.packing import PackedClip

NO_BINS: Mapping[str, str] = MappingProxyType({})


def truth(
    clips: Sequence[PackedClip],
    captions: Sequence[Caption],
    emotions: Sequence[str],
    *,
    bins: Mapping[str, Mapping[str, str]],
    falsified: Sequence[frozenset[str]] | None = None,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """How true each caption is of each clip, from 0 to 1, and where that is known: two (clips, captions).

    Truth is the overlap of votes and claimed emotions (the sum of the smaller shares: of "angry" the share that heard
    anger), 1 where no emotion is claimed, and 0 where a claimed facet contradicts what is known of the clip, whatever
    else is not known of it. It is unknown where the clip has no votes or a claimed facet is not known of it. `bins` is
    by key, as `prosody.bins` tells; `falsified` the facets that augmentation took from each clip; `emotions` the order
    in which shares are summed.
    """
    heard = _Heard(clips, bins, falsified or [frozenset()] * len(clips))
    # Captions lie in rows until the end: each facet then touches whole rows, and only those that claim it.
    overlap, unknown = _overlap(clips, captions, emotions, torch.device(device))  # (captions, clips) twice
    contradicted = (overlap == 0) & ~unknown
    for facet in facets.CLAIMED:
        claims = {row: claim for row, caption in enumerate(captions) if (claim := caption.claimed(facet))}
        if rows := list(claims):
            fits, is_told = heard.fits(facet, list(claims.values()), overlap.device)
            contradicted[rows] |= is_told & ~fits
            unknown[rows] |= ~is_told
    is_known = contradicted | ~unknown
    return overlap.masked_fill_(contradicted | unknown, 0.0).T, is_known.T


class _Heard:
    """What is known of each clip of a batch beside its emotions, after its augmentation."""

    def __init__(
        self,
        clips: Sequence[PackedClip],
        bins: Mapping[str, Mapping[str, str]],
        falsified: Sequence[frozenset[str]],
    ) -> None:
        self._known = [
            {facet: values for facet, values in known.items() if facet not in false}
            for known, false in zip(
                (facets.known(clip, bins=bins.get(clip.key, NO_BINS)) for clip in clips), falsified, strict=True
            )
        ]

    def fits(self, facet: str, claimed: Sequence[str], device: torch.device) -> tuple[Tensor, Tensor]:
        """Whether each claim is true of each clip (claims, clips), and whether the facet is known of it (clips)."""
        code = {value: number for number, value in enumerate(dict.fromkeys(claimed))}
        true_of = torch.zeros(len(code), len(self._known), dtype=torch.bool)
        for column, known in enumerate(self._known):
            for value in known.get(facet, ()):
                if value in code:
                    true_of[code[value], column] = True
        is_told = torch.tensor([facet in known for known in self._known], dtype=torch.bool, device=device)
        return true_of.to(device)[[code[value] for value in claimed]], is_told


def _overlap(
    clips: Sequence[PackedClip], captions: Sequence[Caption], emotions: Sequence[str], device: torch.device
) -> tuple[Tensor, Tensor]:
    """The overlap of claimed emotions and votes, and where there are no votes to tell it by: two (captions, clips)."""
    named = [emotion for caption in captions for emotion, _ in caption.emotions]
    order = {name: place for place, name in enumerate(dict.fromkeys((*emotions, *named)))}
    votes = _shares([clip.emotions for clip in clips], order).to(device)  # (emotions, clips)
    claims = _shares([dict(caption.emotions) for caption in captions], order).to(device)  # (emotions, captions)
    claims_any = claims.sum(dim=0) > 0
    overlap = (~claims_any).float()[:, None].repeat(1, len(clips))
    for place in range(len(order)):
        rows = (claims[place] > 0).nonzero()[:, 0]
        if len(rows):
            overlap[rows] += torch.minimum(claims[place][rows, None], votes[place])
    is_labelled = torch.tensor([bool(clip.emotions) for clip in clips], dtype=torch.bool, device=device)
    return overlap, claims_any[:, None] & ~is_labelled


def _shares(told: Sequence[Mapping[str, float]], order: Mapping[str, int]) -> Tensor:
    """Shares that sum to 1 for each of `told` that has any: (emotions, told)."""
    shares = torch.zeros(len(order), len(told))
    for column, votes in enumerate(told):
        for name, share in votes.items():
            if name in order:
                shares[order[name], column] = share
    every = torch.tensor([sum(votes.values()) or 1.0 for votes in told])
    return shares / every
