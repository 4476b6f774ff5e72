"""Orders: a curator asks for a DATASET release, a worker freezes it; only curators see it before it is published.

The row is the obligation: a worker that is killed leaves it due, and the next one begins again and comes to the same
digest. One order is open at a time, by constraint.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions.models import Release, ReleaseOrder
from contributions.releasing import datasets, releases
from openempathic import audit, leases
from openempathic.holding import Holding

log = logging.getLogger(__name__)

AGENT = "releasing"
ATTEMPTS_MAX = 3
RETRY_SECONDS = 60
FAILURE_LETTERS_MAX = 400


class NotOrderable(Exception):
    """There can be no order now; the message says why."""


def order(*, by: Any) -> ReleaseOrder:
    """Ask for a DATASET release of what is accepted and covered; a worker makes it. Raises NotOrderable."""
    try:
        with transaction.atomic():
            made = ReleaseOrder.objects.create(ordered_by=by, next_attempt_at=Now())
            audit.record("release.ordered", subject=made, by=by)
    except IntegrityError as taken:
        raise NotOrderable(_("A release is being made already. Wait until it is there.")) from taken
    return made


def open_order() -> ReleaseOrder | None:
    """The order that a worker has still to carry out."""
    return ReleaseOrder.objects.filter(finished_at=None).select_related("ordered_by").first()


def freeze_due(order_id: Any) -> Release | None:
    """Claim an order and carry it out; None where it is not due, or came to nothing."""
    claim = leases.claim_owed(ReleaseOrder.objects.filter(finished_at=None), order_id, by=AGENT)
    if claim is None:
        return None
    row = ReleaseOrder.objects.select_related("ordered_by").get(pk=order_id)
    folder = Path(settings.RUNS_FOLDER) / f"order-{row.pk}"
    try:
        with Holding(claim, also=lambda: tell_progress(claim, folder)) as holding:
            release = frozen(row, folder, holding)
    except leases.LeaseLost:
        return None
    except releases.NotFreezable as refusal:
        end(claim, folder, failure=str(refusal))
    except Exception as fault:
        log.exception("A release could not be frozen")
        begin_again(row, claim, folder, fault)
    else:
        return end(claim, folder, release=release)
    return None


def frozen(row: ReleaseOrder, folder: Path, holding: Holding) -> Release:
    """The release, with what its page will tell."""
    release = releases.freeze(Release.Kind.DATASET, at=timezone.now(), by=row.ordered_by or AGENT, folder=folder)
    holding.check()
    datasets.read(release)
    return release


def tell_progress(claim: leases.Claim, folder: Path) -> None:
    """Keep how much lies on this worker's disk, for the page that waits."""
    byte_count = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    leases.fenced(claim).update(progress={"byte_count": byte_count})


def end(claim: leases.Claim, folder: Path, *, release: Release | None = None, failure: str = "") -> Release | None:
    """Nothing is owed any more: there is a release, or a reason why there is none."""
    shutil.rmtree(folder, ignore_errors=True)
    told = {"release": release, "failure": failure[:FAILURE_LETTERS_MAX], "finished_at": Now()}
    with transaction.atomic():
        if leases.fenced(claim).update(**told, next_attempt_at=None, lease_owner="", lease_expires_at=None) != 1:
            return None
        row = ReleaseOrder.objects.get(pk=str(claim.pk))
        act = "release.order-filled" if release else "release.order-failed"
        audit.record(act, subject=row, by=f"worker:{AGENT}", **({} if release else {"failure": row.failure}))
    return release


def begin_again(row: ReleaseOrder, claim: leases.Claim, folder: Path, fault: Exception) -> None:
    """Owe it again after a pause, with what went wrong; after the last attempt no more."""
    # The kind of fault, and not its words: they may hold a path or an address.
    failure = type(fault).__name__
    if row.attempts >= ATTEMPTS_MAX:
        end(claim, folder, failure=failure)
        return
    leases.fenced(claim).update(failure=failure)
    leases.give_back(claim, retry_in_seconds=RETRY_SECONDS * row.attempts)
