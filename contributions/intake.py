"""Taking in a clip: bytes made durable, row committed, and only then a 201. No broker, no worker, no decoder."""

import hashlib
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, Any, BinaryIO, Protocol, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import taxonomy
from contributions.asking import examples, pacing
from contributions.consenting import consent
from contributions.models import Clip, Contributor, LicenceGrant, Prompt, Purpose
from contributions.taxonomy import styles, tags
from openempathic import audit, storage
from openempathic.turns import take_turn

PIECE_BYTES = 256 * 1024
# Well before anybody takes bytes without a row for orphans (leaving/orphans.py).
FRESH_SECONDS = 6 * 3600


class Body(Protocol):
    """What an upload is read from: a request, or a file."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""


class NotAccepted(Exception):
    """The clip could not be taken in; `code` is for programs, the message for people, `status` for HTTP."""

    code = "not_accepted"
    status = 400
    # When to come again, where that may help.
    wait_seconds: int | None = None
    text = gettext_noop("This clip could not be taken in.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class NoConsent(NotAccepted):
    code, status = "no_consent", 403
    text = gettext_noop("We may not store this clip: please read and answer the consent page first.")


class Empty(NotAccepted):
    code, status = "empty", 400
    text = gettext_noop("The clip is empty: nothing was recorded. Check your microphone and try again.")


class TooLarge(NotAccepted):
    code, status = "too_large", 413
    text = gettext_noop("The clip is larger than 32 MB. Please record a shorter take.")


class DigestDiffers(NotAccepted):
    code, status = "digest_differs", 400
    text = gettext_noop("The clip was damaged on its way. It is kept on your device and will be sent again.")


class BrokenOff(NotAccepted):
    code, status, wait_seconds = "broken_off", 408, 5
    text = gettext_noop(
        "The upload broke off, or came too slowly. Your take is kept on your device and will be sent again."
    )


class UnknownLanguage(NotAccepted):
    code, status = "unknown_language", 400
    text = gettext_noop("We do not know the language this clip is said to be in.")


class MalformedLanguage(NotAccepted):
    code, status = "malformed_language", 400
    text = gettext_noop("The language is not written as a language tag (BCP 47), such as en, pt-BR or zh-Hant.")


class UnknownPrompt(NotAccepted):
    code, status = "unknown_prompt", 400
    text = gettext_noop("We do not know the sentence this clip is said to be of.")


class UnknownStyle(NotAccepted):
    code, status = "unknown_style", 400
    text = gettext_noop("We do not know the manner of speaking that this clip is said to be in.")


class QuotaSpent(NotAccepted):
    code, status = "quota_spent", 429
    text = gettext_noop("You have given as many clips as we take in a day. Thank you! Please come back tomorrow.")


class AnotherDigest(NotAccepted):
    code, status = "another_digest", 409
    text = gettext_noop("Another clip was already sent under this number. Please record this take again.")


class StorageFullNow(NotAccepted):
    code, status, wait_seconds = "storage_full", 507, 60
    text = gettext_noop("Our storage is full at the moment. Your take is kept on your device and will be sent later.")


class StorageAway(NotAccepted):
    code, status, wait_seconds = "storage_away", 503, 5
    text = gettext_noop("Our storage does not answer. Your take is kept on your device and will be sent again.")


@dataclass(frozen=True)
class Announced:
    """What the sender says of the clip."""

    sha256: str
    media_type: str
    language: str
    prompt_id: str | None = None
    byte_count: int | None = None
    # The manner that was wished for with the prompt, if it was not left out.
    style: str = ""
    capture: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Permission:
    """A licence in place of consent, with what the corpus says of the clip."""

    licence: LicenceGrant
    transcript: str = ""


@dataclass(frozen=True)
class Put:
    """When this try began to make its bytes durable, and whether it did; else an earlier one had."""

    began_at: float
    is_ours: bool


@dataclass(frozen=True)
class Receipt:
    """The clip that is now durable, and whether this call made it so."""

    clip: Clip
    is_new: bool


def intake(
    clip_id: uuid.UUID,
    *,
    contributor: Contributor,
    body: Body,
    announced: Announced,
    by: Any,
    permission: Permission | None = None,
) -> Receipt:
    """Make the clip durable and answer with it; the same id and digest always answer the same clip.

    Raises a NotAccepted whose message may be shown to the sender; nothing is kept then.
    """
    check_consent(contributor, permission)
    if known := already(clip_id, contributor, announced.sha256):
        return Receipt(known, is_new=False)
    announced, prompt = checked(announced)
    if permission is None:
        check_quota(contributor)
    with received(body, announced) as (file, byte_count):
        put = keep_bytes(clip_id, file, announced.sha256)
    return keep_row(clip_id, contributor, announced, prompt, byte_count, by=by, permission=permission, put=put)


def check_consent(contributor: Contributor, permission: Permission | None) -> None:
    """Nothing is stored without leave."""
    if permission is None and not consent.covers(contributor, Purpose.STORE_AND_REVIEW):
        raise NoConsent


def already(clip_id: uuid.UUID, contributor: Contributor, sha256: str) -> Clip | None:
    """The clip that an earlier try of the same upload made."""
    known = Clip.objects.filter(pk=clip_id).first()
    # Another person's id is answered like another digest: the id is taken, and nothing else is said about it.
    if known and (known.sha256 != sha256 or known.contributor_id != contributor.pk):
        raise AnotherDigest
    return known


def checked(announced: Announced) -> tuple[Announced, Prompt | None]:
    """What was announced, its language written as all tags here are, and its prompt; both must be ones we know.

    A clip of a prompt is in the prompt's language, also where the sender says more exactly which English theirs is:
    what is missing is counted by prompts.
    """
    if announced.byte_count == 0:
        raise Empty
    if (announced.byte_count or 0) > settings.UPLOAD_BYTES_MAX:
        raise TooLarge
    if announced.style and announced.style not in styles.names():
        raise UnknownStyle
    language = language_of(announced)
    if announced.prompt_id is None:
        return replace(announced, language=language), None
    prompt = Prompt.objects.filter(pk=announced.prompt_id).first()
    if prompt is None or not tags.is_within(language, prompt.language):
        raise UnknownPrompt
    return replace(announced, language=prompt.language), prompt


def language_of(announced: Announced) -> str:
    """The tag of the language spoken, normalised."""
    try:
        return tags.spoken(announced.language)
    except tags.Malformed as fault:
        raise MalformedLanguage from fault
    except taxonomy.UnknownLanguage as unknown:
        raise UnknownLanguage from unknown


def check_quota(contributor: Contributor) -> None:
    """A day has room for so many clips of one voice."""
    if pacing.taken_today(contributor, now=Now()) >= settings.CLIPS_PER_DAY:
        raise QuotaSpent


@contextmanager
def received(body: Body, announced: Announced) -> Iterator[tuple[BinaryIO, int]]:
    """The body in a temporary file, counted and digested while it came in."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, where its own errors are told from others'
    except OSError as full:
        raise StorageFullNow from full
    with file:
        byte_count, sha256 = copied(body, file)
        if byte_count == 0:
            raise Empty
        if sha256 != announced.sha256:
            raise DigestDiffers
        file.seek(0)
        yield cast(BinaryIO, file), byte_count


