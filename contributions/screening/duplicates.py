"""One sound, one clip: whether what came in is here already, as bytes, as samples, or as a sound.

It looks across accounts, languages, labels and corpora. Whichever was screened first stays, whoever recorded it: the
one screened later waits for a moderator, who hears both. Nothing is deleted here. It does not know a sound that was
screened before fingerprints were kept unless its bytes are the same, and it does not know who is in the right.

What it costs: about ten rows a second of sound in an index of numbers; seven questions a clip, however many clips there
are. Verdicts are written one after another on a site, each for the milliseconds that these questions take.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet

from contributions.audio import fingerprint as sound
from contributions.models import Clip, Fingerprint, FingerprintKey

if TYPE_CHECKING:
    from contributions.audio.decode import Decoded

# What is on its way out, or was never let in, is nobody's twin.
NO_TWINS = (Clip.Status.UNUSABLE, Clip.Status.WITHDRAWN, Clip.Status.PURGED)
# So many clips that share most keys are compared; strangers share one or two by chance, and a twin tens.
CANDIDATES = 32
ASKED_AFTER = 320
EQUAL_WITHIN = 1e-6
KEYS_AT_ONCE = 2_000
LOCK = 0x0E_D0_B1E  # any number that nothing else locks


class Kind(StrEnum):
    """In what two clips are the same; the name is also the reason that the later one is quarantined for."""

    BYTES = "DUPLICATE_BYTES"
    PCM = "DUPLICATE_PCM"
    SOUND = "DUPLICATE_SOUND"


@dataclass(frozen=True)
class Twin:
    """The clip that was here before, what is the same in it, and how much, from 0 to 1."""

    kind: Kind
    clip: Clip
    score: float


class TwinKeptMeanwhile(Exception):
    """While this clip was judged, another worker let its twin in: judge it again."""

    def __init__(self, twin: Twin) -> None:
        super().__init__(f"{twin.clip} is the same: {twin.kind}")
        self.twin = twin


def twin_of(clip: Clip, decoded: "Decoded") -> Twin | None:
    """The clip that was screened before this one and is the same, the surest kind first; None where it is new.

    A clip that was kept itself, and is screened again, has only those for twins that were kept before it.
    """
    others = others_than(clip)
    return same_bytes(clip, others) or same_samples(decoded, others) or same_sound(decoded, others)


def keep(clip: Clip, decoded: "Decoded") -> Fingerprint:
    """Keep what the clip is known again by; in the transaction of its verdict, after the move. Again changes nothing.

    A verdict that lets it in is given to one clip at a time, so that of two that come at the same moment one sees the
    other. Raises TwinKeptMeanwhile, which undoes the verdict, where it is the one.
    """
    with transaction.atomic():
        one_at_a_time()
        if clip.status in (Clip.Status.STORED, Clip.Status.IN_REVIEW) and (twin := twin_of(clip, decoded)):
            raise TwinKeptMeanwhile(twin)
        return kept(clip, decoded.pcm_sha256, fingerprint_of(decoded))


def others_than(clip: Clip) -> "QuerySet[Clip]":
    """Every clip that may be its twin, with its fingerprint."""
    others = Clip.objects.exclude(pk=clip.pk).exclude(status__in=NO_TWINS).select_related("fingerprint")
    own = Fingerprint.objects.filter(clip=clip).values_list("pk", flat=True).first()
    if own is None:
        return others
    return others.filter(Q(fingerprint__lt=own) | Q(fingerprint__isnull=True, stored_at__lt=clip.stored_at))


def same_bytes(clip: Clip, others: "QuerySet[Clip]") -> Twin | None:
    """A clip of the same bytes; it may have been screened before fingerprints were kept."""
    screened = Q(fingerprint__isnull=False) | ~Q(status=Clip.Status.STORED)
    found = others.filter(screened, sha256=clip.sha256).order_by(F("fingerprint").asc(nulls_first=True)).first()
    return Twin(Kind.BYTES, found, 1.0) if found else None


def same_samples(decoded: "Decoded", others: "QuerySet[Clip]") -> Twin | None:
    """A clip of the same samples at the same rate, as another lossless container would hold them."""
    found = others.filter(fingerprint__pcm_sha256=decoded.pcm_sha256).order_by("fingerprint").first()
    return Twin(Kind.PCM, found, 1.0) if found else None


def same_sound(decoded: "Decoded", others: "QuerySet[Clip]") -> Twin | None:
    """The clip that sounds most like this one, where that is like enough; of equals the one kept first."""
    mine, best = fingerprint_of(decoded), None
    for other in others.filter(fingerprint__in=sharing_keys(mine, others)).order_by("fingerprint"):
        score = sound.match(mine, sound.unpacked(bytes(other.fingerprint.signs)))
        if score >= (best.score + EQUAL_WITHIN if best else sound.SAME_FROM):
            best = Twin(Kind.SOUND, other, score)
    return best


def sharing_keys(mine: sound.Fingerprint, others: "QuerySet[Clip]") -> list[int]:
    """Which fingerprints have most of the keys that this one looks for.

    The index of keys is asked alone, and who still counts afterwards: a join would read every clip for a few rows.
    """
    votes: Counter[int] = Counter()
    for keys in in_pieces(mine.probes.tolist()):
        rows = FingerprintKey.objects.filter(key__in=keys).values_list("fingerprint_id")
        votes.update(dict(rows.annotate(shared=Count("key")).order_by("-shared", "fingerprint_id")[:ASKED_AFTER]))
    there = others.filter(fingerprint__in=[*votes], fingerprint__version=sound.VERSION)
    counted = there.values_list("fingerprint", flat=True)
    return sorted(counted, key=lambda pk: (-votes[pk], pk))[:CANDIDATES]


def in_pieces(keys: list[int]) -> Iterable[list[int]]:
    """No more keys at once than any database takes."""
    return (keys[first : first + KEYS_AT_ONCE] for first in range(0, len(keys), KEYS_AT_ONCE))


def kept(clip: Clip, pcm_sha256: str, made: sound.Fingerprint) -> Fingerprint:
    """The clip's row with its keys; what is there and of this version stays, and keeps its place."""
    columns = {"version": sound.VERSION, "pcm_sha256": pcm_sha256, "signs": made.packed()}
    row, is_new = Fingerprint.objects.get_or_create(clip=clip, defaults=columns)
    if not is_new and row.version == sound.VERSION:
        return row
    if not is_new:
        Fingerprint.objects.filter(pk=row.pk).update(**columns)
        row.keys.all().delete()
    FingerprintKey.objects.bulk_create(FingerprintKey(key=key, fingerprint=row) for key in made.keys.tolist())
    return row


def one_at_a_time() -> None:
    """Let no other worker keep a fingerprint before this transaction ends; SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@lru_cache(maxsize=1)
def fingerprint_of(decoded: "Decoded") -> sound.Fingerprint:
    """The fingerprint of what was decoded last, made once for the looking and the keeping."""
    return sound.fingerprint(decoded.waveform)
