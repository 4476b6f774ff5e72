"""The loop unattended: two scheduled rounds with new clips between them, a candidate turned away, and a way back.

What suggestions were made by is looked at throughout: each by the champion of its moment.
"""

import json
import uuid
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests import servers, sites
from tests.training.worlds import voice
from tests.unattended import Corpus, Rounds, again

pytestmark = pytest.mark.soak
EMOTIONS = ("anger", "neutral", "sadness")
HEARD = ("ada", "abe", "ann", "art", "amy", "alf")
ROUNDS = (("bea", "ben"), ("cyd", "cal"), ("dan", "dot"))
LAST = "eve"
SIDES = {**dict.fromkeys(HEARD, "test"), **dict.fromkeys([*sum(ROUNDS, ()), LAST], "train")}
CLIPS_EACH = 4
PLAN = {"steps": 30, "warmup_steps": 4, "steps_per_state": 10}
# As many as a round's speakers bring, but for some that screening may think too like another.
ENOUGH = 20


@pytest.fixture(params=["embedded", "servers"])
def environment(request):
    given = {
        "OE_RETRAIN_PRESET": "nano",
        "OE_RETRAIN_PLAN": json.dumps(PLAN),
        "OE_RETRAIN_EVERY_HOURS": "0",
        "OE_RETRAIN_MIN_NEW_CLIPS": str(ENOUGH),
        "OE_SEED_HEAD": "off",
        "OE_GATE": "open",
    }
    if request.param == "servers":
        for name in ("redis_server", "s3_server"):
            given |= request.getfixturevalue(name).environment
        given["DATABASE_URL"] = servers.new_database(request.getfixturevalue("postgres_server"))
        given["STORAGE_URL"] = given["STORAGE_URL"].replace("?", f"/{uuid.uuid4().hex}?")
    return given


@pytest.fixture
def corpus(tmp_path):
    """Synthetic voices that screening takes for speech and nobody for each other: 13 speakers, three emotions."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = []
    for place, speaker in enumerate(SIDES):
        for number in range(CLIPS_EACH * len(EMOTIONS)):
            emotion = EMOTIONS[number % len(EMOTIONS)]
            path = folder / f"{speaker}-{number}.wav"
            write_wav(path, spoken(emotion, place, seed=100 * place + number))
            rows.append({"path": path.name, "speaker": speaker, "emotion": emotion, "language": "pl"})
    return Corpus("voices", folder, rows, SIDES, "CC-BY-4.0")


def spoken(emotion: str, speaker: int, *, seed: int) -> np.ndarray:
    """A voice at the emotion's pitch, coloured as the speaker's mouth would, in syllables as no other clip has."""
    random = np.random.default_rng(seed)
    sound = voice(emotion, seed=seed, seconds=random.uniform(1.2, 2.4))
    spectrum, hertz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / 16_000)
    mouth = np.random.default_rng(speaker).uniform((300, 900, 2000), (800, 1900, 3500))
    colour = 0.1 + sum(np.exp(-(((hertz - formant) / 200) ** 2)) for formant in mouth)
    syllables = np.interp(np.arange(len(sound)), np.arange(0, len(sound) + 1600, 1600), loudness(random, len(sound)))
    coloured = np.fft.irfft(spectrum * colour, len(sound)) * syllables
    return 0.5 * coloured / np.abs(coloured).max()


def loudness(random: np.random.Generator, samples: int) -> np.ndarray:
    """How loud it is every tenth of a second."""
    return random.choice([0.05, 0.4, 1.0], size=len(np.arange(0, samples + 1600, 1600)))


def write_wav(path: Path, samples: np.ndarray) -> None:
    """The samples in [-1, 1] as 16-bit mono at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def test_two_rounds_a_rejection_and_a_rollback_without_a_hand(environment, corpus, tmp_path):
    with sites.site(tmp_path, environment) as site:
        site.start("site", sites.SUPERVISOR, site.is_healthy)
        rounds = Rounds(site, corpus, tmp_path)
        first, second = published(rounds, 1, [*HEARD, *ROUNDS[0]]), published(rounds, 2, ROUNDS[1])
        assert second != first
        assert rounds.suggested_to(ROUNDS[1][0]) == {first}

        # What learnt under each other's labels is not better than the champion, and a closed gate says so.
        again(site, OE_GATE="closed", OE_RETRAIN_PLAN=json.dumps({**PLAN, "shuffle_labels": True}))
        rounds.take_in(ROUNDS[2])
        assert rounds.suggested_to(ROUNDS[2][0]) == {second}
        rounds.accept()
        third = rounds.ended(3)
        assert (third.status, third.checkpoint) == ("REJECTED", None)
        assert "not_better" in {fault["code"] for fault in third.verdict["against"]}
        assert rounds.champion() == second

        site.manage("rollback", "--reason", "to see that there is a way back")
        assert rounds.champion() == first
        rounds.take_in([LAST])
        assert rounds.suggested_to(LAST) == {first}


def published(rounds: Rounds, number: int, speakers: Sequence[str]) -> str:
    """The digest of the champion that the run after these speakers came published."""
    before = rounds.champion()
    rounds.take_in(speakers)
    if before:
        assert all(rounds.suggested_to(speaker) == {before} for speaker in speakers)
    rounds.accept()
    ended = rounds.ended(number)
    assert (ended.status, ended.reason) == ("PUBLISHED", "")
    assert rounds.champion() == ended.checkpoint["digest"]
    return rounds.champion()
