"""What an adapter tells of a corpus: its clips with their labels, and which of them may be tested on together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Strength = Literal["weak", "middling", "strong"]


class NoCorpus(Exception):
    """The folder does not hold the corpus in the layout it is published in; the message says what is missing."""


class IncompleteCorpus(UserWarning):
    """The folder holds less than the published corpus, or files that are no clips of it; the message names them."""


@dataclass(frozen=True)
class LabelledClip:
    """A sound file of a corpus and what the corpus says about it; None where it says nothing.

    `key` and `speaker` begin with the corpus's name, so that those of several corpora can be mixed. `emotion` is a name
    of the site's taxonomy, or the corpus's own word as a noun where the taxonomy has none. `texts` describe the clip
    in free words.
    """

    path: Path
    key: str
    corpus: str
    speaker: str
    language: str
    emotion: str | None = None
    gender: str | None = None
    strength: Strength | None = None
    transcript: str | None = None
    style: str | None = None
    texts: tuple[str, ...] = ()


class Voiced(Protocol):
    """What a split needs to know of a clip: a LabelledClip or a PackedClip."""

    @property
    def key(self) -> str: ...

    @property
    def speaker(self) -> str: ...


@dataclass(frozen=True)
class Fold:
    """Clips to test on, by key, and clips to train on; no speaker is in both."""

    name: str
    train: frozenset[str]
    test: frozenset[str]


class Adapter(Protocol):
    """A module of this package that reads one corpus."""

    CORPUS: str
    LICENCE: str
    SOURCE: str

    def read(self, root: Path) -> list[LabelledClip]:
        """The clips under the folder, by key; raises NoCorpus, and warns of what is missing with IncompleteCorpus."""

    def split(self, clips: Sequence[Voiced]) -> Mapping[str, str]:
        """Key to train, dev or test; no speaker is on two sides."""

    def folds(self, clips: Sequence[Voiced]) -> list[Fold]:
        """The corpus's protocol of cross-validation: every clip is tested on once."""
