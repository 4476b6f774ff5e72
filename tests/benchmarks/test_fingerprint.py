"""How surely a sound is known again, and how seldom another is taken for it: `./run bench -k fingerprint -s`.

By itself it runs on speech that can be installed, on few clips; with OE_SPEECH (a folder with RAVDESS and nEMO) on a
thousand of each length. docs/benchmarks/fingerprint.md keeps what came out, and the choices that followed.
"""

import itertools
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from contributions.audio import fingerprint as fingerprints
from contributions.audio.decode import Decoded
from contributions.audio.fingerprint import FEWEST_SIGNS, KEY_BITS, LEAST_OVERLAP, SAME_FROM, VERSION, match
from contributions.models import Clip, Contributor, Fingerprint, FingerprintKey
from contributions.screening import duplicates
from tests import worlds
from tests.benchmarks import corpora, disguises
from tests.benchmarks.disguises import ASKED, KINDS, RATE_HZ, Prepared, Take
from tests.benchmarks.test_coverage import GROWTH_MAX, steps
from tests.contributions.audio import sounds

FULL = bool(corpora.SPEECH)
CORPORA = ("RAVDESS", "nEMO") if FULL else ("Polish Speech Emotions", "EmoDB (7 clips)", "Asterisk es")
# Few where the suite runs; `./run bench` takes as many as docs/benchmarks/fingerprint.md tells of.
SOME = 120 if "OE_BENCH" in os.environ else 60
CLIPS = 1_000 if FULL else SOME
# A take of ten seconds is some four clips in a row: there are fewer of these.
LENGTHS = ((1, CLIPS), (1.5, CLIPS), (2, CLIPS), (3, CLIPS), (5, CLIPS), (10, 100), (15, 100)) if FULL else (
    (1, CLIPS), (1.5, CLIPS), (2, 60))[:: 1 if SOME == 120 else 2]  # fmt: skip
PAIRS_AT_LEAST = 990_000 if FULL else 3_000
FALSE_AT_MOST = 1e-4
RECALL_AT_LEAST, FROM_SECONDS = 0.98, 2
ROWS = 2_000


@dataclass(frozen=True, eq=False)
class Measured:
    """All that was measured at one length; scores of pairs are of one disguise of each take with all others."""

    seconds: float
    genuine: dict[str, np.ndarray]  # by disguise: (takes,) scores
    found: dict[str, np.ndarray]  # by disguise: (takes,) whether a key was shared
    strangers: np.ndarray  # (pairs,) scores of different recordings
    same_words: np.ndarray  # (pairs,) bool: by the same voice
    same_voice: np.ndarray  # (pairs,) bool: saying something else
    two_voices: np.ndarray  # (pairs,) bool: of one corpus, saying something else
    corpus: np.ndarray  # (pairs,) of the one that was disguised
    twice: list[str]  # recordings that the corpora hold twice, which are no pairs of strangers
    shared_keys: float  # rows of one other clip that a search comes upon, on average
    keys: float
    probes: float
    packed_bytes: float

    def recall(self, kind: str, threshold: float = SAME_FROM) -> float:
        """The share that is found and matches."""
        return float(np.mean((self.genuine[kind] >= threshold) & self.found[kind]))

    def false_from(self) -> float:
        """The score that one in ten thousand pairs of different recordings reaches."""
        return float(np.sort(self.strangers)[-1 - int(FALSE_AT_MOST * len(self.strangers))])


@pytest.fixture(scope="module")
def measured():
    """Every length, measured once."""
    clips = spoken()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waveforms = list(pool.map(disguises.heard, [clip.path for clip in clips], chunksize=20))
        return [measure(pool, list(zip(clips, waveforms, strict=True)), *length) for length in LENGTHS]


def spoken():
    """The clips, those of one voice saying one thing next to each other: the hardest pairs are among the first."""
    try:
        found = [clip for source in corpora.sources() if source.name in CORPORA for clip in source.spoken()]
    except corpora.Missing as lack:
        pytest.skip(str(lack))
    groups = [list(group) for _said, group in itertools.groupby(sorted(found, key=disguises.said), disguises.said)]
    random.Random(5).shuffle(groups)
    return [clip for group in groups for clip in group]


def measure(pool, clips, seconds, at_most):
    """One length."""
    takes = disguises.cut(clips, seconds, at_most=at_most)
    made = list(pool.map(disguises.prepared, takes, range(len(takes)), chunksize=10))
    scores = against_all(made)
    return Measured(
        seconds=seconds,
        genuine={kind: np.array([match(one.again[kind], one.known) for one in made]) for kind in KINDS},
        found={
            kind: np.array([np.isin(one.again[kind].probes, one.known.keys).any() for one in made]) for kind in KINDS
        },
        **pairs(made, scores),
        shared_keys=shared(made),
        keys=float(np.mean([len(one.known.keys) for one in made])),
        probes=float(np.mean([len(one.known.probes) for one in made])),
        packed_bytes=float(np.mean([len(one.known.packed()) for one in made])),
    )


