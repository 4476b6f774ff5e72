"""A caption is true of every clip that it fits, false of those that it contradicts, and unknown of the rest."""

import numpy as np
import pytest
import torch

from tests.training.clips import clip
from training import captions, facets
from training.captions import Caption
from training.truth import truth

EMOTIONS = ("anger", "fear", "sadness")
ANGRY = Caption("an angry voice", (("anger", 1.0),))
VERY_ANGRY = Caption("a very angry voice", (("anger", 1.0),), strength="strong")
AFRAID = Caption("a fearful voice", (("fear", 1.0),))
MIXED = Caption("mostly angry, somewhat afraid", (("anger", 0.6), ("fear", 0.4)))


def told(*, claims=None, emotions=(("anger", 1.0),)):
    return Caption("words", emotions, None, claims or {})


def of(clips, spoken, **more):
    return truth(clips, spoken, EMOTIONS, **{"bins": {}} | more)


def test_a_caption_is_as_true_of_a_clip_as_its_listeners_agree():
    true, known = of([clip(), clip(emotions={"anger": 0.6, "fear": 0.4})], [ANGRY, AFRAID])

    assert torch.allclose(true, torch.tensor([[1.0, 0.0], [0.6, 0.4]]))
    assert known.all()


def test_a_mixture_is_truest_of_the_clip_that_sounds_so():
    clips = [clip(emotions=votes) for votes in ({"anger": 0.6, "fear": 0.4}, {"anger": 1.0}, {"sadness": 1.0})]

    true, known = of(clips, [MIXED])

    assert true[:, 0].tolist() == pytest.approx([1.0, 0.6, 0.0])
    assert known.all()


def test_votes_need_not_sum_to_one():
    true, _ = of([clip(emotions={"anger": 3, "fear": 1})], [ANGRY, MIXED])

    assert true[0].tolist() == pytest.approx([0.75, 0.85])


