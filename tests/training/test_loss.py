"""A caption that is true of several clips is a right answer for each of them."""

import pytest
import torch

from training import loss
from training.captions import Caption

EMOTIONS = ("anger", "fear", "sadness")
ANGRY = Caption("an angry voice", (("anger", 1.0),))
VERY_ANGRY = Caption("a very angry voice", (("anger", 1.0),), strength="strong")
AFRAID = Caption("a fearful voice", (("fear", 1.0),))


def test_a_caption_is_as_true_of_a_clip_as_its_listeners_agree():
    votes = torch.tensor([[1.0, 0.0, 0.0], [0.6, 0.4, 0.0]])

    truth, known = loss.truth(votes, [None, None], [ANGRY, AFRAID], EMOTIONS)

    assert torch.allclose(truth, torch.tensor([[1.0, 0.0], [0.6, 0.4]]))
    assert known.all()


def test_a_strength_is_false_of_another_and_unknown_where_nobody_rated_it():
    votes = torch.tensor([[1.0, 0.0, 0.0]] * 3)

    truth, known = loss.truth(votes, ["strong", "weak", None], [VERY_ANGRY], EMOTIONS)

    assert truth[:2, 0].tolist() == [1.0, 0.0]
    assert known[:, 0].tolist() == [True, True, False]


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
