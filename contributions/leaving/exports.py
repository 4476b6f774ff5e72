"""Everything of one voice as one archive, and the archive brought back to a site that has lost it.

Format "openempathic-voice/1", a zip: `manifest.json` names every other file with its SHA-256; `contributor.json`;
`consents.json` (the chain) and `texts.json` (the words agreed to); `prompts.json`, what was skipped and reported;
`downloads.json`, the datasets whose terms the voice's person accepted, and our mails to them about these; for
each clip `clips/<id>/clip.json` with its examinations, `fingerprint.json` by which the site knows this recording again
until it is withdrawn, `self_reports.json` with what its speaker said of it,
`labels.json` with what listeners answered, `verdicts.json` with what moderators decided, `suggestions.json` with what
models heard once listeners have answered, and its objects as they lie in storage; `log.json`.

Nobody else is in it: listeners and moderators are named by what they are. The sound of a withdrawn clip is not in it.
"""

import base64
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contributions.models import (
    Clip,
    ConsentEvent,
    ConsentText,
    Contributor,
    Fingerprint,
    Goal,
    Rating,
    ReleaseDownload,
    ReleaseNews,
    Suggestion,
)
from openempathic import audit, storage
from openempathic.audit.models import AuditEvent
from training.clara.seed_head import LICENCE

FORMAT = "openempathic-voice/1"
MANIFEST = "manifest.json"
EXPORTED = "contributor.exported"
PIECE_BYTES = 1 << 20
SETTLED = (Clip.Status.ACCEPTED, Clip.Status.REJECTED)
# Objects of a clip that the archive carries: the original bytes, and what was derived from them.
OBJECTS = ("original", "archive.flac", "peaks.json", "spectrogram.png")

VOICE_COLUMNS = (
    *("id", "gender", "age_band", "accent", "language", "unwanted_emotions", "unwanted_styles"),
    *("is_adult_attested_at", "split", "created_at"),
)
VARIETY_COLUMNS = ("language", "words", "said_at")
TEXT_COLUMNS = ("purpose", "language", "version", "body", "sha256", "valid_from", "is_material_change")
CLIP_COLUMNS = (
    *("id", "language", "transcript", "intended_emotion", "intended_intensity", "sha256", "byte_count", "media_type"),
    *("mode", "intended_style", "has_heard_example", "capture", "status", "status_reason", "duration_seconds"),
    "stored_at",
)
SKIP_COLUMNS = ("prompt_id", "reason", "words", "skipped_at")
STYLE_SKIP_COLUMNS = ("style", "skipped_at")
REPORT_COLUMNS = ("prompt_id", "reason", "words", "reported_at")
EXAMINATION_COLUMNS = (
    *("agent", "version", "fence", "measures", "score", "is_usable", "reason", "warnings", "notes"),
    "examined_at",
)
LABEL_COLUMNS = (
    *("id", "phase", "is_usable", "unusable_reason", "emotion", "secondary_emotions", "intensity", "description"),
    *("other_word", "valence", "arousal", "dominance", "styles", "round", "is_gold", "rated_at"),
)
VOID_COLUMNS = ("reason", "voided_at")
VERDICT_COLUMNS = ("from_status", "to_status", "reason", "note", "decided_at")
DOWNLOAD_COLUMNS = ("terms_sha256", "accepted_at", "files", "fetched_at", "locale", "gone_count", "wants_mail")
NEWS_COLUMNS = ("on_date", "known_count", "gone_count", "told_at")
SELF_REPORT_COLUMNS = ("id", "emotion", "styles", "description", "said_at")


class TooManyExports(Exception):
    """The person has had their archive as often as a day allows."""


def export(contributor: Contributor, *, by: Any) -> BinaryIO:
    """The archive in a temporary file without a name, at its start; raises TooManyExports."""
    with transaction.atomic():
        # The lock on the voice: two tabs that ask at once are counted one after the other.
        Contributor.objects.select_for_update().get(pk=contributor.pk)
        check_rate(contributor)
        audit.record(EXPORTED, subject=contributor, by=by)
    file = tempfile.TemporaryFile()  # noqa: SIM115  it is the answer; whoever reads it closes it
    try:
        write(contributor, cast(BinaryIO, file), at=timezone.now())
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast(BinaryIO, file)


