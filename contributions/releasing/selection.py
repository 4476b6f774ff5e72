"""Which clips a release holds and what it says of them: covered, capped, labelled, in a fixed order."""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.conf import settings

from contributions import self_reports
from contributions.listening import labels as labelling
from contributions.models import Annotation, Clip, ClipLabel, Contributor, CurrentConsent, Purpose, Rating, Release
from openempathic.pieces import in_pieces

PURPOSES = {Release.Kind.TRAINING: Purpose.TRAIN_MODELS, Release.Kind.DATASET: Purpose.RELEASE_DATASET}
# Fewer voices of a language that tell the same gender, and it would point at one of them.
SPEAKERS_TO_HIDE_AMONG = 5
# SQLite and PostgreSQL both take this many ids in one question.


@dataclass(frozen=True)
class Chosen:
    """One clip of a release, with everything the release will say of it."""

    clip: UUID
    key: str
    archive: str
    speaker: str
    split: str
    language: str
    emotions: dict[str, float]
    intensity: float | None
    intended_emotion: str | None
    transcript: str | None
    texts: tuple[str, ...]
    gender: str | None
    corpus: str | None
    # How the ratings became `emotions`, and how much that should teach beside other clips, 0 to 1.
    method: str = labelling.COUNTS
    weight: float = 1.0
    # The speaker's own word, apart: it counts for nothing above.
    self_reported: dict[str, Any] | None = None

    @property
    def emotion(self) -> str:
        """The emotion with most of the votes; the first in the alphabet when they are level."""
        return max(sorted(self.emotions), key=lambda emotion: self.emotions[emotion])

    @property
    def permission(self) -> str:
        """By what right the clip is used."""
        return "LICENCE" if self.corpus else "CONSENT"


@dataclass(frozen=True)
class Selection:
    """The clips of a release in the order of its shards, and how many were left out and why."""

    clips: list[Chosen]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Labels:
    """What listeners, or the corpus, say of one clip."""

    emotions: dict[str, float]
    intensity: float | None
    texts: tuple[str, ...]
    method: str = labelling.COUNTS
    weight: float = 1.0


def select(kind: str, *, without: frozenset[UUID] = frozenset()) -> Selection:
    """The accepted clips that are covered for this kind of release now, but for those in `without`."""
    purpose = PURPOSES[Release.Kind(kind)]
    accepted = Clip.objects.filter(status=Clip.Status.ACCEPTED).covered_by(purpose)
    readable = [clip for clip in accepted.select_related("contributor", "licence") if clip.pk not in without]
    clips = with_one_side(readable)
    labels = labels_of(clips)
    labelled = [clip for clip in clips if labels[clip.pk].emotions]
    kept = within_the_share(labelled)
    left_out = {
        "unlabelled": len(clips) - len(labelled),
        "on_another_side": len(readable) - len(clips),
        "over_the_share": len(labelled) - len(kept),
        "unreadable": len(without),
    }
    return Selection(described(kind, kept, labels), {why: count for why, count in left_out.items() if count})


def with_one_side(clips: list[Clip]) -> list[Clip]:
    """The clips with each person as one speaker: a voice that an account claimed counts as the account's own.

    Where the two were put on different sides before anybody knew, the claimed voice is left out: no person is heard
    in training and in the test.
    """
    owners = {clip.contributor.claimed_by_id for clip in clips} - {None}
    own: dict[int | None, Contributor] = {}
    for some in in_pieces(sorted(owners)):
        own.update({voice.user_id: voice for voice in Contributor.objects.filter(user__in=some)})
    kept = []
    for clip in clips:
        speaker = own.get(clip.contributor.claimed_by_id, clip.contributor)
        if speaker.split == clip.contributor.split:
            # For this selection alone, and never saved: shares, pseudonyms and genders go by the person.
            clip.contributor = speaker
            kept.append(clip)
    return kept


