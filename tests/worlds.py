"""Small worlds, built through the acts: Vera volunteers, Milo moderates, Cleo curates, Otto has no business here."""

import hashlib
import io
import uuid
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from contributions import intake
from contributions.asking import catalogue
from contributions.consenting import consent, guests
from contributions.listening import ratings
from contributions.models import Clip, ConsentText, Contributor, Prompt, Purpose, Rating, RatingTurn
from contributions.models.contributor import Split
from contributions.screening import examination
from openempathic.accounts.models import Role, User

SOUNDS = Path(__file__).parent / "sounds"
ANGER = SOUNDS / "german-anger.wav"


def person(name: str, role: str = Role.CONTRIBUTOR) -> User:
    """An account of that name."""
    return User.objects.create_user(f"{name}@example.org", "a long enough word", role=role)


def stocked() -> None:
    """Prompts and consent texts, as `./run` loads them, unless they are there."""
    if not ConsentText.objects.exists():
        catalogue.load_prompts()
        catalogue.load_consent_texts()


def volunteer(name: str, *, purposes: tuple[str, ...] = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS)) -> User:
    """A person who has said yes to the purposes."""
    someone = person(name)
    contributor = on_the_training_side(consent.contributor_for(someone))
    shown = consent.texts("en")
    consent.decide(contributor, given=set(purposes), shown=shown, locale="en", is_adult=True, by=someone)
    return someone


def guest(*, purposes: tuple[str, ...] = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS)) -> Contributor:
    """A guest who has said yes to the purposes."""
    gina = on_the_training_side(guests.welcome())
    shown = consent.texts("en")
    consent.decide(gina, given=set(purposes), shown=shown, locale="en", is_adult=True, by=gina.actor)
    return gina


def on_the_training_side(voice: Contributor) -> Contributor:
    """The voice on that side of every release: by lot it would be on another in three tests of ten.

    Whoever is on the test side is heard first and by more people, and is asked for other sentences.
    """
    voice.split = Split.TRAIN
    voice.save(update_fields=["split"])
    return voice


def voice_of(someone: User | Contributor) -> Contributor:
    """The voice that a person or a guest speaks with."""
    return someone if isinstance(someone, Contributor) else consent.contributor_for(someone)


def announced(body: bytes, **facts: object) -> intake.Announced:
    """What a browser would say of the bytes."""
    said = {"media_type": "audio/wav", "language": "en", "sha256": hashlib.sha256(body).hexdigest()} | facts
    return intake.Announced(**said)


def stored_clip(someone: User | Contributor, sound: Path | bytes = ANGER, *, prompt: Prompt | None = None) -> Clip:
    """A clip of theirs, taken in and due for screening."""
    body = sound if isinstance(sound, bytes) else sound.read_bytes()
    prompt = prompt or Prompt.objects.filter(language="en").first()
    return intake.intake(
        uuid.uuid4(),
        contributor=voice_of(someone),
        body=io.BytesIO(body),
        announced=announced(body, prompt_id=prompt.pk),
        by=voice_of(someone).actor,
    ).clip


def screened_clip(someone: User | Contributor, sound: Path | bytes = ANGER) -> Clip:
    """A clip of theirs that was screened."""
    clip = stored_clip(someone, sound)
    examination.examine_due(clip.pk)
    clip.refresh_from_db()
    return clip


def heard(turn: RatingTurn) -> RatingTurn:
    """The turn, begun a while ago, with its clip played to the end."""
    RatingTurn.objects.filter(pk=turn.pk).update(opened_at=timezone.now() - timedelta(minutes=2))
    ratings.note_heard(turn, by=turn.rater)
    return turn


def rated(clip: Clip, *, by: User, emotion: str = "anger") -> Rating:
    """The moderator's blind rating of the clip, given in a turn of their own."""
    turn = ratings.open_turn(by)
    assert turn is not None
    assert turn.clip_id == clip.pk
    return ratings.rate(heard(turn), by=by, answer=ratings.Answer(is_usable=True, emotion=emotion))


def accepted_clip(
    someone: User | Contributor, *, by: User, emotion: str = "anger", sound: Path | bytes = ANGER
) -> Clip:
    """A clip of theirs that a moderator accepted."""
    clip = screened_clip(someone, sound)
    rated(clip, by=by, emotion=emotion)
    clip.refresh_from_db()
    return clip
