"""What is taken back and is no single clip: a purpose, a corpus's licence, an account, a guest's code."""

from django.db import models

from openempathic.leases import Leased


class TakingBack(Leased):
    """One word that was taken back, owed to the ledger and, where releases may hold its clips, to these.

    The contributor's clips leave every release of the purpose; a licence's clips leave every release.
    """

    # Where the ledger keeps it, and what it says there: ids only.
    key = models.CharField(max_length=160, unique=True)
    entry = models.JSONField()
    contributor = models.ForeignKey(
        "contributions.Contributor", null=True, on_delete=models.PROTECT, related_name="takings_back"
    )
    purpose = models.CharField(max_length=20, blank=True)
    licence = models.ForeignKey(
        "contributions.LicenceGrant", null=True, on_delete=models.PROTECT, related_name="takings_back"
    )
    taken_back_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"taking back {self.key}"
