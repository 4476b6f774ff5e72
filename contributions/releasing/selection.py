"""Which clips a release holds and what it says of them: covered, capped, labelled, in a fixed order.

The clips pass through in pieces and wait in a draft on the disk, so that a release may be larger than memory.
"""

import hashlib
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from contributions import self_reports
from contributions.models import Clip, Contributor, CurrentConsent, Prompt, Purpose, Release
from contributions.models.contributor import Split
from contributions.releasing import naming, scrubbing, shares, splits
from contributions.releasing.draft import ROWS_AT_ONCE, SCRATCH, Draft, said
from contributions.releasing.labels import Labels, Listeners, labels_of
from openempathic.pieces import in_pieces

PURPOSES = {Release.Kind.TRAINING: Purpose.TRAIN_MODELS, Release.Kind.DATASET: Purpose.RELEASE_DATASET}
# Of another way of saying the same content the names are others.
CONTENT = "openempathic-content/2"
NOBODY = UUID(int=0)
ARCHIVE = Clip(pk=NOBODY).archive.replace(str(NOBODY), "{}")
# What of a clip and its voice is asked of the database, in the order of Candidate.
COLUMNS = (
    *("pk", "contributor_id", "contributor__claimed_by_id", "contributor__split", "contributor__gender"),
    *("contributor__age_band", "contributor__accent", "licence_id", "licence__corpus", "language", "sha256"),
    *("intended_emotion", "transcript", "prompt__kind", "prompt__sentence"),
)


class Candidate(NamedTuple):
    """One accepted, covered clip, and whose it is."""

    pk: UUID
    speaker: UUID
    owner: int | None
    split: str
    gender: str
    age_band: str
    accent: str
    licence_id: Any
    corpus: str | None
    language: str
    sha256: str
    intended_emotion: str
    transcript: str
    prompt_kind: str | None
    sentence: str | None


@dataclass(frozen=True)
class Chosen:
    """One clip of a release, with everything the release will say of it."""

    clip: UUID
    key: str
    speaker: str
    split: str
    language: str
    emotion: str
    emotions: dict[str, float]
    intensity: float | None
    intended_emotion: str | None
    transcript: str | None
    texts: list[str]
    gender: str | None
    age_band: str | None
    accent: str | None
    corpus: str | None
    # How the ratings became `emotions`, and how much that should teach beside other clips, 0 to 1.
    method: str
    weight: float
    # The speaker's own word, apart: it counts for nothing above.
    self_reported: dict[str, Any] | None
    # What each listener said, by their names in this release.
    ratings: list[dict[str, Any]]

    @property
    def archive(self) -> str:
        """Where its sound lies in storage."""
        return ARCHIVE.format(self.clip)

    @property
    def permission(self) -> str:
        """By what right the clip is used."""
        return "LICENCE" if self.corpus else "CONSENT"


class Selection:
    """The clips of a release in the order of its shards, and how many were left out and why; use it in a `with`."""

    def __init__(self, draft: Draft, unreadable: int = 0) -> None:
        self.draft, self.salt = draft, ""
        # Languages whose sentences are too few to keep some for the test alone.
        self.shared_sentences: list[str] = []
        self._unreadable = unreadable

    def __enter__(self) -> "Selection":
        return self

    def __exit__(self, *_error: object) -> None:
        self.draft.close()

    def __len__(self) -> int:
        return int(self.draft.one("SELECT COUNT(*) FROM clips WHERE left_out IS NULL"))

    @property
    def left_out(self) -> dict[str, int]:
        """How many accepted and covered clips are not in it, by reason."""
        return self.draft.left_out() | ({"unreadable": self._unreadable} if self._unreadable else {})

    def emotions(self) -> list[str]:
        """Every emotion that somebody heard in one of the clips."""
        question = (
            "SELECT DISTINCT key FROM (SELECT told FROM clips WHERE left_out IS NULL), json_each(told, '$.emotions')"
        )
        return sorted(emotion for (emotion,) in self.draft.ask(question))

    def in_order(self, *, after: str = "") -> Iterator[Chosen]:
        """The clips by their keys, one in memory at a time, from the first one after this key on."""
        named = lru_cache(maxsize=ROWS_AT_ONCE)(lambda speaker: naming.pseudonym(self.salt, UUID(bytes=speaker)))
        listener = lru_cache(maxsize=ROWS_AT_ONCE)(partial(naming.listener, self.salt))
        question = (
            "SELECT clip, key, speaker, split, language, emotion, corpus, method, told, ratings, "
            "gender, age_band, accent FROM clips JOIN voices USING (speaker, language) "
            "WHERE left_out IS NULL AND key > ? ORDER BY key"
        )
        for clip, key, speaker, split, language, emotion, corpus, method, told, ratings, *facts in self.draft.ask(
            question, after
        ):
            gender, age_band, accent = facts
            yield Chosen(
                clip=UUID(bytes=clip),
                key=key,
                speaker=named(speaker),
                split=split,
                language=language,
                emotion=emotion,
                corpus=corpus,
                method=method,
                gender=gender,
                age_band=age_band,
                accent=accent,
                ratings=naming.answers(json.loads(ratings), listener),
                **json.loads(told),
            )

    def members(self) -> Iterator[list[tuple[UUID, str, str]]]:
        """Clip, key and side of each, in pieces, in the order of the clips' own numbers."""
        for page in self.draft.pages("key, split"):
            yield [(UUID(bytes=clip), key, split) for clip, key, split in page]


