"""Published datasets: who asked for one, what its pages tell, who accepted its terms, whom a withdrawal concerns."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from contributions.models.release import Release
from openempathic.leases import Leased


class ReleaseOrder(Leased):
    """A curator's word that a DATASET release be made; a worker freezes it, one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    # The one kind that is ordered, and by it one open order at a time.
    kind = models.CharField(max_length=8, choices=Release.Kind, default=Release.Kind.DATASET)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ordered_at = models.DateTimeField(auto_now_add=True)
    # As {"byte_count": 1048576}: how much of it lies on the worker's disk.
    progress = models.JSONField(default=dict)
    # What the last attempt came to; with `finished_at` and no release, why there is none.
    failure = models.CharField(max_length=400, blank=True)
    release = models.ForeignKey(Release, null=True, on_delete=models.CASCADE, related_name="orders")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(finished_at__isnull=True), name="one_open_order_per_kind"
            )
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"


class Dataset(Leased):
    """What the pages tell of a DATASET release, as a worker read it from the release's files, and whether it is public.

    The row is due where the files have changed since: a clip was taken out.
    """

    release = models.OneToOneField(Release, primary_key=True, on_delete=models.CASCADE, related_name="dataset")
    # `figures.json`; the datasheets by language; [{"name", "sha256", "byte_count"}] of every file as it lies there now.
    figures = models.JSONField(default=dict)
    sheets = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    # How many clips were gone from it when that was read.
    gone_count = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(null=True)
    # Null: nobody but curators knows of it.
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"dataset {self.release_id}"


class ReleaseDownload(models.Model):
    """That a person accepted the terms of a release, and what they took; from where they came is not ours to know."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="downloads")
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="downloads")
    # The digest of the terms as they stood: others ask again.
    terms_sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField(auto_now_add=True)
    # Names of the files, in the order in which they were first fetched.
    files = models.JSONField(default=list)
    fetched_at = models.DateTimeField(null=True)
    # In which language to write to them, and how many clips were gone already: of these they need not be told.
    locale = models.CharField(max_length=10, default="en")
    gone_count = models.PositiveIntegerField(default=0)
    wants_mail = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "release", "terms_sha256"], name="terms_accepted_once")
        ]

    def __str__(self) -> str:
        return f"download {self.pk}"


class ReleaseNews(Leased):
    """That a person is told, at most once a day, that clips left a release of which they have files."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+")
    on_date = models.DateField()
    # How many were gone in all by then, and how many the person had been told of, or found gone, before.
    gone_count = models.PositiveIntegerField()
    known_count = models.PositiveIntegerField(default=0)
    # Null: not told, and where nothing is owed either, no longer wanted.
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "release", "on_date"], name="told_once_a_day_per_release")
        ]

    def __str__(self) -> str:
        return f"news of {self.release_id} for {self.person_id}"
