"""An exported archive brought back into a site: the voice without its account, its consents, its clips.

Everything is checked before anything is kept: the manifest against every file, each event against its chain, each
original against its clip's digest. What does not come back: the account, who listened, and the log, since a log that
takes in what a file says would prove nothing; that the archive came home is its own entry.
"""

import base64
import hashlib
import json
import uuid
import zipfile
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from contributions.consenting import consent, records, varieties
from contributions.leaving.exports import FORMAT, MANIFEST, OBJECTS
from contributions.listening import labels, queue
from contributions.models import (
    Clip,
    ConsentEvent,
    ConsentText,
    Contributor,
    Examination,
    Fingerprint,
    FingerprintKey,
    Goal,
    Prompt,
    PromptReport,
    PromptSkip,
    Rating,
    RatingVoid,
    SelfReport,
    StyleSkip,
    Variety,
)
from openempathic import audit, storage

AGENT = "homecoming"
# A file of words that is larger is none that we wrote: it would fill the memory of whoever reads it.
WORDS_BYTES_MAX = 64 << 20
OWED = (Clip.Status.STORED, Clip.Status.WITHDRAWN)


# What reading a file that somebody wrote or damaged may raise.
FAULTS = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError),
    *(KeyError, ValueError, TypeError, AttributeError, ValidationError, DatabaseError),
)


class NotImportable(Exception):
    """The archive is damaged, was changed, or holds what the site has already."""


def import_export(path: Path) -> dict[str, int]:
    """Check the whole archive, then keep its sound and its rows; returns how many clips and consents came."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = checked(archive)
            voice = read(archive, "contributor.json")
            clips = [read(archive, name) for name in manifest["files"] if name.endswith("/clip.json")]
            check_new(voice, clips)
            return keep(archive, manifest, voice, clips)
    except FAULTS as fault:
        raise NotImportable(f"This is no archive that a site of ours wrote: {fault}") from fault


def checked(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest, once every file that it names is there, is the one it names, and no other file is."""
    body = small(archive, MANIFEST)
    manifest = json.loads(body)
    if manifest["format"] != FORMAT:
        raise NotImportable(f"The archive's format is {manifest['format']}, not {FORMAT}.")
    files = {each["path"]: each for each in manifest["files"]}
    if {*files, MANIFEST} != set(archive.namelist()) or len(archive.namelist()) != len(files) + 1:
        raise NotImportable("The archive holds other files than its manifest names.")
    for name, each in files.items():
        if digest_of(archive, name, byte_count=each["byte_count"]) != each["sha256"]:
            raise NotImportable(f"{name} is not the file that was exported.")
    return {"files": files, "digest": hashlib.sha256(body).hexdigest()}


def digest_of(archive: zipfile.ZipFile, name: str, *, byte_count: int) -> str:
    """The digest of one file's bytes, which must not be more than was said: a small zip may hold a huge file."""
    digest, left = hashlib.sha256(), byte_count
    with archive.open(name) as file:
        while piece := file.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise NotImportable(f"{name} is larger than the manifest says.")
            digest.update(piece)
    return digest.hexdigest()


