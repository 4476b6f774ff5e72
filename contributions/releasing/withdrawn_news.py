"""Mail to whoever took files of a release: clips have left it, delete them from your copy too.

The beat's task owes a row for each person, release and day, with how many clips have gone in all; at most one a day. A
worker asks again whether the mail is wanted, sends it, and only then closes the row: who is killed before that leaves
it owed. Killed between the server's answer and our commit it is sent again, under the same Message-ID, so that mail
programs show it once. No clip is named in it: ids are in the signed feed of tombstones.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Max, Min
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contributions import unsubscribing
from contributions.models import ReleaseDownload, ReleaseNews
from contributions.releasing import datasets
from openempathic import audit, leases
from openempathic.accounts.models import User

log = logging.getLogger(__name__)

AGENT = "withdrawn-news"
SALT = "withdrawn-news:unsubscribe"
RETRY_SECONDS = 3600
ATTEMPTS_MAX = 8


def owe(*, now: datetime) -> int:
    """Owe today's mail to each person whose copy holds clips that have left since they last heard; returns how many."""
    today = timezone.localdate(now)
    rows = [
        ReleaseNews(
            person_id=person,
            release_id=release,
            on_date=today,
            gone_count=gone,
            known_count=known,
            next_attempt_at=Now(),
        )
        for person, release, gone, known in concerned()
    ]
    before = ReleaseNews.objects.count()
    ReleaseNews.objects.bulk_create(rows, ignore_conflicts=True)
    return ReleaseNews.objects.count() - before


def concerned() -> Iterator[tuple[int, Any, int, int]]:
    """Person, release, how many clips are gone from it and how many of these they know of, where that is fewer."""
    gone = datasets.gone_counts()
    told = ReleaseNews.objects.values("person", "release").annotate(known=Max("gone_count"))
    known = {(row["person"], row["release"]): row["known"] for row in told.order_by()}
    copies = ReleaseDownload.objects.filter(release__in=list(gone), fetched_at__isnull=False, wants_mail=True)
    for row in copies.order_by().values("person", "release").annotate(first=Min("gone_count")):
        person, release = row["person"], row["release"]
        heard = max(row["first"], known.get((person, release), 0))
        if gone[release] > heard:
            yield person, release, gone[release], heard


def tell_due(row_id: int) -> bool:
    """Tell one person of one release, if it is still owed and still wanted; whether a mail was sent."""
    claim = leases.claim_owed(ReleaseNews.objects.filter(told_at=None), row_id, by=AGENT)
    if claim is None:
        return False
    row = ReleaseNews.objects.select_related("person", "release").get(pk=row_id)
    mail = mail_of(row)
    if mail is None or row.attempts > ATTEMPTS_MAX:
        leases.give_back(claim)
        return False
    try:
        mail.send()
    except Exception as failure:
        # The address stays out of the log.
        log.warning("%s could not be mailed: %s", row, type(failure).__name__)
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        return False
    with transaction.atomic():
        leases.fenced(claim).update(told_at=Now())
        leases.give_back(claim)
        audit.record("release.told-of-withdrawals", subject=row, by=AGENT, gone=row.gone_count)
    return True


def mail_of(row: ReleaseNews) -> EmailMessage | None:
    """The mail in the language in which the person accepted the terms; None where it is not wanted any more."""
    copies = ReleaseDownload.objects.filter(person=row.person, release=row.release, fetched_at__isnull=False)
    copy = copies.filter(wants_mail=True).order_by("-accepted_at").first()
    if copy is None or not row.person.email or not row.person.is_active:
        return None
    with translation.override(copy.locale):
        return written(row)


def written(row: ReleaseNews) -> EmailMessage:
    """The words, in the language that is active, with a link that ends all such mail at one click."""
    ending = settings.SITE_URL + reverse("dataset-mail", args=[word_of(row.person)])
    name = row.release.digest[:12]
    many = row.gone_count - row.known_count
    gone = ngettext(
        "%(count)s recording was taken back since we last told you.",
        "%(count)s recordings were taken back since we last told you.",
        many,
    ) % {"count": formats.number_format(many)}
    return EmailMessage(
        subject=_("Open Empathic: recordings were taken back from release %(name)s") % {"name": name},
        body=_(
            "You downloaded release %(name)s. %(gone)s\n\n"
            "Please delete them from your copy; this does it, again and again without harm:\n\n"
            "    manage.py apply_tombstones --feed %(feed)s --release path/to/your/copy\n\n"
            "Or fetch the release anew, where it is published still: its files are without them.\n\n"
            "To end such mail with one click:\n%(ending)s\n"
        )
        % {"name": name, "gone": gone, "feed": settings.SITE_URL + reverse("tombstones"), "ending": ending},
        to=[row.person.email],
        headers={
            "Message-ID": f"<release-news-{row.pk}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>",
            **unsubscribing.headers(ending),
        },
    )


def word_of(person: User) -> str:
    """What the link that ends such mail carries."""
    return unsubscribing.word_of(person, salt=SALT)


def person_of(word: str) -> User:
    """The account that the link was made for; raises unsubscribing.NotOurs."""
    return unsubscribing.reader_of(word, among=User.objects.all(), salt=SALT)


def unsubscribe(person: User) -> bool:
    """Write to them of no download any more; whether that changed anything."""
    with transaction.atomic():
        changed = ReleaseDownload.objects.filter(person=person, wants_mail=True).update(wants_mail=False)
        if changed:
            audit.record("release.mail-ended", subject=person, by=person)
    return bool(changed)