def check_rate(contributor: Contributor) -> None:
    """Counted in the log itself: it holds for every web process, and outlives them."""
    lately = events_about(contributor).filter(act=EXPORTED, at__gte=timezone.now() - timedelta(days=1))
    if lately.count() >= settings.EXPORTS_PER_DAY:
        raise TooManyExports


def write(contributor: Contributor, file: BinaryIO, *, at: datetime) -> dict[str, Any]:
    """Write the archive, each file as it is read, the manifest last; returns the manifest."""
    files: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w") as archive:
        for name, pieces in contents(contributor):
            files.append(added(archive, name, pieces))
        manifest = {
            "format": FORMAT,
            "contributor": str(contributor.pk),
            "exported_at": at.isoformat(),
            "counts": {
                "clips": sum(each["path"].endswith("/clip.json") for each in files),
                "consents": contributor.consent_events.count(),
            },
            "files": sorted(files, key=lambda each: each["path"]),
        }
        archive.writestr(MANIFEST, as_json(manifest), zipfile.ZIP_DEFLATED)
    return manifest


def contents(contributor: Contributor) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Every file's name and bytes."""
    events = list(contributor.consent_events.select_related("text"))
    texts = ConsentText.objects.filter(consentevent__contributor=contributor).distinct().order_by("pk")
    yield "contributor.json", [as_json(described_voice(contributor))]
    yield "consents.json", [as_json([described_event(event) for event in events])]
    yield "texts.json", [as_json([columns(text, TEXT_COLUMNS) for text in texts])]
    yield "prompts.json", [as_json(said_of_prompts(contributor))]
    yield "downloads.json", [as_json(described_downloads(contributor))]
    yield "log.json", [as_json([described_act(event, contributor) for event in events_about(contributor)])]
    for clip in contributor.clips.order_by("stored_at", "pk"):
        yield from contents_of(clip)


def said_of_prompts(contributor: Contributor) -> dict[str, Any]:
    """What the person skipped, the manners they left out, and what they found wrong."""
    return {
        "skips": [columns(each, SKIP_COLUMNS) for each in contributor.prompt_skips.order_by("pk")],
        "styles": [columns(each, STYLE_SKIP_COLUMNS) for each in contributor.style_skips.order_by("pk")],
        "reports": [columns(each, REPORT_COLUMNS) for each in contributor.prompt_reports.order_by("pk")],
    }


def described_downloads(contributor: Contributor) -> dict[str, Any]:
    """What the account took of published datasets, and our mails about these; nothing where no account owns the voice.

    They are the account's and not the voice's: they come home with no archive, and go with the account.
    """
    owner = contributor.user_id or contributor.claimed_by_id
    taken = ReleaseDownload.objects.filter(person=owner).order_by("accepted_at", "pk")
    mails = ReleaseNews.objects.filter(person=owner).order_by("on_date", "pk")
    return {
        "downloads": [of_release(each, DOWNLOAD_COLUMNS) for each in taken.select_related("release")],
        "mails": [of_release(each, NEWS_COLUMNS) for each in mails.select_related("release")],
    }


def of_release(row: ReleaseDownload | ReleaseNews, names: Iterable[str]) -> dict[str, Any]:
    """Those columns of the row, and the digest by which its release is known."""
    return {"release": row.release.digest} | columns(row, names)


def contents_of(clip: Clip) -> Iterator[tuple[str, Iterable[bytes]]]:
    """One clip: its facts, what listeners answered, and its sound while it is not withdrawn."""
    yield f"{clip.prefix}/clip.json", [as_json(described_clip(clip))]
    answers = clip.ratings.prefetch_related("voids").order_by("rated_at", "pk")
    yield f"{clip.prefix}/labels.json", [as_json([described_answer(answer) for answer in answers])]
    decided = clip.verdicts.order_by("pk")
    yield f"{clip.prefix}/verdicts.json", [as_json([columns(verdict, VERDICT_COLUMNS) for verdict in decided])]
    said = clip.self_reports.all()
    yield f"{clip.prefix}/self_reports.json", [as_json([columns(report, SELF_REPORT_COLUMNS) for report in said])]
    if clip.status in SETTLED:
        # Before that the speaker would know what the listeners must not: what the model heard.
        made = clip.suggestions.filter(scores__isnull=False).select_related("checkpoint").order_by("made_at", "pk")
        yield f"{clip.prefix}/suggestions.json", [as_json([described_suggestion(each) for each in made])]
    known = Fingerprint.objects.filter(clip=clip, clip__in=Clip.objects.live()).first()
    if known:
        yield f"{clip.prefix}/fingerprint.json", [as_json(described_fingerprint(known))]
    for name in OBJECTS:
        # Asked at each: what was withdrawn while we wrote is heard by nobody, and may be erased already.
        if not Clip.objects.live().filter(pk=clip.pk).exists():
            return
        try:
            sound = storage.open(f"{clip.prefix}/{name}")
        except storage.NotStored:
            continue
        with sound:
            yield f"{clip.prefix}/{name}", pieces_of(sound)


