"""News by mail: a checkpoint was published that a person's clips helped, told once, to those who asked for mail.

The beat's task owes a row for each person and checkpoint; a worker that finds it due asks again whether the person
still wants mail, notes that they are told, and only then sends. So a worker that dies in between tells nobody twice.
The address is in the mail and nowhere else. What a mail server accepts and loses, we do not know.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contributions import progress, unsubscribing
from contributions.consenting import consent, retention
from contributions.models import CheckpointNews, Clip, Contributor, CurrentConsent, Purpose
from openempathic import audit, leases
from openempathic.accounts.models import User
from openempathic.registry.models import Checkpoint

log = logging.getLogger(__name__)

AGENT = "news"
SALT = "news:unsubscribe"
# Whoever allows mail later is not told of what was published long before.
FRESH = timedelta(days=7)
RETRY_SECONDS = 3600
ATTEMPTS_MAX = 8


def owe(*, now: datetime) -> int:
    """Owe the news of every checkpoint published lately to each person whose clips it heard; returns how many."""
    fresh = Checkpoint.objects.filter(status__in=progress.PUBLISHED, published_at__gt=now - FRESH)
    return sum(owe_of(checkpoint) for checkpoint in fresh)


def owe_of(checkpoint: Checkpoint) -> int:
    """Owe the news of one checkpoint; whoever is owed it, or was told, already is not again."""
    held = Clip.objects.live().filter(
        memberships__release__digest=checkpoint.release_digest, memberships__taken_out_at=None
    )
    owners = held.values_list("contributor__user", "contributor__claimed_by").distinct()
    people = {person for pair in owners for person in pair if person} & subscribers()
    known = set(CheckpointNews.objects.filter(checkpoint=checkpoint).values_list("person", flat=True))
    rows = [CheckpointNews(person_id=pk, checkpoint=checkpoint, next_attempt_at=Now()) for pk in sorted(people - known)]
    CheckpointNews.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def subscribers() -> set[int]:
    """The accounts that allow us to write to them."""
    given = CurrentConsent.objects.filter(purpose=Purpose.CONTACT, is_given=True, contributor__user__isnull=False)
    return set(given.values_list("contributor__user", flat=True))


def tell_due(row_id: int) -> bool:
    """Tell one person of one checkpoint, if it is still owed and still wanted; whether a mail was sent."""
    claim = leases.claim_owed(CheckpointNews.objects.filter(told_at=None), row_id, by=AGENT)
    if claim is None:
        return False
    row = CheckpointNews.objects.select_related("person", "checkpoint").get(pk=row_id)
    mail = mail_of(row)
    if mail is None or row.attempts > ATTEMPTS_MAX:
        leases.give_back(claim)
        return False
    if leases.fenced(claim).update(told_at=Now(), next_attempt_at=None) != 1:
        return False
    return is_sent(row, mail, claim)


def is_sent(row: CheckpointNews, mail: EmailMessage, claim: leases.Claim) -> bool:
    """Send the mail; where the server refuses it, it is owed again."""
    try:
        mail.send()
    except Exception as failure:
        # The address stays out of the log.
        log.warning("%s could not be mailed: %s", row, type(failure).__name__)
        leases.fenced(claim).update(told_at=None)
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        return False
    with transaction.atomic():
        leases.give_back(claim)
        audit.record("contributor.told_of_checkpoint", subject=row, by=AGENT, checkpoint=row.checkpoint.version)
    return True


def mail_of(row: CheckpointNews) -> EmailMessage | None:
    """The mail in the language in which the person last answered; None where it is not wanted, or no longer true."""
    voice = Contributor.objects.filter(user=row.person).first()
    if voice is None or not row.person.email or not consent.covers(voice, Purpose.CONTACT):
        return None
    helped = {each.checkpoint.pk: each for each in progress.helped(voices_of(row.person))}
    if row.checkpoint_id not in helped:
        return None
    with translation.override(retention.locale_of(voice)):
        return written(helped[row.checkpoint_id], voice, row.person)


def written(helped: progress.Helped, voice: Contributor, person: User) -> EmailMessage:
    """The words, in the language that is active, with a link that ends all such mail at one click."""
    ending = settings.SITE_URL + reverse("unsubscribe", args=[word_of(voice)])
    thanks = ngettext(
        "%(count)s clip of yours helped to teach it or to measure it. Thank you!",
        "%(count)s clips of yours helped to teach it or to measure it. Thank you!",
        helped.clips,
    ) % {"count": formats.number_format(helped.clips)}
    return EmailMessage(
        subject=_("Open Empathic: your clips helped checkpoint %(number)s") % {"number": helped.number},
        body=_(
            "A new checkpoint of our model was published: number %(number)s (%(version)s).\n%(thanks)s\n\n"
            "How your clips fare:\n%(page)s\n\n"
            "You allowed us to write to you. To end that with one click:\n%(ending)s\n"
        )
        % {
            "number": helped.number,
            "version": helped.checkpoint.version,
            "thanks": thanks,
            "page": settings.SITE_URL + reverse("my-clips"),
            "ending": ending,
        },
        to=[person.email],
        headers=unsubscribing.headers(ending),
    )


def voices_of(person: User) -> list[Contributor]:
    """The account's own voice and those it claimed."""
    return [*Contributor.objects.filter(user=person), *Contributor.objects.filter(claimed_by=person)]


def word_of(voice: Contributor) -> str:
    """What the link that ends such mail carries."""
    return unsubscribing.word_of(voice, salt=SALT)


def subscriber_of(word: str) -> Contributor:
    """The voice that the link was made for; raises unsubscribing.NotOurs."""
    return unsubscribing.reader_of(word, among=Contributor.objects.all(), salt=SALT)


def unsubscribe(voice: Contributor, *, locale: str) -> bool:
    """Withdraw CONTACT for every voice of the person; whether that changed anything."""
    person = voice.user
    voices = voices_of(person) if person else [voice]
    with transaction.atomic():
        return any([consent.withdraw(each, Purpose.CONTACT, by=each.actor, locale=locale) for each in voices])