def pairs(made: list[Prepared], scores: np.ndarray) -> dict[str, Any]:
    """The scores of every pair of different recordings, and which of them share a voice, or words as well."""
    corpus, voices, words = (
        np.array([getattr(one.take, name) for one in made]) for name in ("corpus", "voice", "words")
    )
    is_voice = voices[:, None] == voices[None]
    is_words = words[:, None] == words[None]
    is_corpus = corpus[:, None] == corpus[None]
    others, twice = ~np.eye(len(made), dtype=bool), []
    for one, other in np.argwhere((scores >= SAME_FROM) & others):
        if disguises.is_one_recording(made[one].take, made[other].take):
            others[one, other] = False
            twice.append(" = ".join(sorted((made[one].take.name, made[other].take.name))))
    return {
        "strangers": scores[others],
        "same_words": (is_voice & is_words)[others],
        "same_voice": (is_voice & ~is_words)[others],
        "corpus": np.broadcast_to(corpus[:, None], scores.shape)[others],
        "two_voices": (is_corpus & ~is_voice & ~is_words)[others],
        "twice": sorted(set(twice)),
    }


def against_all(made: list[Prepared]) -> np.ndarray:
    """One disguise of each take, in turn, matched with every take: (takes, takes) scores, as `match` gives them."""
    size = 1 << (2 * max(len(one.known.signs) + 8 for one in made)).bit_length()
    signs, told = (spectra([change(one.known.signs) for one in made], size) for change in (np.asarray, np.abs))
    counts = np.array([np.abs(one.known.signs).sum() for one in made])
    rows = []
    for one, kind in zip(made, itertools.cycle(ASKED)):
        phases = [one.again[kind].signs, one.again[kind].between]
        rows.append(np.max([agreement(mine, signs, told, counts, size) for mine in phases], axis=0))
    return np.array(rows)


