"""What CLARA is taught by: captions that are true of several clips are right answers for all of them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def contrastive(
    audio: Tensor, text: Tensor, scale: Tensor, *, truth: Tensor, known: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Symmetric InfoNCE of unit vectors (clips, width) and (captions, width) with soft, multiple right answers.

    `truth` and `known` (clips, captions) are as training.truth tells them.
    A clip counts by its weight (clips), and a caption by the mean weight of the clips that it is true of.
    """
    logits = (scale * audio @ text.T).masked_fill(~known, -1e4)  # (clips, captions)
    right = truth * known
    if weights is None:
        weights = torch.ones_like(right[:, 0])
    weighed = right * weights[:, None]
    of_captions = weighed.sum(dim=0) / right.sum(dim=0).clamp(min=1e-6)
    # Among the clips a caption chooses from, one of little weight is hardly there: neither right nor wrong.
    there = logits + weights.clamp(min=1e-6).log()[:, None]
    return (_soft_cross_entropy(logits, right, weights) + _soft_cross_entropy(there.T, weighed.T, of_captions)) / 2


def views(one: Tensor, other: Tensor, scale: Tensor, *, same: Tensor) -> Tensor:
    """Symmetric InfoNCE of two hearings of clips, unit vectors (heard, width) and (clips, width); no words are needed.

    `same` (heard, clips) is where both are one clip, however it was augmented; all other clips are wrong answers.
    """
    logits, right = scale * one @ other.T, same.float()  # (heard, clips)
    evenly = torch.ones_like(right[:, 0]), torch.ones_like(right[0])
    return (_soft_cross_entropy(logits, right, evenly[0]) + _soft_cross_entropy(logits.T, right.T, evenly[1])) / 2


def head(logits: Tensor, votes: Tensor, class_weights: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of the emotion head (clips, emotions) with the votes; rare emotions, and clips by weight, more.

    A clip without votes has a row of zeros, and no say.
    """
    if weights is not None:
        votes = votes * weights[:, None]
    losses = -(votes * logits.log_softmax(dim=-1) * class_weights).sum(dim=-1)
    return losses.sum() / (votes * class_weights).sum().clamp(min=1e-6)


def class_weights(votes: Tensor) -> Tensor:
    """Inverse frequency of each emotion among the votes (clips, emotions), 1 on average; 0 for one never heard."""
    counts = votes.sum(dim=0)
    inverse = torch.where(counts > 0, 1 / counts.clamp(min=1e-6), torch.zeros_like(counts))
    return inverse * (counts > 0).sum() / inverse.sum()


def _soft_cross_entropy(logits: Tensor, right: Tensor, weights: Tensor) -> Tensor:
    mass = right.sum(dim=1)
    targets = right / mass[:, None].clamp(min=1e-6)
    losses = -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1)
    # A row without any right answer in this batch teaches nothing, and a batch of such rows neither.
    taught = weights * (mass > 0)
    return (losses * taught).sum() / taught.sum().clamp(min=1e-6)
