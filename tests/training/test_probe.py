"""The probe finds what a straight line can, chooses among training speakers alone, and never meets a test voice."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.evaluation import figures, probe

EMOTIONS = ["anger", "fear", "neutral"] * 24
SPEAKERS = [f"speaker{n // 12}" for n in range(72)]
FOLDS = [range(24), range(24, 48), range(48, 72)]


@pytest.fixture(autouse=True)
def _few_to_choose_from(monkeypatch):
    monkeypatch.setattr(probe, "STRENGTHS", (0.003, 0.1))


def layers(*, signal=1.5, seed=0):
    random = np.random.default_rng(seed)
    noise = {name: random.standard_normal((72, 6)) for name in ("first", "second", "third")}
    codes = np.array([[emotion == name for name in ("anger", "fear", "neutral")] for emotion in EMOTIONS])
    noise["second"][:, :3] += signal * codes
    return noise


def test_the_layer_that_carries_the_emotion_is_chosen_in_every_fold():
    said, chosen = probe.by_folds(layers(), EMOTIONS, SPEAKERS, FOLDS)

    assert [one.layer for one in chosen] == ["second"] * 3
    assert figures.uar(EMOTIONS, said) > 0.7


def test_what_the_test_labels_say_changes_no_choice_and_no_prediction():
    train, test = np.arange(48), np.arange(48, 72)
    told = probe.held_out(layers(), EMOTIONS, SPEAKERS, train, test)

    lied = probe.held_out(layers(), EMOTIONS[:48] + ["fear"] * 24, SPEAKERS, train, test)

    assert told == lied


def test_a_line_is_scikit_learns():
    rows, known = layers()["second"], EMOTIONS[:48]
    theirs = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000, tol=1e-8)
    )

    assert probe.predictions(rows[:48], known, rows[48:], strength=0.01) == list(
        theirs.fit(rows[:48], known).predict(rows[48:])
    )


def test_figures_are_scikit_learns():
    said = np.random.default_rng(1).choice(["anger", "fear", "neutral"], 72).tolist()
    names = sorted(set(EMOTIONS))

    counted = figures.confusion(EMOTIONS, said)

    assert figures.uar(EMOTIONS, said) == pytest.approx(balanced_accuracy_score(EMOTIONS, said))
    assert list(figures.recalls(EMOTIONS, said).values()) == pytest.approx(
        recall_score(EMOTIONS, said, labels=names, average=None).tolist()
    )
    assert [[counted[is_][heard] for heard in names] for is_ in names] == confusion_matrix(EMOTIONS, said).tolist()


@pytest.mark.parametrize(
    ("folds", "fault"),
    [
        ([range(20), range(20, 72)], "speakers are on both sides"),
        ([range(24), range(24, 48)], "24 clips are tested on in no fold"),
        ([range(24), range(24), range(24, 72)], "tested on in two folds"),
    ],
)
def test_folds_that_share_or_forget_are_refused(folds, fault):
    with pytest.raises(ValueError, match=fault):
        probe.by_folds({"only": layers()["second"]}, EMOTIONS, SPEAKERS, folds)


def test_with_one_training_speaker_nothing_is_chosen():
    said, choice = probe.held_out(layers(), EMOTIONS, ["vera"] * 48 + ["ada"] * 24, np.arange(48), np.arange(48, 72))

    assert choice == probe.Chosen("first", probe.MIDDLE, None)
    assert len(said) == 24


def test_where_training_knows_one_emotion_that_is_what_is_said():
    assert probe.predictions(np.eye(3), ["fear"] * 3, np.eye(3)[:2], strength=0.01) == ["fear", "fear"]
