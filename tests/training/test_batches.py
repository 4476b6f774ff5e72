"""Batches are balanced, alike in length, and can be put down and taken up at any step."""

from collections import Counter

import numpy as np
import pytest

from training.batches import Batches, balanced
from training.packing import PackedClip


def clip(number, *, emotion="anger", speaker="vera", seconds=1.0, language="pl", transcript=None):
    return PackedClip(
        key=f"clip{number:04d}",
        split="train",
        speaker=speaker,
        language=language,
        corpus=None,
        emotions={emotion: 1.0} if emotion else {},
        intensity=None,
        texts=[],
        offset=0,
        sample_count=int(seconds * 16_000),
        transcript=transcript,
    )


def crowd(count=120):
    emotions, speakers = ("anger", "fear", "neutral"), ("vera", "milo", "cleo", "ada")
    return [clip(n, emotion=emotions[n % 3], speaker=speakers[n % 4], seconds=0.5 + n % 7) for n in range(count)]


def batches_of(clips, *, seed=0, batch_seconds=30.0):
    return Batches(clips, seed=seed, batch_seconds=batch_seconds, longest_clip_seconds=20.0)


def keys(batches, count):
    return [[clip.key for clip in batches.next()] for _ in range(count)]


@pytest.mark.parametrize("steps", [0, 1, 17, 60])
def test_taken_up_at_any_step_the_batches_go_on_as_they_would_have(steps):
    whole, broken, resumed = (batches_of(crowd()) for _ in range(3))
    expected = keys(whole, steps + 40)[steps:]
    keys(broken, steps)

    resumed.restore(broken.state())

    assert keys(resumed, 40) == expected


def test_a_clip_dropped_in_mid_epoch_never_comes_again_even_after_a_resume():
    batches, resumed = batches_of(crowd()), batches_of(crowd())
    keys(batches, 5)

    assert batches.drop(["clip0007", "clip0008", "nobody"]) == ["clip0007", "clip0008"]
    assert batches.drop(["clip0007"]) == []

    resumed.restore(batches.state())
    later, again = keys(batches, 80), keys(resumed, 80)
    assert later == again
    assert not {"clip0007", "clip0008"} & {key for batch in later for key in batch}


def test_when_every_clip_was_withdrawn_there_is_no_batch():
    batches = batches_of(crowd(3))
    batches.drop([clip.key for clip in crowd(3)])

    with pytest.raises(ValueError, match="no clip is left"):
        batches.next()


def test_an_epoch_of_a_level_crowd_hears_every_clip_once():
    clips, batches = crowd(), batches_of(crowd())
    heard = Counter()
    while sum(heard.values()) < len(clips):
        heard.update(clip.key for clip in batches.next())

    assert heard == Counter(clip.key for clip in clips)


def test_a_batch_is_bounded_by_padded_seconds_and_little_of_it_is_padding():
    batches = batches_of(crowd(400))
    seconds, padded = [], []
    for _ in range(40):
        batch = batches.next()
        seconds.append(sum(clip.duration_seconds for clip in batch))
        padded.append(len(batch) * max(clip.duration_seconds for clip in batch))

    assert max(padded) <= 30.0 * 1.1
    assert sum(seconds) / sum(padded) > 0.75


def test_a_clip_longer_than_a_batch_is_a_batch_of_its_own():
    batches = batches_of([clip(0, seconds=40.0), clip(1, seconds=19.0), clip(2)], batch_seconds=10.0)

    assert [len(batch) for batch in (batches.next() for _ in range(3))] == [1, 1, 1]


def test_rare_emotions_and_quiet_speakers_are_drawn_more_often_than_they_come():
    clips = [clip(n) for n in range(90)] + [clip(100 + n, emotion="fear", speaker="milo") for n in range(10)]

    drawn = Counter(clip.emotion for clip in balanced(clips, random=np.random.default_rng(0)))

    # By the root of 9 to 1, a quarter of a hundred.
    assert drawn == {"anger": 75, "fear": 25}


def test_seeds_and_epochs_have_orders_of_their_own():
    one, other = batches_of(crowd()), batches_of(crowd(), seed=1)
    first, second = keys(one, 12), keys(one, 12)

    assert first != keys(other, 12)
    assert first != second
