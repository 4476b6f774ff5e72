"""Retention: the clock that a person's visits wind, and what happens once it has run out.

A voice whose person has not come for RETENTION_DAYS lapses: its consents and its clips are withdrawn by "retention",
and purged the way of every withdrawal. Who has an account is warned by mail first, and nothing of theirs lapses within
WARNED_AHEAD of that mail, however late it was sent. A guest left no address and cannot be warned: the retention page
and the page of the code say so. Licensed corpora have no person to wait for and never lapse. Accounts stay.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from contributions.consenting import consent
from contributions.models import Clip, ConsentEvent, Contributor, CurrentConsent
from openempathic import audit
from openempathic.accounts.models import Invitation

log = logging.getLogger(__name__)

AGENT = "retention"
# The clock counts years: an hour more or less is worth no write, so a busy day costs one.
TOUCHED_EVERY = timedelta(days=1)
WARNED_AHEAD = timedelta(days=30)
# A guest who neither answered nor gave anything: somebody looked, and went.
ABANDONED_AFTER = timedelta(days=1)
AT_ONCE = 100


def touch(contributor: Contributor, *, now: datetime) -> None:
    """Wind the clock, for every voice of the same person, and forget a warning; writes at most once a day."""
    is_fresh = contributor.last_interaction_at > now - TOUCHED_EVERY and contributor.retention_warned_at is None
    if is_fresh or contributor.licence_id is not None:
        return
    stale = Q(last_interaction_at__lte=now - TOUCHED_EVERY) | Q(retention_warned_at__isnull=False)
    # Compare-and-set: of two pages opened at once one writes, and an older moment never replaces a newer one.
    mine = voices_of_same_person(contributor).filter(stale, last_interaction_at__lte=now)
    mine.update(last_interaction_at=now, retention_warned_at=None)
    contributor.last_interaction_at, contributor.retention_warned_at = now, None


def voices_of_same_person(contributor: Contributor) -> QuerySet[Contributor]:
    """The voice itself and, where an account owns it, all that the account owns."""
    owner = contributor.user_id or contributor.claimed_by_id
    if owner is None:
        return Contributor.objects.filter(pk=contributor.pk)
    return Contributor.objects.filter(Q(user=owner) | Q(claimed_by=owner))


def signed_in(sender: Any, user: Any, **_also: Any) -> None:
    """A sign-in is a visit, as the warning promises; Django calls this."""
    if voice := Contributor.objects.filter(Q(user=user) | Q(claimed_by=user)).first():
        touch(voice, now=timezone.now())


def lapses_at(contributor: Contributor) -> datetime:
    """When the voice lapses unless its person comes; for an account never sooner than the warning allows."""
    runs_out = contributor.last_interaction_at + timedelta(days=settings.RETENTION_DAYS)
    if contributor.retention_warned_at is None:
        return runs_out
    return max(runs_out, contributor.retention_warned_at + WARNED_AHEAD)


def keep_the_promise(*, now: datetime) -> None:
    """Everything that is due by now; mail last, since a mail server that hangs must hold up nothing else."""
    lapse_due(now)
    forget_abandoned(now)
    forget_expired(now)
    forget_mail(now)
    warn_due(now)


def kept() -> QuerySet[Contributor]:
    """Voices of people that still have something to lapse: a consent that stands, or a clip that lives."""
    consents = CurrentConsent.objects.filter(contributor=OuterRef("pk"), is_given=True)
    clips = Clip.objects.live().filter(contributor=OuterRef("pk"))
    return Contributor.objects.filter(Exists(consents) | Exists(clips), licence__isnull=True)


def warn_due(now: datetime, *, at_most: int = AT_ONCE) -> int:
    """Mail everybody with an account whose clock runs out soon; returns how many were told.

    One mail an account, whichever of its voices is due. Drawn by chance, so that addresses to which nothing can be
    sent hold up nobody; a mail that was not sent is tried again, and until it is sent nothing lapses.
    """
    since = now + WARNED_AHEAD - timedelta(days=settings.RETENTION_DAYS)
    due = kept().filter(has_account(), last_interaction_at__lte=since, retention_warned_at__isnull=True)
    people = {voice.actor: voice for voice in due.select_related("user", "claimed_by").order_by("?")[:at_most]}
    return sum(warned(voice, now=now) for voice in people.values())


def has_account() -> Q:
    """Whose voice can be warned."""
    return Q(user__isnull=False) | Q(claimed_by__isnull=False)


def warned(voice: Contributor, *, now: datetime) -> bool:
    """Mail the voice's person, then note when they were warned; a mail too many is better than one too few."""
    try:
        warning(voice, now=now).send()
    except Exception as failure:
        # Whatever ails the mail, nothing lapses unwarned. The address stays out of the log.
        log.warning("Nobody could be warned about %s: %s", voice, type(failure).__name__)
        return False
    with transaction.atomic():
        # Whoever came meanwhile wound the clock, and is warned of nothing.
        still = voices_of_same_person(voice).filter(last_interaction_at__lte=voice.last_interaction_at)
        still.filter(retention_warned_at__isnull=True).update(retention_warned_at=now)
        audit.record("retention.warned", subject=voice, by=AGENT)
    return True


