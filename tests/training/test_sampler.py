"""What a batch is made of: little padding, every language and voice, pairs that differ in the emotion alone."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.training.test_batches import batches_of, clip
from training.batches import Batches, balanced, paired
from training.parallel import Team

EMOTIONS, SHARES = ("anger", "fear", "neutral", "sadness"), (0.4, 0.3, 0.2, 0.1)


def mix(count=2_000, *, speakers=60, sentences=40, seed=0):
    """Clips of 1 to 10 seconds, as uneven in emotions as corpora are."""
    random = np.random.default_rng(seed)
    return [
        clip(
            number,
            emotion=str(random.choice(EMOTIONS, p=SHARES)),
            speaker=f"speaker {random.integers(speakers)}",
            seconds=random.uniform(1, 10),
            transcript=f"sentence {random.integers(sentences)}",
        )
        for number in range(count)
    ]


def epoch(batches, clips):
    """About one epoch of batches."""
    heard = 0
    while heard < len(clips):
        batch = batches.next()
        heard += len(batch)
        yield batch


def contrasted(batch, alike):
    """The share of a batch whose clips have a partner that is alike, in another emotion and as long."""

    def is_one(one, other):
        ratio = one.sample_count / other.sample_count
        return alike(one) == alike(other) and one.emotion != other.emotion and 0.95 < ratio < 1.05

    return sum(any(is_one(one, other) for other in batch) for one in batch) / len(batch)


@pytest.fixture(scope="module")
def heard():
    clips = mix()
    return list(epoch(batches_of(clips, batch_seconds=120.0), clips))


def test_of_what_a_batch_computes_nineteen_parts_in_twenty_are_sound(heard):
    sound = sum(clip.duration_seconds for batch in heard for clip in batch)
    padded = sum(len(batch) * max(clip.duration_seconds for clip in batch) for batch in heard)

    assert sound / padded >= 0.95
    assert max(len(batch) * max(clip.duration_seconds for clip in batch) for batch in heard) <= 120.0


def test_a_batch_holds_pairs_of_one_speaker_and_of_one_sentence_in_two_emotions(heard):
    unpaired = list(epoch(Batches(mix(), seed=0, batch_seconds=120, longest_clip_seconds=20, pairs_share=0), mix()))

    for alike in (lambda clip: clip.speaker, lambda clip: clip.transcript):
        by_chance = np.mean([contrasted(batch, alike) for batch in unpaired])
        assert np.mean([contrasted(batch, alike) for batch in heard]) > by_chance + 0.1


def test_a_batch_holds_many_speakers(heard):
    assert np.mean([len({clip.speaker for clip in batch}) / len(batch) for batch in heard]) > 0.6


def test_two_of_a_pair_are_cut_into_one_batch_and_a_clip_is_in_one_pair():
    clips = mix(400, speakers=5)
    units = paired(clips, random=np.random.default_rng(0), share=0.5, longest_seconds=20.0)

    assert Counter(clip.key for unit in units for clip in unit) == Counter(clip.key for clip in clips)
    assert sum(len(unit) == 2 for unit in units) > 100
    for one, other in (unit for unit in units if len(unit) == 2):
        assert one.emotion != other.emotion
        assert one.speaker == other.speaker or one.transcript == other.transcript


def test_a_small_language_is_drawn_by_the_root_of_its_size():
    clips = [clip(n, language="en-GB") for n in range(90)] + [clip(100 + n, language="sw") for n in range(10)]

    drawn = Counter(clip.language for clip in balanced(clips, random=np.random.default_rng(0)))

    assert drawn == {"en-GB": 75, "sw": 25}


def test_ten_thousand_speakers_of_a_large_language_do_not_crowd_a_small_one_out():
    large = [clip(n, speaker=f"speaker {n}", language="en") for n in range(2_500)]
    clips = large + [clip(5_000 + n, language="sw") for n in range(100)]

    drawn = Counter(clip.language for clip in balanced(clips, random=np.random.default_rng(0)))

    assert drawn == {"en": 2_167, "sw": 433}


def test_clips_without_labels_are_heard_beside_the_others_and_are_in_no_pair():
    clips = [clip(n, emotion=("anger", "fear", None)[n % 3]) for n in range(99)]

    drawn = balanced(clips, random=np.random.default_rng(0))
    units = paired(drawn, random=np.random.default_rng(0), share=1.0, longest_seconds=9)

    assert sum(not clip.emotions for unit in units for clip in unit) == 33
    assert any(len(unit) == 2 for unit in units)
    assert all(clip.emotions for unit in units if len(unit) == 2 for clip in unit)


def test_one_process_two_and_three_hear_the_same_batches_also_when_their_number_changes_on_the_way():
    clips = mix(300)
    alone = [[clip.key for clip in batch] for batch, _ in zip(epoch(batches_of(clips), clips), range(30), strict=False)]
    heard, state = [], batches_of(clips).state()
    for size in (2, 3, 1, 2):
        each = [batches_of(clips) for _ in range(size)]
        for one in each:
            one.restore(state)
        for _ in range(7):
            shares = [Team(rank, size).share(one.next()) for rank, one in enumerate(each)]
            heard.append([clip.key for share in shares for clip in share])
        state = each[-1].state()

    assert heard == alone[:28]


def test_a_run_taken_up_again_needs_no_words_of_those_who_withdrew():
    clips, gone = mix(200, sentences=5), {f"clip{number:04d}" for number in range(0, 200, 3)}
    forgotten = [replace(clip, transcript=None) if clip.key in gone else clip for clip in clips]
    unbroken, resumed = batches_of(clips), batches_of(forgotten)
    for _ in range(3):
        unbroken.next()
    unbroken.drop(gone)
    resumed.restore(unbroken.state())

    for _ in range(30):
        assert [clip.key for clip in unbroken.next()] == [clip.key for clip in resumed.next()]


def test_looking_ahead_moves_nothing():
    looking, plain = batches_of(mix(200)), batches_of(mix(200))
    seen = []
    for _ in range(40):
        assert looking.peek() == looking.peek()
        seen.append(looking.next())

    assert seen == [plain.next() for _ in range(40)]
