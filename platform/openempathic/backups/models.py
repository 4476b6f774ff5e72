"""What the site remembers of the backups that were made of it."""

from django.db import models


class Backup(models.Model):
    """One backup that was finished; what it holds is told by the manifest at its place."""

    name = models.CharField(max_length=40, unique=True)
    # Without its passwords and options: an address that may be read out.
    place = models.CharField(max_length=300)
    # The moment that a restore leads back to.
    begun_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField()
    object_count = models.PositiveBigIntegerField()
    byte_count = models.PositiveBigIntegerField()
    copied_bytes = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["begun_at"]

    def __str__(self) -> str:
        return self.name
