"""Accepted clips without the long way there, for tests of what comes after: synthetic voices, moved by the one door.

Screening is left out (it decodes in a child, a second a clip); consent, licence, ratings and moves go through the acts.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence

from contributions import corpora, states
from contributions.models import Annotation, Clip, Contributor, LicenceGrant, Purpose, Rating
from contributions.models.contributor import Split
from openempathic import storage
from openempathic.accounts.models import User
from tests import worlds
from tests.training.worlds import flac, voice

EMOTIONS = ("anger", "neutral", "sadness")
SIDES = {"ada": Split.TRAIN, "bea": Split.TRAIN, "dan": Split.DEV, "eve": Split.TEST}
TRAINING = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS)


def corpus(
    name: str = "spoken",
    *,
    sides: Mapping[str, str] = SIDES,
    emotions: Sequence[str] = EMOTIONS,
    clips_each: int = 2,
    purposes: Sequence[str] = (*TRAINING, Purpose.RELEASE_DATASET),
) -> LicenceGrant:
    """A licensed corpus whose clips are all accepted."""
    permission = corpora.grant(
        name, licence="CC-BY-4.0", source="doi:10/x", source_sha256="0" * 64, purposes=list(purposes), commercial=True
    )
    for speaker, side in sides.items():
        line = corpora.Line(path="-", speaker=speaker, emotion="anger", language="pl", gender="female")
        someone = corpora.speaker(line, permission, {speaker: side})
        for emotion in every(emotions, clips_each):
            clip = in_review(someone, emotion=emotion, language="pl", licence=permission)
            Annotation.objects.create(clip=clip, source=Annotation.Source.CORPUS, emotion=emotion, intensity=2)
    corpora.accept_annotated(permission)
    return permission


def contributed(
    name: str,
    *,
    side: str = Split.TRAIN,
    emotions: Sequence[str] = EMOTIONS,
    clips_each: int = 1,
    purposes: Sequence[str] = TRAINING,
) -> list[Clip]:
    """A volunteer's accepted clips; consent texts and prompts must be stocked."""
    someone = Contributor.objects.get(user=worlds.volunteer(name, purposes=tuple(purposes)))
    Contributor.objects.filter(pk=someone.pk).update(split=side)
    clips = []
    for emotion in every(emotions, clips_each):
        clip = in_review(someone, emotion=emotion, language="en")
        heard(clip, emotion)
        states.move(clip, to=Clip.Status.ACCEPTED, by="ratings")
        clips.append(clip)
    return clips


def every(emotions: Sequence[str], clips_each: int) -> Iterator[str]:
    """Each emotion that many times."""
    return (emotion for emotion in emotions for _n in range(clips_each))


def in_review(someone: Contributor, *, emotion: str, language: str, licence: LicenceGrant | None = None) -> Clip:
    """A clip of theirs with an archive of synthetic sound, as screening would leave it."""
    number = Clip.objects.count()
    sound = flac(voice(emotion, seed=number, seconds=0.5 + 0.02 * (number % 5)))
    clip = Clip.objects.create(
        id=uuid.uuid5(uuid.NAMESPACE_OID, f"{someone.pk}/{number}"),
        contributor=someone,
        licence=licence,
        language=language,
        intended_emotion=emotion,
        sha256=hashlib.sha256(sound).hexdigest(),
        byte_count=len(sound),
        media_type="audio/flac",
    )
    storage.put(clip.original, sound)
    storage.put(clip.archive, sound)
    states.move(clip, to=Clip.Status.IN_REVIEW, by="worker:screening")
    return clip


def heard(clip: Clip, emotion: str, *, by: User | None = None, **facts: object) -> Rating:
    """One listener's blind answer."""
    return Rating.objects.create(
        clip=clip, rater=by, phase=Rating.Phase.BLIND, is_usable=True, emotion=emotion, **facts
    )