def select(kind: str, *, without: frozenset[UUID] = frozenset(), scratch: Path | None = None) -> Selection:
    """The accepted clips that are covered for this kind of release now, but for those in `without`.

    What is known of them lies in a file below `scratch` until the selection is closed.
    """
    purpose = PURPOSES[Release.Kind(kind)]
    handle, name = tempfile.mkstemp(prefix=SCRATCH, suffix=".sqlite", dir=scratch)
    os.close(handle)
    chosen = Selection(Draft(Path(name)), unreadable=len(without))
    try:
        gather(chosen.draft, Clip.objects.filter(status=Clip.Status.ACCEPTED).covered_by(purpose), purpose, without)
        chosen.shared_sentences = keep_sentences_apart(chosen.draft)
        cut_to_the_share(chosen.draft)
        scrubbing.scrub(chosen.draft)
        chosen.salt = salt_of(kind, chosen.draft)
        name_clips(chosen.draft, chosen.salt)
    except BaseException:
        chosen.draft.close()
        raise
    return chosen


def gather(draft: Draft, clips: QuerySet[Clip], purpose: str, without: frozenset[UUID]) -> None:
    """Write every clip into the draft with what is known of it, those that cannot be in it with the reason."""
    listeners = Listeners()
    rows = clips.values_list(*COLUMNS).iterator(chunk_size=ROWS_AT_ONCE)
    while some := [Candidate(*row) for row in islice(rows, ROWS_AT_ONCE)]:
        some = [clip for clip in some if clip.pk not in without]
        voices, labels = speakers_of(some), labels_of(some, listeners)
        reports = self_reports.for_release([clip.pk for clip in some if not clip.licence_id], purpose)
        keep_speakers(draft, some, voices)
        draft.write(
            "INSERT INTO clips VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            (row_of(clip, voices[clip.pk], labels[clip.pk], reports.get(clip.pk)) for clip in some),
        )


def row_of(clip: Candidate, voice: Contributor | None, labels: Labels, reported: dict[str, Any] | None) -> Any:
    """The clip as the draft keeps it."""
    speaker, side = (voice.pk, voice.split) if voice else (clip.speaker, clip.split)
    out = "on_another_side" if side != clip.split else None if labels.emotions else "unlabelled"
    # What is told in one's own words was never read out, and a corpus brings its own split.
    is_read = clip.prompt_kind == Prompt.Kind.ACTED and not clip.licence_id
    told = {
        "emotions": labels.emotions,
        "intensity": labels.intensity,
        "intended_emotion": clip.intended_emotion or None,
        "transcript": clip.transcript or None,
        "texts": labels.texts,
        "weight": labels.weight,
        "self_reported": reported,
    }
    return (
        *(clip.pk.bytes, speaker.bytes, clip.split, clip.language, clip.corpus, clip.sentence if is_read else None),
        *(drawn_by(clip.pk), clip.sha256, labels.emotion, labels.method, said(told), said(labels.ratings), out),
    )


def speakers_of(clips: list[Candidate]) -> dict[UUID, Contributor | None]:
    """For each clip of a voice that an account claimed the account's own: a person is one speaker; None for others.

    Where the two were put on different sides before anybody knew, the claimed voice is left out: no person is heard
    in training and in the test.
    """
    own: dict[int | None, Contributor] = {}
    for some in in_pieces(sorted({clip.owner for clip in clips if clip.owner is not None})):
        own.update({voice.user_id: voice for voice in Contributor.objects.filter(user__in=some)})
    return {clip.pk: own.get(clip.owner) for clip in clips}


