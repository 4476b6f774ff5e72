"""Who the champion is, how it changes, and what names it in storage."""

import json
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from openempathic import audit, storage
from openempathic.registry.fetching import NotFetchable, Unsound, fetch, sha256_of
from openempathic.registry.models import NO_RUN, Checkpoint

__all__ = [
    "ALIAS", "PREVIOUS_ALIAS", "PUBLISHED", "SERVING", "NotChanged", "NotCrownable", "NotFetchable", "Unsound",
    "accept", "alias", "champion", "crown", "enter", "facts", "fetch", "follow", "plant", "point_alias", "previous",
    "refuse", "retract", "rollback", "seed_head", "sha256_of", "sound", "suggester",
]  # fmt: skip

log = logging.getLogger(__name__)

ALIAS, PREVIOUS_ALIAS = "aliases/champion.json", "aliases/previous.json"
REASON_LETTERS_MAX = 400
# What a checkpoint has been, if it was ever published and may still be asked for.
SERVING = (Checkpoint.Status.CHAMPION, Checkpoint.Status.PREVIOUS)
PUBLISHED = (*SERVING, Checkpoint.Status.RETRACTED)


class NotCrownable(Exception):
    """The checkpoint may not be champion: it was retracted, or came with the software and was never published."""


class NotChanged(Exception):
    """The champion could not be changed so; the message is for the person who asked."""


def champion() -> Checkpoint | None:
    """The best of what this site published; None until the first is published."""
    return Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).first()


def suggester() -> Checkpoint | None:
    """The checkpoint that makes suggestions now: the champion, and until there is one the seed head.

    Where no worker can use the champion, the one before goes on. None where the site has switched the seed head off,
    and until the first sweep has found it.
    """
    holder = champion()
    if holder and holder.refused_reason:
        holder = previous()
    return holder or (seed_head() if settings.SEED_HEAD else None)


def seed_head() -> Checkpoint | None:
    """The row of the seed head that was planted last."""
    return Checkpoint.objects.filter(status=Checkpoint.Status.SEED).order_by("-published_at", "-pk").first()


def plant(digest: str, *, files: dict[str, str], evaluation: dict[str, Any], sure_from: float, by: object) -> None:
    """Let the seed head of this digest be the one that suggests; free where it is already."""
    current = seed_head()
    if current and current.digest == digest:
        return
    told = {"files": files, "evaluation": evaluation, "sure_from": sure_from, "preset": "seed", "run_id": NO_RUN}
    with transaction.atomic():
        planted, _is_new = Checkpoint.objects.get_or_create(
            digest=digest, defaults={**told, "status": Checkpoint.Status.SEED, "release_digest": ""}
        )
        # After the software was set back, an older one is the last again.
        Checkpoint.objects.filter(pk=planted.pk, status=Checkpoint.Status.SEED).update(published_at=Now())
        audit.record("checkpoint.planted", subject=planted, by=by, digest=digest)


def previous() -> Checkpoint | None:
    """The newest sound champion of before: a rollback comes back to it, and it suggests where the champion cannot."""
    before = sound().filter(status=Checkpoint.Status.PREVIOUS)
    return before.order_by(F("crowned_at").desc(nulls_last=True), "-pk").first()


def sound() -> QuerySet[Checkpoint]:
    """The checkpoints that may serve: published, not retracted, not delisted, and none that a worker had to refuse."""
    return Checkpoint.objects.filter(status__in=SERVING, delisted_at=None, refused_reason="")


def enter(drafted: Checkpoint) -> Checkpoint:
    """Keep the row of a new checkpoint under the next number; the same bytes from another run are the same checkpoint.

    In the caller's transaction. Raises NotCrownable for bytes that were published and retracted before.
    """
    alone()
    if known := Checkpoint.objects.filter(digest=drafted.digest).first():
        if known.status == Checkpoint.Status.RETRACTED:
            raise NotCrownable(f"these very bytes were published and retracted before, as {known.version}")
        return known
    drafted.number = 1 + (Checkpoint.objects.aggregate(last=Max("number"))["last"] or 0)
    drafted.save(force_insert=True)
    return drafted


def crown(checkpoint: Checkpoint, *, by: object) -> None:
    """Make the checkpoint champion and the champion previous; call it inside the publishing transaction.

    Raises NotCrownable for what was retracted or never published.
    """
    with transaction.atomic():
        alone()
        pass_crown(checkpoint)
        audit.record("checkpoint.champion", subject=checkpoint, by=by, digest=checkpoint.digest)


def pass_crown(checkpoint: Checkpoint) -> None:
    """The change of rows itself, in the caller's transaction."""
    status = Checkpoint.Status
    Checkpoint.objects.filter(status=status.CHAMPION).exclude(pk=checkpoint.pk).update(status=status.PREVIOUS)
    heir = Checkpoint.objects.filter(pk=checkpoint.pk).exclude(status__in=(status.RETRACTED, status.SEED))
    if heir.update(status=status.CHAMPION, crowned_at=Now()) != 1:
        raise NotCrownable(f"{checkpoint.version} was retracted, or was never published")
    checkpoint.status = status.CHAMPION


