"""A clip: one take of one voice, and where it is in its life."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, Subquery
from django.db.models.lookups import Exact

from contributions.models.consent import ConsentEvent, CurrentConsent
from contributions.models.prompt import Prompt
from openempathic.audit.models import AuditEvent
from openempathic.leases import Leased

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from contributions.models.contributor import Contributor


# Where the five pieces of a UUID begin in its 32 digits, and how long they are.
PIECES_OF_UUID = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


class ClipQuerySet(models.QuerySet["Clip"]):
    """The questions that every act asks of clips."""

    def covered_by(self, purpose: str, at: datetime | None = None) -> "ClipQuerySet":
        """Live clips with active consent, or a licence, for the purpose now; the only way to select for one.

        With a moment the clips that were so then, as the events of consent and the log of acts tell.
        """
        if at is not None:
            licensed = Q(licence__isnull=False) & licence_stood(at) & licence_names(purpose)
            return self.live_at(at).filter(Q(licence__isnull=True) & consented_at(purpose, at) | licensed)
        consents = CurrentConsent.objects.filter(contributor=OuterRef("contributor"), purpose=purpose, is_given=True)
        licensed = Q(licence__isnull=False, licence__ended_at__isnull=True) & licence_names(purpose)
        return self.live().filter(Q(licence__isnull=True) & Exists(consents) | licensed)

    def live(self) -> "ClipQuerySet":
        """Clips that have not been withdrawn."""
        return self.exclude(status__in=[Clip.Status.WITHDRAWN, Clip.Status.PURGED])

    def live_at(self, at: datetime) -> "ClipQuerySet":
        """Clips that were here at the moment and withdrawn after it, if at all.

        A clip that is withdrawn without an act in our log, as one that came home in an archive, was never live here.
        """
        later = AuditEvent.objects.filter(
            act="clip.withdrawn", subject_type="contributions.clip", subject_id=Written(OuterRef("pk")), at__gt=at
        )
        gone = Q(status__in=[Clip.Status.WITHDRAWN, Clip.Status.PURGED])
        return self.filter(~gone | Exists(later), stored_at__lte=at)

    def of(self, voices: "Iterable[Contributor]") -> "ClipQuerySet":
        """The clips of these voices, which are one person's."""
        return self.filter(contributor__in=list(voices))

    def not_of(self, person: object) -> "ClipQuerySet":
        """Clips of other people's voices, corpora included."""
        return self.exclude(contributor__user=person).exclude(contributor__claimed_by=person)


class Written(Func):
    """A UUID as the log writes it: SQLite keeps it without its dashes."""

    output_field = models.CharField()
    template = "CAST(%(expressions)s AS VARCHAR(36))"

    def as_sqlite(self, compiler: "SQLCompiler", connection: "BaseDatabaseWrapper", **context: Any) -> tuple[str, Any]:
        """Put the dashes where they belong; the index of the log can then be used."""
        pieces = [f"SUBSTR(%(expressions)s, {start}, {length})" for start, length in PIECES_OF_UUID]
        dashed = " || '-' || ".join(pieces)
        return self.as_sql(compiler, connection, template=f"({dashed})", **context)


def consented_at(purpose: str, at: datetime) -> Q:
    """Whether the voice's last answer on the purpose was yes at the moment."""
    deciding = ConsentEvent.objects.filter(contributor=OuterRef("contributor"), purpose=purpose, at__lte=at)
    last = deciding.exclude(kind=ConsentEvent.Kind.REQUESTED).order_by("-position").values("kind")[:1]
    return Q(Exact(Subquery(last), ConsentEvent.Kind.GIVEN))


def licence_stood(at: datetime) -> Q:
    """Whether the licence had been granted and not ended at the moment."""
    not_ended = Q(licence__ended_at__isnull=True) | Q(licence__ended_at__gt=at)
    return Q(licence__granted_at__lte=at) & not_ended


def licence_names(purpose: str) -> Q:
    """Whether a grant lists the purpose; portable, since SQLite has no containment for JSON."""
    return Q(licence__purposes__icontains=f'"{purpose}"')


class Clip(Leased):
    """One take. Its original bytes lie under `clips/<id>/` and never change."""

    class Status(models.TextChoices):
        STORED = "STORED"
        IN_REVIEW = "IN_REVIEW"
        UNUSABLE = "UNUSABLE"
        QUARANTINED = "QUARANTINED"
        ACCEPTED = "ACCEPTED"
        REJECTED = "REJECTED"
        DISPUTED = "DISPUTED"
        WITHDRAWN = "WITHDRAWN"
        PURGED = "PURGED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    contributor = models.ForeignKey("contributions.Contributor", on_delete=models.PROTECT, related_name="clips")
    licence = models.ForeignKey(
        "contributions.LicenceGrant", null=True, blank=True, on_delete=models.PROTECT, related_name="clips"
    )
    prompt = models.ForeignKey("contributions.Prompt", null=True, blank=True, on_delete=models.PROTECT)
    # How it came about: the kind of its prompt, empty where it had none.
    mode = models.CharField(max_length=10, choices=Prompt.Kind, blank=True)
    language = models.CharField(max_length=35)
    # Empty for what was told in own words: nobody has written that down.
    transcript = models.TextField(blank=True)
    intended_emotion = models.CharField(max_length=30, blank=True)
    intended_intensity = models.PositiveSmallIntegerField(null=True)
    # The manner that was wished for and not left out; empty where none was.
    intended_style = models.CharField(max_length=20, blank=True)
    # Whether its speaker had heard somebody else say it here before.
    has_heard_example = models.BooleanField(default=False)
    sha256 = models.CharField(max_length=64, db_index=True)
    byte_count = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    # What the browser's getSettings() really said, not what we asked for.
    capture = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=Status, default=Status.STORED)
    status_reason = models.CharField(max_length=40, blank=True)
    duration_seconds = models.FloatField(null=True)
    stored_at = models.DateTimeField(auto_now_add=True)

    objects = ClipQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["status", "language"]),
            # What waits longest is found without looking at all that waits.
            models.Index(fields=["status", "stored_at"], name="clips_by_status_and_age"),
        ]

    def __str__(self) -> str:
        return f"clip {self.pk}"

    @property
    def prefix(self) -> str:
        """Everything of this clip in storage lies under here."""
        return f"clips/{self.pk}"

    @property
    def original(self) -> str:
        """The bytes as they came."""
        return f"{self.prefix}/original"

    @property
    def archive(self) -> str:
        """The same sound as tagless FLAC, mono, at the original rate."""
        return f"{self.prefix}/archive.flac"

    @property
    def peaks(self) -> str:
        """The waveform's outline for the pages."""
        return f"{self.prefix}/peaks.json"

    @property
    def spectrogram(self) -> str:
        """The picture of its tones over time, for a moderator's eye."""
        return f"{self.prefix}/spectrogram.png"
