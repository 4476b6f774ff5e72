"""A caption that is true of several clips is a right answer for each of them."""

import math

import pytest
import torch

from training import loss


def test_clips_that_share_a_caption_do_not_push_each_other_away():
    audio = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), dim=1)
    text = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    truth = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    known = torch.ones(3, 2, dtype=torch.bool)

    right = loss.contrastive(audio, text, torch.tensor(50.0), truth=truth, known=known)
    wrong = loss.contrastive(audio, text.flip(0), torch.tensor(50.0), truth=truth, known=known)

    # What is left is the entropy of "either of the two angry clips", half of one direction of two captions.
    assert right.item() == pytest.approx(0.25 * torch.log(torch.tensor(2.0)).item(), abs=1e-4)
    assert wrong > 10 * right


def test_what_is_unknown_moves_nothing():
    audio = torch.nn.functional.normalize(torch.randn(3, 4), dim=1).requires_grad_()
    text = torch.nn.functional.normalize(torch.randn(2, 4), dim=1).requires_grad_()
    truth, known = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), torch.ones(3, 2, dtype=torch.bool)
    known[2] = False

    loss.contrastive(audio, text, torch.tensor(10.0), truth=truth, known=known).backward()

    assert audio.grad[2].abs().max() == 0
    assert audio.grad[0].abs().max() > 0


def test_rare_emotions_weigh_more_and_unheard_ones_nothing():
    weights = loss.class_weights(torch.tensor([[1.0, 0.0, 0.0]] * 9 + [[0.0, 1.0, 0.0]]))

    assert weights[1] == pytest.approx(9 * weights[0])
    assert weights[2] == 0


def test_the_head_is_best_at_the_votes_themselves():
    votes, even = torch.tensor([[0.7, 0.3, 0.0]]), torch.ones(3)

    at_votes = loss.head(votes.clamp(min=1e-9).log(), votes, even)

    for other in ([0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.4, 0.3, 0.3]):
        assert loss.head(torch.tensor([other]).clamp(min=1e-9).log(), votes, even) > at_votes


def test_a_clip_of_little_weight_moves_what_is_learnt_little_and_full_weights_are_no_weights():
    torch.manual_seed(0)
    audio = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    text = torch.nn.functional.normalize(torch.randn(2, 4), dim=1)
    truth, known = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), torch.ones(3, 2, dtype=torch.bool)
    votes, logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), torch.randn(3, 2)

    def pushed(weights):
        """How hard each clip is moved, by the captions and by the head."""
        heard, named = audio.clone().requires_grad_(), logits.clone().requires_grad_()
        lost = loss.contrastive(heard, text, torch.tensor(2.0), truth=truth, known=known, weights=weights)
        (lost + loss.head(named, votes, torch.ones(2), weights)).backward()
        return heard.grad.norm(dim=1), named.grad.norm(dim=1)

    for full, weak in zip(pushed(torch.ones(3)), pushed(torch.tensor([1.0, 1.0, 0.1])), strict=True):
        assert weak[2] < full[2] / 4
        assert weak[2] > 0
    for told, untold in zip(pushed(torch.ones(3)), pushed(None), strict=True):
        assert torch.equal(told, untold)


def test_two_hearings_of_a_clip_are_drawn_together_and_pushed_from_the_others():
    clips = torch.nn.functional.normalize(torch.randn(4, 8), dim=1)
    # The first and the last are the same clip, drawn twice.
    clips[3] = clips[0]
    same = torch.tensor([[True, False, False, True], [False, True, False, False]])

    at_home = loss.views(clips[:2], clips, torch.tensor(50.0), same=same)
    astray = loss.views(clips[[1, 0]], clips, torch.tensor(50.0), same=same)

    assert at_home.item() == pytest.approx(0.25 * math.log(2), abs=0.05)
    assert astray > 10 * at_home


def test_a_batch_that_nobody_labelled_and_no_caption_is_true_of_costs_nothing():
    audio = torch.nn.functional.normalize(torch.randn(2, 4), dim=1).requires_grad_()
    logits, nothing = torch.randn(2, 3, requires_grad=True), torch.zeros(2, 3)
    known = torch.zeros(2, 1, dtype=torch.bool)

    lost = loss.contrastive(audio, audio[:1], torch.tensor(10.0), truth=torch.zeros(2, 1), known=known)
    lost = lost + loss.head(logits, nothing, torch.ones(3))
    lost.backward()

    assert lost.item() == 0
    assert not audio.grad.any()
    assert not logits.grad.any()