def small(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of words."""
    if archive.getinfo(name).file_size > WORDS_BYTES_MAX:
        raise NotImportable(f"{name} is too large.")
    return archive.read(name)


def read(archive: zipfile.ZipFile, name: str) -> Any:
    """What a file of words says."""
    return json.loads(small(archive, name))


def check_new(voice: dict[str, Any], clips: list[dict[str, Any]]) -> None:
    """Nothing is overwritten: a site that knows the voice, or a clip, keeps what it has."""
    if Contributor.objects.filter(pk=uuid.UUID(voice["id"])).exists():
        raise NotImportable("The site knows this contributor already.")
    if Clip.objects.filter(pk__in=[uuid.UUID(clip["id"]) for clip in clips]).exists():
        raise NotImportable("The site has some of these clips already.")


def keep(
    archive: zipfile.ZipFile, manifest: dict[str, Any], voice: dict[str, Any], clips: list[dict[str, Any]]
) -> dict[str, int]:
    """Sound first, so that no row speaks of what is not durable; where a row is refused, no sound stays behind."""
    try:
        keep_objects(archive, manifest["files"], clips)
        return keep_rows(archive, manifest["digest"], voice, clips)
    except Exception:
        for number in (uuid.UUID(clip["id"]) for clip in clips):
            # Asked again: somebody who imported the same archive at once may have kept it.
            if not Clip.objects.filter(pk=number).exists():
                storage.erase(f"clips/{number}/")
        raise


def keep_objects(archive: zipfile.ZipFile, files: dict[str, Any], clips: list[dict[str, Any]]) -> None:
    """Make the sound durable before any row speaks of it; a try that died here is simply made again."""
    for clip in clips:
        prefix = f"clips/{uuid.UUID(clip['id'])}"
        original = files.get(f"{prefix}/original")
        if original and original["sha256"] != clip["sha256"]:
            raise NotImportable(f"{prefix} is not the clip that its facts tell of.")
        for key in (f"{prefix}/{name}" for name in OBJECTS if f"{prefix}/{name}" in files):
            with archive.open(key) as sound:
                storage.put(key, sound, sha256=files[key]["sha256"])  # type: ignore[arg-type]


def keep_rows(
    archive: zipfile.ZipFile, digest: str, voice: dict[str, Any], clips: list[dict[str, Any]]
) -> dict[str, int]:
    """All the rows or none."""
    with transaction.atomic():
        contributor = keep_contributor(voice)
        keep_texts(read(archive, "texts.json"))
        events = read(archive, "consents.json")
        for event in events:
            keep_event(contributor, event)
        for broken in records.broken_chain(contributor):
            raise NotImportable(f"The consents are not as they were given: {broken}")
        consent.forget_facts_not_allowed(contributor)
        if "prompts.json" in archive.namelist():
            keep_said_of_prompts(contributor, read(archive, "prompts.json"))
        for said in clips:
            clip = keep_clip(contributor, said)
            keep_answers(clip, read(archive, f"{clip.prefix}/labels.json"))
            if (path := f"{clip.prefix}/self_reports.json") in archive.namelist():
                # Archives of before have none.
                keep_self_reports(clip, read(archive, path))
            if (path := f"{clip.prefix}/fingerprint.json") in archive.namelist():
                keep_fingerprint(clip, read(archive, path))
            queue.follow(clip)
        last = events[-1]["sha256"] if events else ""
        audit.record("contributor.imported", subject=contributor, by=AGENT, manifest_sha256=digest, last_sha256=last)
    return {"clips": len(clips), "consents": len(events)}


def keep_contributor(said: dict[str, Any]) -> Contributor:
    """The voice on the side of the splits where it was, with no account."""
    contributor = Contributor.objects.create(
        id=uuid.UUID(said["id"]),
        gender=said["gender"],
        # Archives of before did not tell these two.
        age_band=said.get("age_band", ""),
        accent=said.get("accent", ""),
        unwanted_emotions=said.get("unwanted_emotions", []),
        unwanted_styles=said.get("unwanted_styles", []),
        language=said["language"],
        is_adult_attested_at=moment(said["is_adult_attested_at"]),
        split=said["split"],
    )
    Contributor.objects.filter(pk=contributor.pk).update(created_at=moment(said["created_at"]))
    if clips_a_week := said.get("goal_clips_a_week"):
        Goal.objects.create(contributor=contributor, clips_a_week=clips_a_week)
    for each in said.get("varieties", []):
        facts = {"words": each["words"], "alike": varieties.alike(each["words"])}
        row = Variety.objects.create(contributor=contributor, language=each["language"], **facts)
        Variety.objects.filter(pk=row.pk).update(said_at=moment(each["said_at"]))
    return contributor


def keep_texts(texts: list[dict[str, Any]]) -> None:
    """The words that were agreed to, where the site does not have them."""
    for said in texts:
        if hashlib.sha256(said["body"].encode()).hexdigest() != said["sha256"]:
            raise NotImportable("A text that was agreed to is not the one its digest names.")
        name = {key: said[key] for key in ("purpose", "language", "version")}
        others = {"body": said["body"], "sha256": said["sha256"], "is_material_change": said["is_material_change"]}
        valid = date.fromisoformat(said["valid_from"])
        text, _is_new = ConsentText.objects.get_or_create(**name, defaults=others | {"valid_from": valid})
        if text.sha256 != said["sha256"]:
            raise NotImportable(f"The site has other words under {text}.")


def keep_event(contributor: Contributor, said: dict[str, Any]) -> None:
    """One event as it was, folded as it is chained."""
    purpose, language, version = said["text"] or (None, None, None)
    copied = ("position", "kind", "purpose", "text_sha256", "locale", "app_version", "age_band_attested")
    event = ConsentEvent.objects.create(
        id=uuid.UUID(said["id"]),
        contributor=contributor,
        text=ConsentText.objects.filter(purpose=purpose, language=language, version=version).first(),
        at=datetime.fromisoformat(said["at"]),
        previous_sha256=said["previous_sha256"],
        sha256=said["sha256"],
        **{name: said[name] for name in copied},
    )
    consent.fold(event)


def keep_said_of_prompts(contributor: Contributor, said: dict[str, Any]) -> None:
    """What the person skipped and reported, as far as the site has these prompts: the planner minds it again."""
    for model, rows, at in ((PromptSkip, said["skips"], "skipped_at"), (PromptReport, said["reports"], "reported_at")):
        known = set(Prompt.objects.filter(pk__in=[each["prompt_id"] for each in rows]).values_list("pk", flat=True))
        for each in (each for each in rows if each["prompt_id"] in known):
            facts = {"prompt_id": each["prompt_id"], "reason": each["reason"], "words": each["words"]}
            row = model.objects.create(contributor=contributor, **facts)
            model.objects.filter(pk=row.pk).update(**{at: moment(each[at])})
    for each in said.get("styles", []):
        left_out = StyleSkip.objects.create(contributor=contributor, style=each["style"])
        StyleSkip.objects.filter(pk=left_out.pk).update(skipped_at=moment(each["skipped_at"]))


def keep_clip(contributor: Contributor, said: dict[str, Any]) -> Clip:
    """The clip where it was in its life; screening or purging that was still owed is owed again."""
    copied = (
        *("language", "transcript", "intended_emotion", "intended_intensity", "sha256", "byte_count", "media_type"),
        *("capture", "status", "status_reason", "duration_seconds"),
    )
    clip = Clip.objects.create(
        id=uuid.UUID(said["id"]),
        contributor=contributor,
        prompt=Prompt.objects.filter(pk=said["prompt"]).first(),
        next_attempt_at=Now() if said["status"] in OWED else None,
        mode=said.get("mode", ""),
        intended_style=said.get("intended_style", ""),
        has_heard_example=said.get("has_heard_example", False),
        # A later claim must not meet the fence of an examination that comes with the clip.
        fence=max((each["fence"] for each in said["examinations"]), default=0),
        **{name: said[name] for name in copied},
    )
    Clip.objects.filter(pk=clip.pk).update(stored_at=moment(said["stored_at"]))
    for each in said["examinations"]:
        examined_at = moment(each.pop("examined_at"))
        row = Examination.objects.create(clip=clip, **each)
        Examination.objects.filter(pk=row.pk).update(examined_at=examined_at)
    return clip


def keep_answers(clip: Clip, answers: list[dict[str, Any]]) -> None:
    """What listeners answered, of nobody, and which of it counts no more."""
    for said in answers:
        rated_at, number, void = moment(said.pop("rated_at")), uuid.UUID(said.pop("id")), said.pop("void", None)
        rating = Rating.objects.create(id=number, clip=clip, **said)
        Rating.objects.filter(pk=number).update(rated_at=rated_at)
        if void:
            row = RatingVoid.objects.create(rating=rating, reason=void["reason"])
            RatingVoid.objects.filter(pk=row.pk).update(voided_at=moment(void["voided_at"]))
    labels.follow(clip)


def keep_self_reports(clip: Clip, reports: list[dict[str, Any]]) -> None:
    """What the speaker said of the clip, in the order in which they said it."""
    for said in reports:
        said_at, number = moment(said.pop("said_at")), uuid.UUID(said.pop("id"))
        SelfReport.objects.create(id=number, clip=clip, **said)
        SelfReport.objects.filter(pk=number).update(said_at=said_at)


def keep_fingerprint(clip: Clip, said: dict[str, Any]) -> None:
    """What the clip is known again by; of two that came home it does not say which was kept earlier."""
    facts = {"version": said["version"], "pcm_sha256": said["pcm_sha256"]}
    row = Fingerprint.objects.create(clip=clip, signs=base64.b64decode(said["signs"], validate=True), **facts)
    Fingerprint.objects.filter(pk=row.pk).update(kept_at=moment(said["kept_at"]))
    FingerprintKey.objects.bulk_create(FingerprintKey(key=int(key), fingerprint=row) for key in said["keys"])


def moment(said: str | None) -> datetime | None:
    """The moment that was written."""
    return datetime.fromisoformat(said) if said else None