def keep_speakers(draft: Draft, clips: list[Candidate], voices: dict[UUID, Contributor | None]) -> None:
    """Write down whose voices these are, with the facts that they, or their corpus, allow us to tell at all."""
    people: dict[UUID, tuple[bool, str, str, str]] = {}
    for clip in clips:
        voice = voices[clip.pk] or clip
        speaker = voice.pk if isinstance(voice, Contributor) else voice.speaker
        people[speaker] = (clip.licence_id is None, voice.gender, voice.age_band, voice.accent)
    allowed: set[UUID] = set()
    for some in in_pieces([speaker for speaker, (is_person, *_facts) in people.items() if is_person]):
        given = CurrentConsent.objects.filter(contributor__in=some, purpose=Purpose.DEMOGRAPHICS, is_given=True)
        allowed.update(given.values_list("contributor_id", flat=True))
    draft.write(
        "INSERT OR IGNORE INTO speakers VALUES (?, ?, ?, ?, ?)",
        (
            (speaker.bytes, is_person, *(facts if speaker in allowed or not is_person else ("", "", "")))
            for speaker, (is_person, *facts) in people.items()
        ),
    )


def keep_sentences_apart(draft: Draft) -> list[str]:
    """Leave out what is said of the test's sentences in training, and of training's in the test.

    Returns the languages of which too few sentences are known to do so. Sides of sentences are as lasting as those of
    speakers: what is left out of one release is not in the next either.
    """
    heard: dict[str, set[str]] = defaultdict(set)
    for language, sentence in draft.ask("SELECT DISTINCT language, sentence FROM clips WHERE sentence IS NOT NULL"):
        heard[language].add(sentence)
    shared = []
    for language, sentences in sorted(heard.items()):
        kept = splits.sentences_of_the_test(language, sentences)
        if kept is None:
            shared.append(language)
            continue
        draft.database.execute("CREATE TEMP TABLE IF NOT EXISTS kept (sentence TEXT PRIMARY KEY)")
        draft.database.execute("DELETE FROM kept")
        draft.write("INSERT INTO kept VALUES (?)", ((sentence,) for sentence in kept))
        these = "language = ? AND sentence IS NOT NULL AND split = ? AND sentence {} (SELECT sentence FROM kept)"
        draft.leave_out("a_sentence_of_the_test", these.format("IN"), language, Split.TRAIN.value)
        draft.leave_out("a_sentence_of_training", these.format("NOT IN"), language, Split.TEST.value)
    return shared


def cut_to_the_share(draft: Draft) -> None:
    """Leave out what would give one contributor more than their share of the whole; corpora are exempt.

    Which of a contributor's clips stay is drawn by a hash, so that it is the same next time and favours no day.
    """
    given = "SELECT speaker, COUNT(*) AS number FROM clips WHERE left_out IS NULL AND corpus IS NULL GROUP BY speaker"
    histogram = f"SELECT number, COUNT(*) FROM ({given}) GROUP BY number"  # noqa: S608
    most = shares.clips_at_most(draft.ask(histogram))
    places = (
        "SELECT clip, ROW_NUMBER() OVER (PARTITION BY speaker ORDER BY drawn) AS place FROM clips "
        "WHERE left_out IS NULL AND corpus IS NULL"
    )
    beyond = f"SELECT clip FROM ({places}) WHERE place > ?"  # noqa: S608
    draft.leave_out("over_the_share", f"clip IN ({beyond})", most)


def drawn_by(clip_id: UUID) -> bytes:
    """A place for the clip among its contributor's that nobody chose."""
    return hashlib.sha256(clip_id.bytes).digest()


def salt_of(kind: str, draft: Draft) -> str:
    """One salt a release: the digest of what it holds, so that the same content always gets the same names."""
    digest = hashlib.sha256(said([CONTENT, str(kind)]).encode())
    voices = "SELECT * FROM voices ORDER BY speaker, language"
    for speaker, *facts in draft.ask(voices):
        digest.update(said([speaker.hex(), facts]).encode())
    for page in draft.pages("speaker, split, sha256, method, told, ratings"):
        for clip, speaker, *content in page:
            digest.update(said([clip.hex(), speaker.hex(), content]).encode())
    return digest.hexdigest()


def name_clips(draft: Draft, salt: str) -> None:
    """Give each clip its key, and be ready to tell them in the order of their keys."""
    draft.database.create_function("named", 1, lambda clip: naming.pseudonym(salt, UUID(bytes=clip)))
    draft.database.execute("UPDATE clips SET key = named(clip) WHERE left_out IS NULL")
    draft.database.execute("CREATE INDEX in_order ON clips (key) WHERE left_out IS NULL")


def no_longer_covered(ids: Iterable[UUID], *, kind: str) -> set[UUID]:
    """Of these clips, those that a release of the kind may not hold any more: withdrawn, or without permission."""
    left: set[UUID] = set(ids)
    for some in in_pieces(sorted(left)):
        covered = Clip.objects.live().covered_by(PURPOSES[Release.Kind(kind)]).filter(pk__in=some)
        left.difference_update(covered.values_list("pk", flat=True))
    return left