def alone() -> None:
    """Hold every checkpoint until the transaction ends: crowns, rollbacks and retractions happen one after another.

    A row that another transaction inserts meanwhile is not held: the constraint at_most_one_champion refuses it then.
    """
    list(Checkpoint.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def rollback(*, by: Any, reason: str, to: Checkpoint | None = None) -> Checkpoint:
    """Make the previous champion champion again, and this one previous; returns who serves now.

    Doing it twice comes back to where it was: what must never serve again is retracted. Raises NotChanged.
    """
    check_may_change(by, reason)
    with transaction.atomic():
        alone()
        before, heir = champion(), to or previous()
        if heir is None or heir == before or not sound().filter(pk=heir.pk).exists():
            raise NotChanged(_("There is no sound checkpoint to come back to."))
        pass_crown(heir)
        left = before.digest if before else ""
        audit.record("checkpoint.rolled_back", subject=heir, by=by, digest=heir.digest, left=left, reason=reason)
    follow()
    return heir


def retract(checkpoint: Checkpoint, *, by: Any, reason: str) -> Checkpoint | None:
    """Let the checkpoint never serve again; the champion's place is taken by the newest sound one before it.

    Returns the champion afterwards. Raises NotChanged where it is retracted already, or was never published.
    """
    check_may_change(by, reason)
    with transaction.atomic():
        alone()
        holder = champion()
        mine = Checkpoint.objects.filter(pk=checkpoint.pk, status__in=SERVING)
        if mine.update(status=Checkpoint.Status.RETRACTED, retracted_at=Now(), retracted_reason=reason) != 1:
            raise NotChanged(_("This checkpoint is retracted already, or was never published."))
        audit.record("checkpoint.retracted", subject=checkpoint, by=by, digest=checkpoint.digest, reason=reason)
        if holder == checkpoint and (heir := previous()):
            crown(heir, by=by)
    checkpoint.refresh_from_db()
    follow()
    return champion()


def check_may_change(by: Any, reason: str) -> None:
    """Only curators and whoever has the machine change the champion, and they say why."""
    if not isinstance(by, str) and not by.is_curator:
        raise NotChanged(_("Only a curator changes which checkpoint serves."))
    if not reason.strip():
        raise NotChanged(_("Please say why: everybody will read it."))
    if len(reason) > REASON_LETTERS_MAX:
        raise NotChanged(_("Please say it in fewer words."))


def refuse(checkpoint: Checkpoint, reason: str, *, by: str) -> None:
    """Note that a worker could not use the checkpoint, once: the one before serves until `accept`."""
    with transaction.atomic():
        news = Checkpoint.objects.filter(pk=checkpoint.pk, refused_reason="")
        if news.update(refused_reason=reason[:REASON_LETTERS_MAX], refused_at=Now()) == 1:
            audit.record("checkpoint.refused", subject=checkpoint, by=by, digest=checkpoint.digest, reason=reason[:200])
            log.error("Checkpoint %s is refused, and the one before goes on: %s", checkpoint.version, reason)


def accept(checkpoint: Checkpoint, *, by: str) -> None:
    """Note that what was refused is sound again."""
    with transaction.atomic():
        mended = Checkpoint.objects.filter(pk=checkpoint.pk).exclude(refused_reason="")
        if mended.update(refused_reason="", refused_at=None) == 1:
            audit.record("checkpoint.accepted", subject=checkpoint, by=by, digest=checkpoint.digest)
            log.info("Checkpoint %s is sound again.", checkpoint.version)


def follow() -> None:
    """Let storage name who serves; what it refuses now is made good by the next repair."""
    try:
        point_alias()
    except storage.StorageError as fault:
        log.error("The aliases do not name the champion yet: %s", fault)


def point_alias() -> None:
    """Let the aliases in storage name the champion and the one before; safe to repeat, the champion's last of all."""
    # Looped, since a slow writer may put an older champion's name over a newer one's.
    while due := [(key, said) for key, said in wanted().items() if alias(key) != said]:
        for key, said in due:
            if said is None:
                storage.erase(key)
            else:
                storage.put(key, json.dumps(said, sort_keys=True).encode())


def wanted() -> dict[str, dict[str, Any] | None]:
    """What each alias should say; None where it should not be there."""
    named = {PREVIOUS_ALIAS: previous(), ALIAS: champion()}
    return {key: facts(holder) if holder else None for key, holder in named.items()}


def alias(key: str = ALIAS) -> dict[str, Any] | None:
    """What the alias in storage says; None when it is not there or is no JSON."""
    try:
        return dict(json.loads(storage.read(key)))
    except (storage.NotStored, ValueError):
        return None


def facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Where a reader without the database finds the checkpoint, and what to check it against."""
    return {"digest": checkpoint.digest, "prefix": checkpoint.prefix, "files": checkpoint.files}
