"""Retrieval over the whole gallery is what counting by hand gives, and every right answer counts as right."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from training import captions
from training.evaluation import retrieval


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def world():
    """Forty queries, a gallery of thirty, and some right answers for each."""
    random = np.random.default_rng(0)
    is_true = random.random((40, 30)) < 0.1
    is_true[np.arange(40), random.integers(30, size=40)] = True
    return unit(random.standard_normal((40, 8))), unit(random.standard_normal((30, 8))), is_true


def test_ranks_are_what_counting_one_by_one_gives(world, monkeypatch):
    queries, gallery, is_true = world
    monkeypatch.setattr(retrieval, "CELLS_AT_ONCE", 100)  # three queries at a time

    found = retrieval.ranked(queries, gallery, is_true)

    for query, right, (first, precision) in zip(queries, is_true, found, strict=True):
        likeness = gallery @ query
        best = max(likeness[right])
        assert first == 1 + sum(likeness > best)
        assert precision == pytest.approx(average_precision_score(right, likeness))


def test_of_two_that_are_level_the_wrong_one_goes_first():
    found = retrieval.ranked(np.ones((1, 1)), np.ones((4, 1)), np.array([[True, False, False, False]]))

    assert found[0, 0] == 4


class Embedded(SimpleNamespace):
    """Clips in a space where each emotion has a corner."""

    def __len__(self):
        return len(self.clips)


def clip(emotion, language="en", texts=(), speaker="vera"):
    return SimpleNamespace(emotion=emotion, language=language, texts=list(texts), speaker=speaker)


def test_a_text_is_right_for_every_clip_that_it_is_true_of():
    clips = [clip("anger"), clip("anger", "pl"), clip("fear"), clip("fear", texts=["she trembles"])]
    own = [retrieval.text_of(one) for one in clips]
    texts = sorted(set(own))

    is_true = retrieval.truth(clips, own, texts)

    angry = texts.index(captions.evaluation_captions("anger", languages=["pl"])[0])
    assert is_true[:, angry].tolist() == [True, True, False, False]
    assert is_true[:, texts.index("she trembles")].tolist() == [False, False, False, True]
    assert is_true[3].sum() == 2


def test_the_whole_gallery_is_searched_both_ways():
    clips = [clip(emotion, speaker=f"speaker{n % 6}") for n, emotion in enumerate(["anger", "fear", "sadness"] * 8)]
    place = {"anger": [1.0, 0, 0], "fear": [0, 1.0, 0], "sadness": [0, 0, 1.0]}
    sentences = {retrieval.text_of(clip(emotion)): vector for emotion, vector in place.items()}
    heard = Embedded(
        clips=clips,
        embeddings=np.array([place[one.emotion] for one in clips]),
        speakers=[one.speaker for one in clips],
        clara=SimpleNamespace(embed_text=lambda texts: torch.tensor([sentences[text] for text in texts])),
    )

    told = retrieval.measure(heard, draws=50)

    assert (told["audio_to_text"]["gallery"], told["text_to_audio"]["gallery"]) == (3, 24)
    for way in ("audio_to_text", "text_to_audio"):
        assert told[way]["recall_at_1"]["value"] == told[way]["mean_average_precision"]["value"] == 1.0
        assert told[way]["median_rank"]["value"] == 1.0
    assert "recall_at_5" not in told["audio_to_text"]