def warning(voice: Contributor, *, now: datetime) -> EmailMessage:
    """The service mail, in the language in which the person last answered."""
    ends = max(now + WARNED_AHEAD, voice.last_interaction_at + timedelta(days=settings.RETENTION_DAYS))
    with translation.override(locale_of(voice)):
        return EmailMessage(
            subject=_("Open Empathic: may we keep your voice?"),
            body=_(
                "You have not visited Open Empathic for a long time, and we keep no voice for ever.\n\n"
                "On %(date)s we will withdraw what you allowed and erase your clips, unless you sign in before:\n"
                "%(page)s\n\n"
                "If you want that, you need do nothing. Your account stays. How long we keep what is told here:\n"
                "%(policy)s\n"
            )
            % {
                "date": formats.date_format(ends, "DATE_FORMAT"),
                "page": settings.SITE_URL + reverse("my-clips"),
                "policy": settings.SITE_URL + reverse("retention"),
            },
            to=[voice.actor.email],
        )


def locale_of(voice: Contributor) -> str:
    """The language in which the person last answered, where the site is written in it."""
    last = voice.consent_events.order_by("-position").first()
    known = dict(settings.LANGUAGES)
    return last.locale if last and last.locale in known else settings.LANGUAGE_CODE


def lapse_due(now: datetime, *, at_most: int = AT_ONCE) -> int:
    """Withdraw what belongs to voices whose clock has run out; returns how many lapsed."""
    return sum(each(run_out(now).order_by("last_interaction_at")[:at_most], lambda voice: lapsed(voice, now=now)))


def run_out(now: datetime) -> QuerySet[Contributor]:
    """Voices that must lapse: long not visited, and, where there is an account, long enough warned."""
    told = Q(retention_warned_at__lte=now - WARNED_AHEAD)
    since = now - timedelta(days=settings.RETENTION_DAYS)
    return kept().filter(~has_account() | told, last_interaction_at__lte=since)


def lapsed(voice: Contributor, *, now: datetime) -> bool:
    """Let one voice lapse, all of it or nothing; False where its person came in the last moment."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=voice.pk)
        # Asked again with the row held: a visit now waits for us, and one before us is seen.
        if not run_out(now).filter(pk=locked.pk).exists():
            return False
        events = consent.lapse(locked, by=AGENT, locale=locale_of(locked))
        audit.record("contributor.lapsed", subject=locked, by=AGENT, purposes=len(events))
    log.info("%s has lapsed.", voice)
    return True


def forget_abandoned(now: datetime, *, at_most: int = AT_ONCE) -> int:
    """Remove guests who never answered and never gave anything; returns how many."""
    return sum(each(abandoned(now)[:at_most], lambda guest: forgotten(guest, now=now)))


def abandoned(now: datetime) -> QuerySet[Contributor]:
    """Guests of yesterday or before with neither events nor clips, claimed by nobody."""
    since = now - ABANDONED_AFTER
    said = ConsentEvent.objects.filter(contributor=OuterRef("pk"))
    gave = Clip.objects.filter(contributor=OuterRef("pk"))
    guests = Contributor.objects.filter(guest_serial__isnull=False, claimed_by__isnull=True)
    return guests.filter(~Exists(said), ~Exists(gave), created_at__lte=since, last_interaction_at__lte=since)


def forgotten(guest: Contributor, *, now: datetime) -> bool:
    """Remove one guest, unless they have just answered."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=guest.pk)
        if not abandoned(now).filter(pk=locked.pk).exists():
            return False
        audit.record("contributor.abandoned", subject=locked, by=AGENT)
        locked.delete()
    return True


def each(voices: Iterable[Contributor], act: Callable[[Contributor], bool]) -> Iterable[bool]:
    """Whether the act came about, for each voice; one at which it fails keeps nobody else waiting."""
    for voice in list(voices):
        try:
            yield act(voice)
        except Exception:
            log.exception("Retention failed at %s and will try again.", voice)
            yield False


def forget_expired(now: datetime) -> dict[str, Any]:
    """Remove sessions that have ended, and invitations that ran out unused, with the addresses in them."""
    sessions, _by_model = Session.objects.filter(expire_date__lt=now).delete()
    unused = Invitation.objects.filter(accepted_at__isnull=True, expires_at__lt=now)
    invitations, _by_model = unused.delete()
    return {"sessions": sessions, "invitations": invitations}


def forget_mail(now: datetime) -> int:
    """Remove mail that was written to files because no server is set: it holds addresses; returns how many."""
    folder, since = Path(settings.EMAIL_FOLDER), (now - timedelta(days=settings.LOG_DAYS)).timestamp()
    old = [path for path in folder.glob("*.log") if path.stat().st_mtime < since] if folder.exists() else []
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
