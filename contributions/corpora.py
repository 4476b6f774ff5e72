"""A licensed corpus comes in through the same door as a volunteer's clip: intake, screening, and an audited move.

Its permission is a LicenceGrant that counts like consent; its labels are annotations of source CORPUS, never ratings.
"""

import csv
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef

from contributions import states, taxonomy
from contributions.intake import Announced, Permission, intake
from contributions.models import Annotation, Clip, Contributor, LicenceGrant
from contributions.models.contributor import Split
from contributions.releasing import splits
from contributions.taxonomy import tags
from openempathic import audit, moves

AGENT = "import_corpus"
# A clip's id is made from corpus and path: importing again finds the same clips.
NAMESPACE = uuid.UUID("4d0fd3c5-8f3e-4b8a-9d50-3f1e6f0f5e11")
COLUMNS = ("path", "speaker", "emotion", "language")


class NotImportable(Exception):
    """The corpus's folder, table or split file is not one we can read; nothing was taken in."""


@dataclass(frozen=True)
class Line:
    """One row of the corpus's table."""

    path: str
    speaker: str
    emotion: str
    language: str
    intensity: int | None = None
    gender: str = ""
    text: str = ""


@dataclass(frozen=True)
class Imported:
    """How many clips came in now, and how many had come before."""

    new: int
    known: int


def read_table(path: Path, *, folder: Path) -> list[Line]:
    """The table's rows; raises NotImportable with the line number of the first that cannot be used."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter="\t")
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise NotImportable(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
        return [line_of(row, number, folder) for number, row in enumerate(reader, start=2)]


def line_of(row: dict[str, str], number: int, folder: Path) -> Line:
    """One row, checked: the file lies in the folder, emotion and language are ones we know."""
    path = (folder / row["path"]).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NotImportable(f"line {number}: there is no file {row['path']}")
    try:
        taxonomy.emotion(row["emotion"])
        language = tags.spoken(row["language"])
    except taxonomy.UnknownEmotion as unknown:
        raise NotImportable(f"line {number}: we do not know the emotion {row['emotion']!r}") from unknown
    except (taxonomy.UnknownLanguage, tags.Malformed) as unknown:
        raise NotImportable(f"line {number}: we do not know the language {row['language']!r}") from unknown
    intensity = row.get("intensity") or ""
    return Line(
        path=row["path"],
        speaker=row["speaker"],
        emotion=row["emotion"],
        language=language,
        intensity=int(intensity) if intensity.isdigit() else None,
        gender=row.get("gender") or "",
        text=row.get("text") or "",
    )


def read_split(path: Path) -> dict[str, str]:
    """Speaker to side, from a frozen split file of two columns; it wins over the site's own hash."""
    with path.open(newline="", encoding="utf-8") as file:
        sides = {row["speaker"]: row["split"] for row in csv.DictReader(file, delimiter="\t")}
    if wrong := {side for side in sides.values() if side not in Split.values}:
        raise NotImportable(f"{path.name}: a speaker is on train, dev or test, not on {', '.join(sorted(wrong))}")
    return sides


def grant(
    corpus: str, *, licence: str, source: str, source_sha256: str, purposes: list[str], commercial: bool
) -> LicenceGrant:
    """The corpus's permission; made once, and audited."""
    with transaction.atomic():
        made, is_new = LicenceGrant.objects.get_or_create(
            corpus=corpus,
            defaults={
                "licence": licence,
                "source": source,
                "source_sha256": source_sha256,
                "purposes": purposes,
                "is_commercial_use_allowed": commercial,
            },
        )
        if is_new:
            audit.record("licence.granted", subject=made, by=AGENT, licence=licence, purposes=purposes)
    if made.licence != licence:
        raise NotImportable(f"{corpus} came in before under {made.licence}, not {licence}")
    return made


def import_lines(lines: list[Line], *, folder: Path, permission: LicenceGrant, sides: dict[str, str]) -> Iterator[bool]:
    """Take the clips in one by one; yields whether each was new. A second import adds nothing."""
    for line in lines:
        yield import_line(line, folder=folder, permission=permission, sides=sides)


def import_line(line: Line, *, folder: Path, permission: LicenceGrant, sides: dict[str, str]) -> bool:
    """Take in one clip with its annotation; screening follows as for any other."""
    path = folder / line.path
    with path.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
        body.seek(0)
        receipt = intake(
            uuid.uuid5(NAMESPACE, f"{permission.corpus}/{line.path}"),
            contributor=speaker(line, permission, sides),
            body=body,
            announced=Announced(
                sha256=digest,
                media_type="application/octet-stream",
                language=line.language,
                byte_count=path.stat().st_size,
            ),
            by=AGENT,
            permission=Permission(permission, transcript=line.text),
        )
    Annotation.objects.get_or_create(
        clip=receipt.clip,
        source=Annotation.Source.CORPUS,
        defaults={"emotion": line.emotion, "intensity": line.intensity},
    )
    return receipt.is_new


def speaker(line: Line, permission: LicenceGrant, sides: dict[str, str]) -> Contributor:
    """The corpus's speaker as a contributor, on the side that the split file or our hash gives at first sight."""
    found, _is_new = Contributor.objects.get_or_create(
        licence=permission,
        corpus_speaker=line.speaker,
        defaults={
            "gender": line.gender,
            "language": line.language,
            "split": sides.get(line.speaker) or splits.side_of(f"{permission.corpus}/{line.speaker}"),
        },
    )
    return found


def accept_annotated(permission: LicenceGrant) -> int:
    """Accept the corpus's clips that passed screening, on the strength of its own labels; returns how many."""
    annotated = Annotation.objects.filter(clip=OuterRef("pk"), source=Annotation.Source.CORPUS)
    accepted = 0
    for clip in Clip.objects.filter(Exists(annotated), licence=permission, status=Clip.Status.IN_REVIEW):
        try:
            states.move(clip, to=Clip.Status.ACCEPTED, by=AGENT, reason="CORPUS_LABEL")
        except moves.MovedMeanwhile:
            continue
        accepted += 1
    return accepted