def within_the_share(clips: list[Clip]) -> list[Clip]:
    """The clips without those that would give one contributor more than their share; corpora are exempt."""
    licensed = [clip for clip in clips if clip.licence_id]
    given: dict[UUID, list[Clip]] = defaultdict(list)
    for clip in clips:
        if not clip.licence_id:
            given[clip.contributor_id].append(clip)
    most = clips_at_most([len(own) for own in given.values()])
    # Which of a contributor's clips stay is drawn by a hash, so that it is the same next time and favours no day.
    drawn = [clip for own in given.values() for clip in sorted(own, key=lambda clip: drawn_by(clip.pk))[:most]]
    return licensed + drawn


def clips_at_most(counts: list[int]) -> int:
    """How many clips one contributor may give: the most that is within max(1 %, 3 / contributors) of all that stay."""
    if not counts:
        return 0
    share = max(Fraction(1, 100), Fraction(3, len(counts)))
    # Halving works: what stays grows ever slower with the limit, so beyond the first limit that is too high all are.
    low, high = 1, max(counts)
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= share * sum(min(count, middle) for count in counts):
            low = middle
        else:
            high = middle - 1
    return low


def drawn_by(clip_id: UUID) -> str:
    """A place for the clip among its contributor's that nobody chose."""
    return hashlib.sha256(clip_id.bytes).hexdigest()


def labels_of(clips: list[Clip]) -> dict[UUID, Labels]:
    """What is known of each clip: a corpus clip's own annotation, else what its usable ratings that count say."""
    ratings: dict[UUID, list[Rating]] = defaultdict(list)
    estimates: dict[UUID, ClipLabel] = {}
    annotations: dict[UUID, Annotation] = {}
    for some in in_pieces([clip.pk for clip in clips if not clip.licence_id]):
        counting = Rating.objects.counting().filter(clip__in=some, is_usable=True)
        for rating in counting.order_by("rated_at", "pk"):
            ratings[rating.clip_id].append(rating)
        for estimate in ClipLabel.objects.filter(clip__in=some, method=labelling.DAWID_SKENE):
            estimates[estimate.clip_id] = estimate
    for some in in_pieces([clip.pk for clip in clips if clip.licence_id]):
        for annotation in Annotation.objects.filter(clip__in=some, source=Annotation.Source.CORPUS):
            annotations[annotation.clip_id] = annotation
    known = {language: labelling.reliabilities(language) for language in {clip.language for clip in clips}}
    return {
        clip.pk: annotated(annotations.get(clip.pk))
        if clip.licence_id
        else heard(ratings[clip.pk], estimate=estimates.get(clip.pk), known=known[clip.language])
        for clip in clips
    }


def annotated(annotation: Annotation | None) -> Labels:
    """The corpus's one emotion."""
    if annotation is None or annotation.emotion in labelling.NOT_AN_EMOTION:
        return Labels({}, None, (), labelling.CORPUS)
    return Labels({annotation.emotion: 1.0}, mean_of([annotation.intensity]), (), labelling.CORPUS)


def heard(ratings: list[Rating], *, estimate: ClipLabel | None = None, known: dict[int, float] | None = None) -> Labels:
    """What the ratings say: by the estimate where it was made of as many, else by their counts.

    The weight is how probably one of the listeners is right, as far as their reliabilities are known.
    """
    votes = [rating for rating in ratings if rating.emotion not in labelling.NOT_AN_EMOTION]
    method, shares = labelling.COUNTS, labelling.counts(rating.emotion for rating in votes)
    if estimate and votes and estimate.rating_count == len(votes):
        method, shares = labelling.DAWID_SKENE, labelling.learnable(estimate.probabilities)
    texts = tuple(dict.fromkeys(rating.description for rating in ratings if rating.description))
    weight = labelling.weight_of([rating.rater_id for rating in votes], known or {})
    return Labels(shares, mean_of([rating.intensity for rating in ratings]), texts, method, weight)


def mean_of(intensities: list[int | None]) -> float | None:
    """The mean of those who said one; None when nobody did."""
    said = [intensity for intensity in intensities if intensity is not None]
    return round(sum(said) / len(said), 6) if said else None