def copied(body: Body, file: IO[bytes]) -> tuple[int, str]:
    """How many bytes came in, never more than we take, and their SHA-256."""
    digest, byte_count = hashlib.sha256(), 0
    while piece := body.read(PIECE_BYTES):
        byte_count += len(piece)
        if byte_count > settings.UPLOAD_BYTES_MAX:
            raise TooLarge
        digest.update(piece)
        try:
            file.write(piece)
            file.flush()
        except OSError as full:
            raise StorageFullNow from full
    return byte_count, digest.hexdigest()


def keep_bytes(clip_id: uuid.UUID, file: BinaryIO, sha256: str) -> Put:
    """Make the bytes durable; of two uploads that race for one id, the second must bring the same bytes."""
    key, began_at = f"clips/{clip_id}/original", time.time()
    try:
        storage.put(key, file, sha256=sha256, if_absent=True)
        return Put(began_at, is_ours=True)
    except storage.AlreadyStored:
        # An earlier try died between bytes and row: its bytes are complete, so they are ours if they are the same.
        if hashlib.sha256(stored_before(key)).hexdigest() != sha256:
            raise AnotherDigest from None
        return Put(began_at, is_ours=False)
    except storage.StorageFull as full:
        raise StorageFullNow from full
    except storage.StorageUnreachable as away:
        raise StorageAway from away