def described_answer(answer: Rating) -> dict[str, Any]:
    """What one listener answered, of nobody; with `void` where it counts no more."""
    voids = [columns(void, VOID_COLUMNS) for void in answer.voids.all()]
    return columns(answer, LABEL_COLUMNS) | ({"void": voids[0]} if voids else {})


def described_voice(contributor: Contributor) -> dict[str, Any]:
    """The voice's own columns, how it speaks each language, and the goal that its person set."""
    goal = Goal.objects.filter(contributor=contributor).first()
    varieties = [columns(each, VARIETY_COLUMNS) for each in contributor.varieties.order_by("language")]
    goal_and_varieties = {"goal_clips_a_week": goal.clips_a_week if goal else None, "varieties": varieties}
    return columns(contributor, VOICE_COLUMNS) | goal_and_varieties


def described_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    """What a model heard in the clip, and which model that was."""
    told = columns(suggestion, ("scores", "emotion", "made_at")) | {"checkpoint": suggestion.checkpoint.version}
    return told | ({"licence": LICENCE} if suggestion.checkpoint.is_seed else {})


def described_fingerprint(known: Fingerprint) -> dict[str, Any]:
    """What the clip's sound is known again by: its signs in base64, and the numbers that it is found by."""
    facts = columns(known, ("version", "pcm_sha256", "kept_at"))
    keys = sorted(known.keys.values_list("key", flat=True))
    return facts | {"signs": base64.b64encode(bytes(known.signs)).decode(), "keys": keys}


def pieces_of(sound: BinaryIO) -> Iterator[bytes]:
    """The bytes, a piece at a time."""
    while piece := sound.read(PIECE_BYTES):
        yield piece


def described_clip(clip: Clip) -> dict[str, Any]:
    """The clip's own columns, its prompt, and what machines measured."""
    examinations = [columns(each, EXAMINATION_COLUMNS) for each in clip.examinations.order_by("pk")]
    return columns(clip, CLIP_COLUMNS) | {"prompt": clip.prompt_id, "examinations": examinations}


def described_event(event: ConsentEvent) -> dict[str, Any]:
    """The event as its digest covers it, with the digest and the words it was about."""
    text = event.text and [event.text.purpose, event.text.language, event.text.version]
    return event.payload() | {"sha256": event.sha256, "text": text}


def events_about(contributor: Contributor) -> Any:
    """The log of the voice and of its clips, in order."""
    clips = [str(pk) for pk in contributor.clips.values_list("pk", flat=True)]
    own = Q(subject_type=Contributor._meta.label_lower, subject_id=str(contributor.pk))
    about_clips = Q(subject_type=Clip._meta.label_lower, subject_id__in=clips)
    return AuditEvent.objects.filter(own | about_clips).order_by("pk")


def described_act(event: AuditEvent, contributor: Contributor) -> dict[str, Any]:
    """One act; the person is "you", anybody else "another person"."""
    owner = contributor.user_id or contributor.claimed_by_id
    is_own = event.agent == f"guest:{contributor.pk}" or (owner is not None and event.actor_id == owner)
    by = "you" if is_own else event.agent or "another person"
    return columns(event, ("at", "act", "subject_type", "subject_id", "facts")) | {"by": by}


def added(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> dict[str, Any]:
    """Write one file into the archive, digested on its way; returns the manifest's line of it."""
    info = zipfile.ZipInfo(name, date_time=timezone.now().timetuple()[:6])
    # Sound hardly shrinks: only words are packed.
    info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
    digest, byte_count = hashlib.sha256(), 0
    with archive.open(info, "w") as file:
        for piece in pieces:
            digest.update(piece)
            byte_count += file.write(piece)
    return {"path": name, "sha256": digest.hexdigest(), "byte_count": byte_count}


def columns(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """Those columns of the row, times as ISO 8601."""
    said = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in said.items()}


def as_json(said: Any) -> bytes:
    """Readable, and the same for the same facts."""
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False, default=str).encode()
