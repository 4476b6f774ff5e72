"""People who listen, clips that wait for them, and what a champion heard: without the seconds that screening takes."""

import io
import uuid
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contributions import intake, states
from contributions.models import (
    Clip,
    Contributor,
    Examination,
    ListenerPass,
    Prompt,
    RatingTurn,
    Suggestion,
)
from openempathic import storage
from openempathic.accounts.models import User
from openempathic.registry.models import Checkpoint
from tests import worlds

# Two seconds, rather quiet.
MEASURES = {"duration_seconds": 2.0, "integrated_lufs": -35.0, "peak_dbfs": -20.0}


def listener(name: str, *languages: str) -> User:
    """Somebody who passed the tutorials of the languages."""
    someone = worlds.person(name)
    for language in languages or ("en",):
        ListenerPass.objects.create(person=someone, language=language)
    return someone


def waiting(someone: User | Contributor, *, prompt: Prompt | None = None, language: str = "en") -> Clip:
    """A clip of theirs that waits for listeners, as screening would leave it."""
    prompt = prompt or Prompt.objects.filter(language=language, kind=Prompt.Kind.ACTED)[0]
    body = worlds.ANGER.read_bytes()
    told = worlds.announced(body, prompt_id=prompt.pk, language=language)
    voice = worlds.voice_of(someone)
    taken = intake.intake(uuid.uuid4(), contributor=voice, body=io.BytesIO(body), announced=told, by=voice.actor)
    clip = taken.clip
    Clip.objects.filter(pk=clip.pk).update(duration_seconds=MEASURES["duration_seconds"])
    clip.refresh_from_db()
    Examination.objects.create(
        clip=clip, agent=Examination.Agent.SCREENING, version="0", fence=1, measures=MEASURES, is_usable=True
    )
    storage.put(clip.archive, b"fLaC" + bytes(1000))
    storage.put(clip.peaks, b"[0.5]")
    storage.put(clip.spectrogram, b"PNG")
    states.move(clip, to=Clip.Status.IN_REVIEW, by="screening")
    return clip


def suggested(clip: Clip, *, emotion: str = "sadness", probability: float = 0.71) -> Suggestion:
    """What a champion heard in the clip, with the rest of its belief in anger."""
    made = {"status": "CHAMPION", "preset": "nano", "release_digest": "b" * 64, "run_id": uuid.uuid4(), "files": {}}
    champion, _is_new = Checkpoint.objects.get_or_create(digest="a" * 64, defaults=made)
    scores = {emotion: probability, "anger": round(1 - probability, 2)}
    return Suggestion.objects.create(
        clip=clip, checkpoint=champion, scores=scores, emotion=emotion, made_at=timezone.now()
    )


def turn_on_the_page(browser: Client, person: User) -> RatingTurn:
    """The turn that the listening page opens for them."""
    answer = browser.get(reverse("listen"))
    assert answer.status_code == 200, answer.status_code
    return RatingTurn.objects.get(rater=person, closed_at=None)


def heard_turn(browser: Client, person: User) -> RatingTurn:
    """The same, with the clip played to its end."""
    return worlds.heard(turn_on_the_page(browser, person))


def answered(browser: Client, turn: RatingTurn, **said: Any) -> Any:
    """What the site says to an answer that the form of the page sends."""
    return browser.post(reverse("listen-rating", args=[turn.pk]), {"is_usable": "yes", "emotion": "anger"} | said)