def described(kind: str, clips: list[Clip], labels: dict[UUID, Labels]) -> list[Chosen]:
    """The clips under the names that only this release gives them, in the order of those names."""
    said = said_of(kind, clips)
    salt = salt_of(kind, clips, labels, said)
    genders = genders_told(clips)
    chosen = [
        Chosen(
            clip=clip.pk,
            key=pseudonym(salt, clip.pk),
            archive=clip.archive,
            speaker=pseudonym(salt, clip.contributor_id),
            split=clip.contributor.split,
            language=clip.language,
            emotions=labels[clip.pk].emotions,
            intensity=labels[clip.pk].intensity,
            intended_emotion=clip.intended_emotion or None,
            transcript=clip.transcript or None,
            texts=labels[clip.pk].texts,
            gender=genders.get(clip.contributor_id),
            corpus=clip.licence.corpus if clip.licence else None,
            method=labels[clip.pk].method,
            weight=labels[clip.pk].weight,
            self_reported=said.get(clip.pk),
        )
        for clip in clips
    ]
    return sorted(chosen, key=lambda clip: clip.key)


def said_of(kind: str, clips: list[Clip]) -> dict[UUID, dict[str, Any]]:
    """What speakers say of their own clips, as far as this kind of release may carry it."""
    said: dict[UUID, dict[str, Any]] = {}
    for some in in_pieces([clip.pk for clip in clips if not clip.licence_id]):
        said |= self_reports.for_release(some, PURPOSES[Release.Kind(kind)])
    return said


def salt_of(kind: str, clips: list[Clip], labels: dict[UUID, Labels], said: dict[UUID, Any]) -> str:
    """One salt a release: the digest of what it holds, so that the same content always gets the same names."""
    content = sorted(
        [
            *(str(clip.pk), clip.sha256, clip.contributor.split),
            *(labels[clip.pk].emotions, labels[clip.pk].intensity, said.get(clip.pk)),
            *(labels[clip.pk].method, labels[clip.pk].weight),
        ]
        for clip in clips
    )
    return hashlib.sha256(json.dumps([str(kind), content], sort_keys=True).encode()).hexdigest()


def pseudonym(salt: str, identity: UUID) -> str:
    """A name that without the site's key leads neither to the row nor to the same row in another release."""
    told = f"release:{salt}:{identity}".encode()
    return hmac.new(settings.SIGNING_KEY.encode(), told, hashlib.sha256).hexdigest()[:20]


def genders_told(clips: list[Clip]) -> dict[UUID, str]:
    """Genders that may be told: of corpora, and of those who allow it and share it with enough others."""
    speakers: dict[UUID, Contributor] = {clip.contributor_id: clip.contributor for clip in clips}
    allowed: set[UUID] = set()
    for some in in_pieces(list(speakers)):
        given = CurrentConsent.objects.filter(contributor__in=some, purpose=Purpose.DEMOGRAPHICS, is_given=True)
        allowed.update(given.values_list("contributor_id", flat=True))
    tellable = {pk for pk, one in speakers.items() if one.gender and (one.licence_id or pk in allowed)}
    alike: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for clip in clips:
        if clip.contributor_id in tellable:
            alike[clip.language, speakers[clip.contributor_id].gender].add(clip.contributor_id)
    exposed = {one for few in alike.values() if len(few) < SPEAKERS_TO_HIDE_AMONG for one in few}
    return {pk: speakers[pk].gender for pk in tellable if speakers[pk].licence_id or pk not in exposed}


def no_longer_covered(ids: Iterable[UUID], *, kind: str) -> set[UUID]:
    """Of these clips, those that a release of the kind may not hold any more: withdrawn, or without permission."""
    left: set[UUID] = set(ids)
    for some in in_pieces(sorted(left)):
        covered = Clip.objects.live().covered_by(PURPOSES[Release.Kind(kind)]).filter(pk__in=some)
        left.difference_update(covered.values_list("pk", flat=True))
    return left
