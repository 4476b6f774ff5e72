"""Taking files of a published dataset: the terms first, accepted by a person and kept by their digest.

Accepted is what was shown: other terms, or another release, ask again. Of a download is kept who, which release, which
terms, when and which files; not from where. What somebody does with a copy, we do not know.
"""

import hashlib
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions.models import Dataset, Release, ReleaseDownload
from contributions.releasing import rewriting
from contributions.taxonomy import restrictions
from openempathic import audit

# What whoever downloads promises, beside the prohibited uses. Another word here asks everybody again.
PROMISES = (
    gettext_noop("I use it for none of the prohibited purposes, and pass these terms on with whatever I make of it."),
    gettext_noop("I do not try to find out who anybody in it is."),
    gettext_noop(
        "I delete what was taken back: I apply the site's list of tombstones to my copy within 30 days, and again "
        "for as long as I keep it."
    ),
    gettext_noop("I pass the recordings on to nobody who has not accepted these terms."),
    gettext_noop("The site may write to me when somebody has taken recordings of this release back."),
)


class TermsNotAccepted(Exception):
    """The terms were not accepted, or have changed since they were shown."""

    code = "terms_not_accepted"

    def __str__(self) -> str:
        return _("Please read and accept the terms of this release first, as they stand now.")


def terms_sha256() -> str:
    """The digest of the terms as they stand: the prohibited uses in every language, and what is promised."""
    return hashlib.sha256(b"\n".join([restrictions.as_terms(), *(each.encode() for each in PROMISES)])).hexdigest()


def promises() -> list[str]:
    """What is promised, in the reader's language."""
    return [_(each) for each in PROMISES]


def accept(dataset: Dataset, *, by: Any, terms: str, locale: str) -> ReleaseDownload:
    """Keep that the person accepts these terms; once more is no more. Raises TermsNotAccepted for any but today's."""
    if terms != terms_sha256():
        raise TermsNotAccepted
    release = dataset.release
    with transaction.atomic():
        accepted, is_new = ReleaseDownload.objects.get_or_create(
            person=by,
            release=release,
            terms_sha256=terms,
            defaults={"locale": locale, "gone_count": len(rewriting.gone_keys(release))},
        )
        if is_new:
            audit.record("release.terms-accepted", subject=release, by=by, terms=terms)
    return accepted


def accepted_by(person: Any, release: Release) -> ReleaseDownload | None:
    """The person's acceptance of today's terms; None where they have not accepted these."""
    if not person.is_authenticated:
        return None
    return ReleaseDownload.objects.filter(person=person, release=release, terms_sha256=terms_sha256()).first()


def note_fetched(accepted: ReleaseDownload, name: str) -> None:
    """Keep that the file was taken; a second time, or a further part of it, writes nothing."""
    if name in accepted.files:
        return
    with transaction.atomic():
        row = ReleaseDownload.objects.select_for_update().get(pk=accepted.pk)
        if name not in row.files:
            row.files, row.fetched_at = [*row.files, name], timezone.now()
            row.save(update_fields=["files", "fetched_at"])


def file_of(dataset: Dataset, name: str) -> dict[str, Any] | None:
    """What is known of one of its files; None where it has no such file, whatever else lies in storage."""
    return next((each for each in dataset.files if each["name"] == name), None)
