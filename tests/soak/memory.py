"""What a history remembers of what people said: the model beside the site, in sets; it asks the site nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from contributions.models import Purpose

STORE, TRAIN = Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOR = {"TRAINING": TRAIN, "DATASET": Purpose.RELEASE_DATASET}


@dataclass
class Voice:
    """One voice and who speaks with it: the key of an account, or a guest, or nobody any more."""

    pk: UUID
    account: int | None = None
    is_guest: bool = False
    # Not so where an account claimed it beside a voice that it had.
    is_own: bool = True
    # The site needs its moderator: he does not leave.
    is_staff: bool = False
    given: set[str] = field(default_factory=set)
    # When its person came last, as far as the clock of retention knows, and when they were warned.
    came_at: datetime = EPOCH
    warned_at: datetime | None = None
    made_at: datetime = EPOCH
    has_events: bool = False
    gender: str = ""
    # Every code that was ever shown, the last one good.
    codes: list[str] = field(default_factory=list)
    # For each purpose the text that was answered last.
    answered: dict[str, int] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        """Whether anybody may still act with it."""
        return self.person is not None

    @property
    def person(self) -> object:
        """Who speaks with it."""
        return self.pk if self.is_guest else self.account


@dataclass
class Corpus:
    """One licence, for some purposes until it ends."""

    pk: UUID
    purposes: frozenset[str]
    is_ended: bool = False

    @property
    def given(self) -> frozenset[str]:
        """What it may be used for now."""
        return frozenset() if self.is_ended else self.purposes


@dataclass
class Take:
    """One clip, whose it is, and whether it was taken back and erased."""

    pk: UUID
    owner: Voice | Corpus
    is_gone: bool = False
    is_purged: bool = False


@dataclass
class Words:
    """One version of a consent text in one language."""

    pk: int
    purpose: str
    language: str
    version: str
    valid_from: date
    is_material: bool

    @property
    def order(self) -> tuple[date, int]:
        """Of two texts that are valid the later one counts."""
        return (self.valid_from, self.pk)


@dataclass
class Frozen:
    """One release: its clips with their keys, those that left it for good, and those whose sound must be erased."""

    digest: str
    kind: str
    clips: dict[UUID, str]
    # How many clips had been accepted when it was first frozen.
    accepted_before: int = 0
    out: set[UUID] = field(default_factory=set)
    erased: set[UUID] = field(default_factory=set)


@dataclass
class Memory:
    """All of it."""

    voices: list[Voice] = field(default_factory=list)
    corpora: list[Corpus] = field(default_factory=list)
    takes: dict[UUID, Take] = field(default_factory=dict)
    words: dict[int, Words] = field(default_factory=dict)
    releases: dict[str, Frozen] = field(default_factory=dict)
    # For each checkpoint's digest its release.
    heard: dict[str, Frozen] = field(default_factory=dict)
    # Clips in the order in which they were accepted, some more than once.
    accepted: list[UUID] = field(default_factory=list)
    # When the last run ended, and how many clips had been accepted when the last published one was frozen.
    ended_at: datetime | None = None
    published_from: int = 0
    moments: list[tuple[datetime, dict[str, frozenset[UUID]]]] = field(default_factory=list)

    def covered(self, purpose: str) -> set[UUID]:
        """The clips that may be used for the purpose."""
        return {take.pk for take in self.takes.values() if purpose in take.owner.given and not take.is_gone}

    def live(self) -> set[UUID]:
        """The clips that nobody took back."""
        return {take.pk for take in self.takes.values() if not take.is_gone}

    def gone(self) -> set[UUID]:
        """The others."""
        return self.takes.keys() - self.live()

    def of(self, voice: Voice) -> list[Take]:
        """The clips of one voice."""
        return [take for take in self.takes.values() if take.owner is voice]

    def of_person(self, voice: Voice) -> list[Voice]:
        """The voice and all others of its person."""
        return [each for each in self.voices if each is voice or (voice.account and each.account == voice.account)]

    def holds(self, voice: Voice) -> bool:
        """Whether the voice has anything that could lapse."""
        return bool(voice.given) or any(not take.is_gone for take in self.of(voice))

    def takes_back(self, voice: Voice) -> None:
        """Every clip of the voice goes."""
        for take in self.of(voice):
            take.is_gone = True

    def current(self, purpose: str, language: str, *, today: date) -> Words:
        """The words that count in the language today."""
        own = [each for each in self.valid(purpose, today=today) if each.language == language]
        return max(own, key=lambda each: each.order)

    def valid(self, purpose: str, *, today: date) -> list[Words]:
        """Every version of the purpose's words that has become valid."""
        return [each for each in self.words.values() if each.purpose == purpose and each.valid_from <= today]

    def asks_again(self, voice: Voice, language: str, *, today: date) -> set[str]:
        """The purposes whose words changed materially since the voice answered."""
        again = set()
        for purpose, pk in voice.answered.items():
            before = self.words[pk]
            if self.current(purpose, language, today=today).version == before.version:
                continue
            later = [each for each in self.valid(purpose, today=today) if each.order > before.order]
            if any(e.is_material and e.language == language and e.version != before.version for e in later):
                again.add(purpose)
        return again

    def no_longer_allowed(self, release: Frozen) -> set[UUID]:
        """The release's clips that may not be used now for what it was made for."""
        return release.clips.keys() - self.covered(FOR[release.kind])

    def settle(self) -> None:
        """Who left a release does not come back to it, and facts are not kept, whatever is given later."""
        for release in self.releases.values():
            release.out |= self.no_longer_allowed(release)
        for voice in self.voices:
            voice.gender = voice.gender if Purpose.DEMOGRAPHICS in voice.given else ""

    def are_rewritten(self, releases: Iterable[Frozen]) -> None:
        """The shards lose every clip that has left by now."""
        self.settle()
        for release in releases:
            release.erased |= release.out
