"""The public picture of what is there and what is missing, told so that no number points at a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from contributions import taxonomy
from contributions.asking import languages
from contributions.asking.languages import Standing
from contributions.models import CoverageCount

# As in a release: of fewer speakers nothing is told that could be about one of them.
FEWEST_VOICES = 5
MOST_MISSED = 3


@dataclass(frozen=True)
class Filled:
    """How far one part is: accepted voices, None where there are some but too few to be told, and their share."""

    emotion: str
    voices: int | None
    wanted: int

    @property
    def share(self) -> int:
        """Per cent of the voices wanted; what is not told counts as none."""
        return min(100, 100 * (self.voices or 0) // self.wanted)


@dataclass(frozen=True)
class Tongue:
    """One language: how far its sentences are, what was accepted in it, and what is missing most."""

    tag: str
    standing: Standing
    voices: int | None
    clips: int | None
    filled: tuple[Filled, ...]

    @property
    def missed(self) -> list[str]:
        """The emotions that lack voices most; which of the untold ones has fewer is not told by their order either."""
        lacking = [each for each in self.filled if each.share < 100]
        return [each.emotion for each in sorted(lacking, key=lambda each: each.share)][:MOST_MISSED]


@dataclass(frozen=True)
class Picture:
    """Everything that the page tells."""

    tongues: tuple[Tongue, ...]
    # Languages that nobody has written sentences for.
    waiting: tuple[str, ...]
    counted_at: datetime | None


def picture() -> Picture:
    """What the last count tells of every language."""
    counts = {(count.language, count.emotion): count for count in CoverageCount.objects.filter(kind="")}
    written = languages.standings()
    return Picture(
        tongues=tuple(tongue(tag, standing, counts) for tag, standing in written.items()),
        waiting=tuple(each.tag for each in taxonomy.languages() if each.tag not in written),
        counted_at=max((count.counted_at for count in counts.values()), default=None),
    )


def tongue(tag: str, standing: Standing, counts: dict[tuple[str, str], CoverageCount]) -> Tongue:
    """The language of the tag, with what may be told of it."""
    whole = counts.get((tag, ""))
    voices = told(whole.accepted_voices) if whole else 0
    return Tongue(
        tag=tag,
        standing=standing,
        voices=voices,
        clips=whole.accepted_clips if whole and voices is not None else voices,
        filled=tuple(filled(tag, (emotion.name for emotion in taxonomy.core_emotions()), counts)),
    )


def filled(tag: str, emotions: Iterable[str], counts: dict[tuple[str, str], CoverageCount]) -> Iterable[Filled]:
    """How far each emotion is in the language."""
    for emotion in emotions:
        count = counts.get((tag, emotion))
        yield Filled(emotion, told(count.accepted_voices) if count else 0, settings.VOICES_WANTED)


def told(voices: int) -> int | None:
    """The number, or None for one so small that it could point at somebody; that there is nobody is told."""
    return None if 0 < voices < FEWEST_VOICES else voices
