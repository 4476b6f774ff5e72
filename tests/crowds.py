"""Crowds of listeners whose ears we know, since we made them: what they heard, what they answered and how fast.

A language has confusions of its own, and a clip is clear or not; both are the same for everybody who listens. What
tells listeners apart is their kind. No person answered any of this: it shows what the arithmetic can find, not how
people hear.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from contributions.asking import catalogue
from contributions.models import Clip, Contributor, Rating
from openempathic.accounts.models import User
from tests import worlds

CORE = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# How a clip's clearness is spread: most are plain to everybody who listens, some to nobody.
CLEARNESS = (6.0, 1.0)
# Of what an outlier hears differently from the others: so many emotions.
HEARD_OTHERWISE = 2


class Kind(StrEnum):
    """How somebody listens."""

    # Names what there is, as far as the clip is clear, and confuses what their language confuses.
    HONEST = "HONEST"
    # As honest, but some of their words stand for one or two other emotions, every time.
    OUTLIER = "OUTLIER"
    # Listens to a good half of the clips.
    CARELESS = "CARELESS"
    # Answers at random without listening.
    SPAMMER = "SPAMMER"
    # Gives one answer to everything.
    CONSTANT = "CONSTANT"
    # Listens, and says something else on purpose.
    ADVERSARY = "ADVERSARY"


# How often each really listens, and the median seconds of an answer; spread by the last as a lognormal.
LISTENS = {
    Kind.HONEST: (0.97, 14.0, 0.5),
    Kind.OUTLIER: (0.97, 14.0, 0.5),
    Kind.CARELESS: (0.6, 8.0, 0.6),
    Kind.SPAMMER: (0.0, 4.0, 0.3),
    Kind.CONSTANT: (0.0, 3.5, 0.3),
    Kind.ADVERSARY: (0.97, 12.0, 0.5),
}


@dataclass(frozen=True)
class Said:
    """One blind answer: which clip, by whom, which emotion; clips and raters by their number."""

    clip: int
    rater: int
    emotion: str


@dataclass(frozen=True)
class Crowd:
    """Clips and their listeners; `seconds` belong to `answers`, which stand in the order in which they were given."""

    truth: list[str]
    answers: list[Said]
    seconds: list[float]
    kinds: list[Kind]
    emotions: tuple[str, ...]
    language: str

    def reliability(self, rater: int) -> float:
        """How often the rater named what there was; NaN where they answered nothing."""
        own = [said.emotion == self.truth[said.clip] for said in self.answers if said.rater == rater]
        return float(np.mean(own)) if own else math.nan

    def votes(self) -> dict[int, list[str]]:
        """The emotions that each clip's listeners named, in the order in which they did."""
        heard: dict[int, list[str]] = defaultdict(list)
        for said in self.answers:
            heard[said.clip].append(said.emotion)
        return dict(heard)


def simulate(
    rng: np.random.Generator,
    *,
    clips: int,
    raters: Sequence[Kind],
    emotions: Sequence[str] = CORE,
    ratings_per_clip: int = 7,
    language: str = "en",
    activity: Sequence[float] | None = None,
) -> Crowd:
    """So many clips of a language, each heard by so many different listeners of the crowd, in rounds.

    `activity` is how often each comes beside the others; without it all come alike.
    """
    emotions, kinds = tuple(emotions), list(raters)
    confused = confusions(emotions, language)
    frequencies = rng.dirichlet(np.full(len(emotions), 8.0))
    truth = rng.choice(len(emotions), size=clips, p=frequencies)
    clear = rng.beta(*CLEARNESS, size=clips)
    ears = [ears_of(kind, len(emotions), rng) for kind in kinds]
    shares = np.array(activity if activity is not None else np.ones(len(kinds)), dtype=float)
    listeners = [
        rng.choice(len(kinds), size=ratings_per_clip, replace=False, p=shares / shares.sum()) for _clip in range(clips)
    ]

    answers, seconds = [], []
    for turn in range(ratings_per_clip):
        for clip in rng.permutation(clips):
            rater = int(listeners[clip][turn])
            plain = truth[clip] if rng.random() < clear[clip] else rng.choice(len(emotions), p=confused[truth[clip]])
            answers.append(Said(int(clip), rater, emotions[ears[rater](int(plain), rng)]))
            _listens, median, spread = LISTENS[kinds[rater]]
            seconds.append(float(rng.lognormal(math.log(median), spread)))
    return Crowd([emotions[one] for one in truth], answers, seconds, kinds, emotions, language)


