"""Stopping a writer between its steps, so that somebody else may act there, and going on or dying afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contributions.consenting import consent
from contributions.leaving import strays, withdrawal
from contributions.models import Clip, Purpose, TakingBack
from openempathic import storage


class Killed(BaseException):
    """The process ends here; nothing of ours runs after it."""


@dataclass(frozen=True)
class Step:
    """One call that the writer makes: which act of which room, the how manieth, on keys that begin so."""

    room: Any
    act: str
    nth: int = 0
    under: str = ""

    def __str__(self) -> str:
        return f"{self.act}{self.nth or ''}"


@contextmanager
def stopped(step: Step, when: str, then: Callable[[], None], *, dies: bool) -> Iterator[None]:
    """The writer stops before or after the step, `then` happens, and it goes on, or dies; a step never taken fails."""
    real, seen = getattr(step.room, step.act), []

    def stops(*args: Any, **options: Any) -> Any:
        counts = not step.under or str(args[0]).startswith(step.under)
        seen.extend([step] if counts else [])
        is_it = counts and len(seen) == step.nth + 1
        if is_it and when == "before":
            happens()
        result = real(*args, **options)
        if is_it and when == "after":
            happens()
        return result

    def happens() -> None:
        then()
        if dies:
            raise Killed

    with pytest.MonkeyPatch.context() as hook:
        hook.setattr(step.room, step.act, stops)
        with suppress(Killed):
            yield
    assert len(seen) > step.nth, f"the writer never came to {step}"


def withdrawn_and_purged(clip: Clip) -> None:
    """The speaker withdraws, every lease runs out, and a purger comes: all while the writer stands still."""
    current = Clip.objects.get(pk=clip.pk)
    withdrawal.end(current, by="contributor")
    Clip.objects.filter(pk=clip.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert withdrawal.purge_due(clip.pk) is not None


def purpose_taken_back(clip: Clip) -> None:
    """The speaker takes back that models may be trained, and a worker carries it everywhere."""
    voice = Clip.objects.get(pk=clip.pk).contributor
    assert consent.withdraw(voice, Purpose.TRAIN_MODELS, by=voice.user, locale="en")
    for pk in TakingBack.objects.filter(next_attempt_at__isnull=False).values_list("pk", flat=True):
        assert withdrawal.carry_due(pk) is not None


def next_look() -> None:
    """What beat does minutes, and an hour, later."""
    Clip.objects.filter(status="PURGED").update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    strays.look_due()
    strays.look_at_releases()


def keys_with(*sounds: bytes) -> list[str]:
    """Every object of storage in which one of the sounds lies."""
    return [key for key in storage.keys("") if any(sound in storage.read(key) for sound in sounds)]