def agreement(mine: np.ndarray, signs: np.ndarray, told: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    """How far these signs agree with those of every take: (takes,)."""
    agreed, both = correlated(mine, signs, size), np.rint(correlated(np.abs(mine), told, size))
    least = np.maximum(FEWEST_SIGNS, LEAST_OVERLAP * np.minimum(np.abs(mine).sum(), counts))
    return np.where(both >= least[:, None], agreed / np.maximum(both, 1), 0).max(axis=1, initial=0)


def spectra(arrays: list[np.ndarray], size: int) -> np.ndarray:
    """Each array's spectrum: (frequencies, bands, takes)."""
    return np.stack([np.fft.rfft(array, size, axis=0).astype(np.complex64).conj() for array in arrays], axis=2)


def correlated(mine: np.ndarray, others: np.ndarray, size: int) -> np.ndarray:
    """The products with every other at every shift: (takes, shifts)."""
    spectrum = np.fft.rfft(mine, size, axis=0).astype(np.complex64)[:, None]  # (frequencies, 1, bands)
    return np.fft.irfft((spectrum @ others)[:, 0].T, size, axis=1)


def shared(made: list[Prepared]) -> float:
    """How many keys of a stranger a search comes upon, on average over all pairs."""
    keys = np.concatenate([one.known.keys for one in made])
    owners = np.repeat(np.arange(len(made)), [len(one.known.keys) for one in made])
    hits = [
        int((owners[np.isin(keys, one.again[kind].probes)] != number).sum())
        for number, (one, kind) in enumerate(zip(made, itertools.cycle(ASKED)))
    ]
    return sum(hits) / (len(made) * (len(made) - 1))


def share_above(one: np.ndarray, other: np.ndarray) -> float:
    """How often a score of the one lies above a score of the other: a half where they cannot be told apart."""
    return float(np.mean(np.searchsorted(np.sort(other), one)) / len(other))


def test_the_quick_way_to_match_all_is_the_way_to_match_two():
    chance = np.random.default_rng(3)
    signs = [chance.integers(-1, 2, (chance.integers(40, 90), 16)).astype(np.int8) for _take in range(12)]
    none = np.zeros(0, np.int64)
    made = [fingerprints.Fingerprint(np.vstack([sign, signs[0][:50]]), signs[0], none, none) for sign in signs]
    takes = [Prepared(Take("", none, "", "", ""), one, dict.fromkeys(KINDS, one)) for one in made]

    assert against_all(takes) == pytest.approx(np.array([[match(a, b) for b in made] for a in made]), abs=1e-4)


def test_a_sound_is_known_again_and_no_other_is_taken_for_it(measured, capsys):
    with capsys.disabled():
        sys.stdout.write(report(measured))
    for at in measured:
        assert len(at.strangers) >= PAIRS_AT_LEAST or at.seconds > 5
        assert np.mean(at.strangers >= SAME_FROM) <= FALSE_AT_MOST
        assert not (at.strangers[at.same_words] >= SAME_FROM).any()
        if at.seconds >= FROM_SECONDS:
            assert min(at.recall(kind) for kind in ASKED) >= RECALL_AT_LEAST


def report(measured):
    """Everything that the page in docs/benchmarks holds."""
    head = ["", "", f"Recall, found and matched at {SAME_FROM}:", "", f"| seconds | clips | {' | '.join(KINDS)} |"]
    lines = [*head, "|" + " ---: |" * (len(KINDS) + 2)]
    for at in measured:
        recalls = " | ".join(f"{at.recall(kind):.4f}" for kind in KINDS)
        lines.append(f"| {at.seconds:g} | {len(at.genuine[KINDS[0]])} | {recalls} |")
    lines += ["", "Different recordings, and where one in 10,000 of their pairs would be taken for the same:", ""]
    lines += [
        "| seconds | pairs | highest | one in 10,000 | recall there | taken for one | same voice and words | highest |"
    ]
    lines += ["|" + " ---: |" * 8]
    for at in measured:
        hard = at.strangers[at.same_words]
        worst = min(float(np.mean(at.genuine[kind] > at.false_from())) for kind in ASKED)
        cells = [f"{at.seconds:g}", f"{len(at.strangers):,}", f"{at.strangers.max():.3f}", f"{at.false_from():.3f}"]
        cells += [f"{worst:.4f}", (at.strangers >= SAME_FROM).sum(), f"{len(hard):,}", f"{hard.max(initial=0):.3f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "Recordings that the corpora hold twice, by their waveforms, and that were known again:", ""]
    lines += sorted({f"- {names}" for at in measured for names in at.twice}) or ["none"]
    lines += ["", "How often two sentences of one voice score above two of two voices (0.5: no telling):", ""]
    for at, corpus in itertools.product(measured, CORPORA):
        one, two = (at.strangers[which & (at.corpus == corpus)] for which in (at.same_voice, at.two_voices))
        if len(one) and len(two):
            lines.append(f"- {corpus}, {at.seconds:g} s: {share_above(one, two):.3f} ({len(one):,} pairs of one voice)")
    lines += [
        "",
        "| seconds | keys kept | keys looked up | bytes of signs | strangers' rows met among a million clips |",
    ]
    lines += ["|" + " ---: |" * 5]
    for at in measured:
        cost = f"| {at.keys:.1f} | {at.probes:.0f} | {at.packed_bytes:.0f} | {1e6 * at.shared_keys:.0f} |"
        lines.append(f"| {at.seconds:g} {cost}")
    return "\n".join([*lines, ""])


def crowd(count: int, chance: np.random.Generator) -> None:
    """So many clips of others, with keys of a few seconds of sound."""
    voice = Contributor.objects.create(split="train")
    number = Fingerprint.objects.count()
    facts = {"contributor": voice, "language": "en", "byte_count": 1, "status": Clip.Status.ACCEPTED}
    clips = Clip.objects.bulk_create(Clip(sha256=f"{number + n:064}", **facts) for n in range(count))
    rows = Fingerprint.objects.bulk_create(
        Fingerprint(clip=clip, version=VERSION, pcm_sha256=clip.sha256, signs=bytes(600)) for clip in clips
    )
    FingerprintKey.objects.bulk_create(
        FingerprintKey(key=key, fingerprint=row)
        for row in rows
        for key in chance.integers(0, 1 << KEY_BITS, 26).tolist()
    )


@pytest.mark.django_db
def test_looking_costs_the_same_however_many_clips_there_are(vera, capsys):
    chance = np.random.default_rng(2)
    waveform = sounds.spoken("german-fear")
    decoded = Decoded(waveform, (waveform * 32_767).astype(np.int16), RATE_HZ, 1, "wav", "pcm_s16le", 2.0)
    clip = worlds.stored_clip(vera, b"a clip")
    crowd(ROWS // 50, chance)
    little = steps(lambda: duplicates.twin_of(clip, decoded))
    crowd(ROWS - ROWS // 50, chance)
    much = steps(lambda: duplicates.twin_of(clip, decoded))

    with capsys.disabled():
        sys.stdout.write(f"\nsteps of SQLite: {little} among {ROWS // 50} clips, {much} among {ROWS}\n")
    assert 0 < much < GROWTH_MAX * little