def confusions(emotions: Sequence[str], language: str) -> np.ndarray:
    """Which emotion an unclear one is taken for in the language: (emotions, emotions), always the same for a language.

    Each has one or two neighbours that get most of it, as people confuse surprise with happiness, not with everything.
    """
    own = np.random.default_rng(int.from_bytes(hashlib.sha256(language.encode()).digest()[:8]))
    return own.dirichlet(np.full(len(emotions), 0.4), size=len(emotions))


def ears_of(kind: Kind, emotions: int, rng: np.random.Generator) -> Callable[[int, np.random.Generator], int]:
    """What a listener of the kind answers to what is plainly heard; each listener has ears of their own."""
    listens = LISTENS[kind][0]
    favourite = int(rng.integers(emotions))
    turned = int(rng.integers(1, emotions))
    words = np.arange(emotions)
    if kind is Kind.ADVERSARY:
        words = (words + turned) % emotions
    if kind is Kind.OUTLIER:
        otherwise = rng.choice(emotions, size=HEARD_OTHERWISE, replace=False)
        words[otherwise] = (otherwise + turned) % emotions

    def answer(plain: int, chance: np.random.Generator) -> int:
        if chance.random() < listens:
            return int(words[plain])
        return favourite if kind is Kind.CONSTANT else int(chance.integers(emotions))

    return answer


def heard_until(crowd: Crowd, wanted: Callable[[Sequence[str]], int]) -> Crowd:
    """The same crowd, had each clip been offered only until as many heard it as its own answers so far want."""
    given: dict[int, list[str]] = defaultdict(list)
    kept = []
    for place, said in enumerate(crowd.answers):
        if len(given[said.clip]) < wanted(given[said.clip]):
            given[said.clip].append(said.emotion)
            kept.append(place)
    return replace(crowd, answers=[crowd.answers[n] for n in kept], seconds=[crowd.seconds[n] for n in kept])


@dataclass(frozen=True)
class Stored:
    """The rows of a crowd, each list by the crowd's numbers."""

    clips: list[Clip]
    raters: list[User]
    ratings: list[Rating]


def stored(crowd: Crowd, *, began_at: datetime | None = None, name: str = "crowd") -> Stored:
    """The crowd as rows, none of it by acts: accepted clips of one voice, accounts, blind ratings a minute apart."""
    began_at = began_at or timezone.now() - timedelta(minutes=len(crowd.answers) + 5)
    voice = a_voice(f"{name}-{crowd.language}")
    clips = [a_clip(voice, crowd, number) for number in range(len(crowd.truth))]
    Clip.objects.bulk_create(clips, batch_size=500)
    nobody = make_password(None)
    raters = [
        User(email=f"{name}-{crowd.language}-{number}@example.org", password=nobody)
        for number in range(len(crowd.kinds))
    ]
    User.objects.bulk_create(raters, batch_size=500)
    ratings = [
        Rating(clip=clips[said.clip], rater=raters[said.rater], phase=Rating.Phase.BLIND, is_usable=True,
               emotion=said.emotion, seconds=seconds)
        for said, seconds in zip(crowd.answers, crowd.seconds, strict=True)
    ]  # fmt: skip
    Rating.objects.bulk_create(ratings, batch_size=500)
    for place, rating in enumerate(ratings):
        # Set by the database's own clock otherwise, all alike.
        rating.rated_at = began_at + timedelta(minutes=place)
    Rating.objects.bulk_update(ratings, ["rated_at"], batch_size=500)
    return Stored(clips, raters, ratings)


def a_voice(name: str) -> Contributor:
    """Somebody who allows everything that listening needs."""
    catalogue.load_consent_texts()
    return Contributor.objects.get(user=worlds.volunteer(name))


def a_clip(voice: Contributor, crowd: Crowd, number: int) -> Clip:
    """An accepted clip without sound."""
    facts: dict[str, Any] = {"sha256": f"{number:064x}", "byte_count": 1, "media_type": "audio/flac"}
    return Clip(
        id=uuid.uuid4(), contributor=voice, language=crowd.language, status=Clip.Status.ACCEPTED,
        intended_emotion=crowd.truth[number], **facts,
    )  # fmt: skip