def stored_before(key: str) -> bytes:
    """What an earlier try stored; where it was withdrawn and purged this very moment, the next try is told so."""
    try:
        return storage.read(key)
    except storage.StorageError as away:
        raise StorageAway from away


def keep_row(
    clip_id: uuid.UUID,
    contributor: Contributor,
    announced: Announced,
    prompt: Prompt | None,
    byte_count: int,
    *,
    by: Any,
    permission: Permission | None,
    put: Put,
) -> Receipt:
    """Commit the clip, due for screening; a racing twin of the same upload answers the same clip."""
    clip = Clip(
        id=clip_id,
        contributor=contributor,
        licence=permission.licence if permission else None,
        prompt=prompt,
        mode=prompt.kind if prompt else "",
        language=announced.language,
        transcript=words_of(prompt, permission),
        intended_emotion=prompt.emotion if prompt else "",
        intended_intensity=prompt.intensity if prompt else None,
        intended_style=announced.style if prompt else "",
        has_heard_example=examples.was_heard(prompt, contributor),
        sha256=announced.sha256,
        byte_count=byte_count,
        media_type=announced.media_type,
        capture=announced.capture,
        next_attempt_at=Now(),
    )
    try:
        with transaction.atomic():
            take_turn(clip_id)
            check_still_there(clip, put)
            # Asked again behind the lock that consent is withdrawn under: withdrawn during the upload, it wins.
            Contributor.objects.select_for_update().get(pk=contributor.pk)
            check_consent(contributor, permission)
            # And counted again: what many at once began with room for, the day has room for one by one.
            if permission is None:
                check_quota(contributor)
            clip.save(force_insert=True)
            audit.record("clip.stored", subject=clip, by=by, sha256=clip.sha256)
    except (NoConsent, QuotaSpent):
        leave_no_bytes(clip)
        raise
    except IntegrityError:
        # A twin that was kept, withdrawn and purged while our bytes were on their way: ours must not outlive it.
        leave_no_bytes(clip)
        twin = already(clip_id, contributor, announced.sha256)
        if twin is None:
            raise
        return Receipt(twin, is_new=False)
    return Receipt(clip, is_new=True)


def check_still_there(clip: Clip, put: Put) -> None:
    """In the turn at this clip's number: its bytes have not been erased as those of nobody.

    Fresh bytes of our own are spared, so only others' and those of a process that slept are asked for.
    """
    # Both ways: a clock that was set back tells as little of what happened meanwhile.
    if put.is_ours and abs(time.time() - put.began_at) < FRESH_SECONDS:
        return
    try:
        is_there = storage.stat(clip.original).byte_count == clip.byte_count
    except storage.StorageError as away:
        raise StorageAway from away
    if not is_there:
        raise StorageAway


def words_of(prompt: Prompt | None, permission: Permission | None) -> str:
    """What is said in the clip, where that was given; what somebody tells freely is written down by nobody."""
    if prompt:
        return prompt.text if prompt.kind == Prompt.Kind.ACTED else ""
    return permission.transcript if permission else ""


def leave_no_bytes(clip: Clip) -> None:
    """Erase what was put for a clip that lives under no row: refused, or withdrawn under another try's."""
    if not Clip.objects.live().filter(pk=clip.pk).exists():
        storage.erase(f"{clip.prefix}/")
