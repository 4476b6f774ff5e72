"""What a clip's sound is known again by; erased with the clip."""

from django.db import models

from contributions.models.clip import Clip


class Fingerprint(models.Model):
    """One clip's: the digest of its samples, and the signs that `audio.fingerprint` compares. Lower is kept earlier."""

    clip = models.OneToOneField(Clip, on_delete=models.CASCADE, related_name="fingerprint")
    # Fingerprints of two versions say nothing of each other.
    version = models.CharField(max_length=10)
    pcm_sha256 = models.CharField(max_length=64)
    signs = models.BinaryField()
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["pcm_sha256"])]

    def __str__(self) -> str:
        return f"fingerprint of {self.clip_id}"


class FingerprintKey(models.Model):
    """One number that the fingerprint is found by, about ten a second of sound."""

    # The pair is the row, and its index is the one that is searched: nothing is kept of it twice.
    pk = models.CompositePrimaryKey("key", "fingerprint_id")
    key = models.BigIntegerField()
    fingerprint = models.ForeignKey(Fingerprint, on_delete=models.CASCADE, related_name="keys")

    def __str__(self) -> str:
        return f"a key of {self.fingerprint_id}"
