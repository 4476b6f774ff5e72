"""Where histories are told: the folder and the memory of their common beginning, and what every act asks for."""

import copy
import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import numpy as np
from hypothesis import strategies as st

from contributions.consenting import retention
from contributions.models import Clip, ConsentText, Contributor
from tests.soak.fate import Fate
from tests.soak.memory import Memory, Take, Voice
from tests.training.worlds import flac

Thing = TypeVar("Thing")
SILENCE = flac(np.zeros(160, dtype=np.float32))
# Which of the things that are there: the same number may mean another thing in another history.
picks = st.integers(0, 63)


@dataclass
class Scene:
    """What all histories share; `kept` is the storage at the beginning, `storage` that of the history being told."""

    fate: Fate
    storage: Path
    kept: Path
    runs: Path
    drafts: Path
    memory: Memory = field(default_factory=Memory)
    begins_at: datetime | None = None
    # A page of consent that somebody left open before.
    page: list[ConsentText] = field(default_factory=list)

    def keep(self, memory: Memory) -> None:
        """Let every history begin where this one is now."""
        shutil.copytree(self.storage, self.kept)
        self.memory, self.begins_at = memory, self.fate.at

    def set(self, seed: int) -> Memory:
        """Everything as it was at the beginning."""
        for folder in (self.storage, self.runs):
            shutil.rmtree(folder, ignore_errors=True)
        # Linked, not copied: storage puts a new file in an old one's place, and never writes into it.
        shutil.copytree(self.kept, self.storage, copy_function=os.link)
        assert self.begins_at is not None
        self.fate.begin(at=self.begins_at, seed=seed)
        return copy.deepcopy(self.memory)


class Stage:
    """What is there for every act: the scene, and what was said so far."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene
        self.memory = Memory()

    @property
    def today(self) -> date:
        """The day of the history."""
        return self.scene.fate.at.date()

    def here(self) -> list[Voice]:
        """The voices that somebody speaks with."""
        return [voice for voice in self.memory.voices if voice.is_here]

    def one_of(self, things: Sequence[Thing], pick: int) -> Thing | None:
        """One of them, or None where there is none."""
        return things[pick % len(things)] if things else None

    def visits(self, voice: Voice) -> Contributor:
        """The voice as a page sees it: whoever comes here winds the clock of retention."""
        contributor = Contributor.objects.select_related("user", "claimed_by").get(pk=voice.pk)
        now = self.scene.fate.now()
        retention.touch(contributor, now=now)
        if voice.came_at <= now - retention.TOUCHED_EVERY or voice.warned_at:
            for each in self.memory.of_person(voice):
                if each.came_at <= now - retention.TOUCHED_EVERY or each.warned_at:
                    each.came_at, each.warned_at = now, None
        return contributor

    def clip(self, take: Take) -> Clip:
        """The clip as it stands."""
        return Clip.objects.select_related("contributor__user", "contributor__claimed_by").get(pk=take.pk)


def sound_of(pk: UUID) -> bytes:
    """What can be heard in this clip alone."""
    return hashlib.sha256(pk.bytes).digest()


def archive_of(pk: UUID) -> bytes:
    """A valid FLAC file, so far as a release reads it, with the clip's own sound."""
    return SILENCE + sound_of(pk)