def test_a_strength_is_false_of_another_and_unknown_where_nobody_rated_it():
    true, known = of([clip(intensity=3.0), clip(intensity=0.5), clip()], [VERY_ANGRY])

    assert true[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert known[:, 0].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("facet", "value", "same", "other", "untold"),
    [
        ("voice", "female", {"gender": "female"}, {"gender": "male"}, {"gender": "non-binary"}),
        ("style", "whisper", {"styles": ["cry", "whisper"]}, {"styles": ["shout"]}, {"styles": []}),
        ("transcript", "yes no", {"transcript": "Yes, no!"}, {"transcript": "No."}, {"transcript": "?"}),
        ("pitch", "high", {"key": "high"}, {"key": "middle"}, {"key": "none"}),
        ("loudness", "high", {"key": "high"}, {"key": "low"}, {"key": "none"}),
        ("rate", "high", {"key": "high"}, {"key": "low"}, {"key": "none"}),
    ],
)
def test_a_facet_is_true_of_clips_that_have_it_false_of_others_and_unknown_where_it_is_not_known(
    facet, value, same, other, untold
):
    bins = {key: dict.fromkeys(facets.PROSODY, key) for key in ("low", "middle", "high")}

    true, known = of([clip(**same), clip(**other), clip(**untold)], [told(claims={facet: value})], bins=bins)

    assert true[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert known[:, 0].tolist() == [True, True, False]


def test_a_caption_that_is_false_in_one_thing_is_false_whatever_else_is_not_known():
    spoken = [told(claims={"voice": "female", "style": "whisper"})]

    true, known = of([clip(emotions={"fear": 1.0}), clip(gender="male"), clip(gender="female")], spoken)

    assert true[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert known[:, 0].tolist() == [True, True, False]


def test_all_that_a_caption_claims_must_fit_and_then_it_is_as_true_as_its_emotion():
    spoken = [told(claims={"voice": "female", "transcript": "yes"})]
    clips = [clip(emotions={"anger": 0.7, "fear": 0.3}, gender="female", transcript=said) for said in ("Yes", "No")]

    true, known = of(clips, spoken)

    assert true[:, 0].tolist() == pytest.approx([0.7, 0.0])
    assert known.all()


def test_a_caption_without_an_emotion_is_true_of_all_that_it_fits_labelled_or_not():
    clips = [clip(gender="male"), clip(gender="male", emotions={}), clip(gender="female", emotions={}), clip()]

    true, known = of(clips, [told(claims={"voice": "male"}, emotions=())])

    assert true[:, 0].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert known[:, 0].tolist() == [True, True, True, False]


def test_an_emotion_is_unknown_of_a_clip_without_votes():
    true, known = of([clip(emotions={}), clip(emotions={"pride": 1.0})], [ANGRY])

    assert true.tolist() == [[0.0], [0.0]]
    assert known.tolist() == [[False], [True]]


def test_what_augmentation_falsified_is_no_longer_known_of_that_clip():
    bins = {"clip": {"pitch": "low"}}
    spoken = [told(claims={"pitch": "high"}), told(claims={"pitch": "low"}), ANGRY]

    true, known = of([clip(), clip()], spoken, bins=bins, falsified=[frozenset(), frozenset(["pitch"])])

    assert true.tolist() == [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    assert known.tolist() == [[True, True, True], [False, False, True]]


def test_no_clips_and_no_captions_make_an_empty_table():
    assert [part.shape for part in of([], [ANGRY])] == [(0, 1), (0, 1)]
    assert [part.shape for part in of([clip()], [])] == [(1, 0), (1, 0)]


def crowd(count, seed=0):
    """Clips of which all sorts of things are known, one caption each, and their bins."""
    random = np.random.default_rng(seed)
    clips, bins = [], {}
    for number in range(count):
        one, other = (EMOTIONS[place] for place in random.choice(len(EMOTIONS), 2, replace=False))
        votes = [{}, {one: 1.0}, {one: 0.8, other: 0.2}, {one: 0.6, other: 0.4}]
        about = {
            "emotions": votes[random.integers(4)],
            "intensity": [None, 0.5, 2.0, 3.0][random.integers(4)],
            "gender": [None, "female", "male"][random.integers(3)],
            "styles": [[], ["whisper"], ["cry", "sigh"]][random.integers(3)],
            "transcript": [None, "Yes.", "No.", "I do not know."][random.integers(4)],
        }
        clips.append(clip(str(number), **about))
        bins[str(number)] = {facet: str(random.choice(["low", "middle", "high"])) for facet in facets.PROSODY}
    spoken = [captions.training_caption(one, bins=bins[one.key], falsified=frozenset(), random=random) for one in clips]
    return clips, spoken, bins


def test_every_clips_own_caption_is_known_and_true_of_it():
    clips, spoken, bins = crowd(300)

    true, known = of(clips, spoken, bins=bins)

    assert known.diagonal().all()
    assert (true.diagonal() > 0).all()


def one_by_one(about, caption, bins):
    """What `truth` promises, said again without tensors: truth, or None where it is not known."""
    facts = facets.known(about, bins=bins[about.key])
    claims = {facet: caption.claimed(facet) for facet in facets.CLAIMED if caption.claimed(facet)}
    overlap = (
        sum(min(share, about.emotions.get(name, 0.0)) for name, share in caption.emotions) if caption.emotions else 1
    )
    if caption.emotions and about.emotions and overlap == 0:
        return 0.0
    if any(facet in facts and value not in facts[facet] for facet, value in claims.items()):
        return 0.0
    if (caption.emotions and not about.emotions) or any(facet not in facts for facet in claims):
        return None
    return overlap


def test_the_table_is_what_asking_one_by_one_would_make_it():
    clips, spoken, bins = crowd(60, seed=1)

    true, known = of(clips, spoken, bins=bins)

    for row, about in enumerate(clips):
        for column, caption in enumerate(spoken):
            expected = one_by_one(about, caption, bins)
            assert known[row, column] == (expected is not None)
            assert true[row, column] == pytest.approx(expected or 0.0)
