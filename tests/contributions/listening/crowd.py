"""Clips in review without the long way there, and listeners who answer them at once."""

from collections.abc import Iterable

from contributions.listening import queue, ratings
from contributions.models import Clip, Contributor, ListeningNeed, Rating, RatingTurn
from contributions.models.contributor import Split
from openempathic.accounts.models import Role, User
from tests import harvest, worlds

NOISY = ratings.Answer(is_usable=False, unusable_reason="TOO_NOISY")


def angry(emotion: str = "anger", **more: object) -> ratings.Answer:
    """A usable answer."""
    return ratings.Answer(is_usable=True, emotion=emotion, **more)


def clips_of(name: str, *, count: int = 1, side: str = Split.TRAIN, emotion: str = "anger", language: str = "en"):
    """Clips in review of a volunteer of that name, who is on that side."""
    someone = User.objects.filter(email=f"{name}@example.org").first() or worlds.volunteer(name)
    voice = worlds.voice_of(someone)
    Contributor.objects.filter(pk=voice.pk).update(split=side)
    voice.refresh_from_db()
    return [harvest.in_review(voice, emotion=emotion, language=language) for _n in range(count)]


def listeners(*names: str) -> list[User]:
    """Moderators of every language."""
    return [worlds.person(name, Role.MODERATOR) for name in names]


def turn_on(clip: Clip, listener: User) -> RatingTurn:
    """The listener's turn on this very clip, as if the lot had chosen it."""
    others = ListeningNeed.objects.exclude(pk=clip.pk)
    hidden = list(others.filter(is_open=True).values_list("pk", flat=True))
    others.filter(pk__in=hidden).update(is_open=False)
    turn = ratings.open_turn(listener)
    ListeningNeed.objects.filter(pk__in=hidden).update(is_open=True)
    assert turn is not None
    assert turn.clip_id == clip.pk
    return worlds.heard(turn)


def answered(clip: Clip, listener: User, answer: ratings.Answer) -> Rating:
    """The listener's answer to the clip."""
    rating = ratings.rate(turn_on(clip, listener), by=listener, answer=answer)
    clip.refresh_from_db()
    return rating


def needs_as_reckoned(clips: Iterable[Clip]) -> None:
    """Every need is what the clip's status and answers say now; a clip that wants nothing has none."""
    for clip in clips:
        need = queue.reckoned(Clip.objects.select_related("contributor").get(pk=clip.pk))
        row = ListeningNeed.objects.filter(pk=clip.pk).first()
        kept = row and (row.wanted, row.given, row.priority, row.is_open, row.language)
        assert kept == (need and (need.wanted, need.given, need.priority, need.is_open, queue.language_of(clip)))
