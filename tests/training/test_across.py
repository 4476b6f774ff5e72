"""From one corpus to the other, into words left out, and under each other's labels: on voices that were left out."""

import warnings

import numpy as np
import pytest

from tests.training.corpora import layouts
from training.corpora import IncompleteCorpus
from training.evaluation import tower
from training.plan import FitPlan
from training.seed import across, making


@pytest.fixture
def packed(tmp_path):
    layouts.ravdess(tmp_path / "ravdess", actors=(1, 2))
    layouts.nemo(tmp_path, speakers=("EB0", "KD0"))
    with warnings.catch_warnings():
        # The corpora are smaller than they were published.
        warnings.simplefilter("ignore", IncompleteCorpus)
        return making.packed_corpora(tmp_path, tmp_path / "packed")


def test_every_way_is_told_of_voices_and_words_that_were_left_out(packed, monkeypatch):
    asked = {"preset": "nano", "steps": 1, "device": "cpu", "augment": False, "caption_languages": ["en", "pl"]}
    taught, trained = [], making.trained
    monkeypatch.setattr(tower, "layers", lambda packed, clips: {"layer 1": np.eye(len(clips), 4)})
    monkeypatch.setattr(making, "trained", lambda *what, cache: taught.append(what[1]) or trained(*what, cache=cache))
    monkeypatch.setattr(across, "DISTURBED_EVERY", 30)
    monkeypatch.setattr(across, "DRAWS", 50)

    told = across.measured(packed, FitPlan.of(asked), cache=None)

    crossed, labels = told["ravdess to nemo"], {clip.key: clip.emotions for clip in taught[2]}
    assert [{clip.corpus for clip in clips} for clips in taught[:2]] == [{"ravdess"}, {"nemo"}]
    assert crossed["chance"] == 1 / 6
    assert {"suggestion", "probe", "bare tower, probe", "words in pl", "words in de"} <= crossed.keys()
    assert {clip.key for clip in taught[3]} == labels.keys()
    assert any(clip.emotions != labels[clip.key] for clip in taught[3])
    assert told["shuffled labels"].keys() == told["true labels"].keys() != set()
    assert told["robustness"]["telephone"]["clips"] == told["robustness"]["clean"]["clips"]


def test_no_model_is_taught_captions_in_the_languages_whose_words_it_is_asked_by():
    assert not set(across.plan().caption_languages) & set(across.WORDS_LEFT_OUT)
    assert set(across.WORDS_LEFT_OUT) <= set(across.WORDS_ASKED)
