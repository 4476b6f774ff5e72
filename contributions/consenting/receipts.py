"""The contributor's own proof of what they allow: signed, readable by a person and by a program.

After ISO/IEC TS 27560 (header, processing, parties, event). It proves what this site recorded; the words themselves
are in it, so that their digest can be checked without us.
"""

import json
import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from contributions.models import ConsentEvent, Contributor
from openempathic import signatures
from openempathic.version import app_version

FORMAT = "openempathic-receipt/1"
SCHEMA = "ISO/IEC TS 27560:2023"
FILE_NAME = "open-empathic-receipt.json"

log = logging.getLogger(__name__)


class NoConsentYet(Exception):
    """There is nothing to give a receipt for: the person has not answered."""


class NotAReceipt(Exception):
    """The file is not a receipt that this site gave, as this site gave it."""


def receipt(contributor: Contributor, *, at: datetime) -> dict[str, Any]:
    """The signed receipt of every answer that stands now; raises NoConsentYet before the first."""
    events = standing(contributor)
    if not events:
        raise NoConsentYet(_("You have not answered yet, so there is nothing to confirm."))
    return signatures.sign(
        {
            "header": header(contributor, last=max(events, key=lambda event: event.position), at=at),
            "processing": [processing(event) for event in events],
            "parties": [controller()],
            "events": [told(event) for event in events],
        }
    )


def standing(contributor: Contributor) -> list[ConsentEvent]:
    """The event behind each answer that stands now, in the order in which the purposes were first asked."""
    current = contributor.current_consents.select_related("event__text").order_by("pk")
    return [each.event for each in current]


def header(contributor: Contributor, *, last: ConsentEvent, at: datetime) -> dict[str, Any]:
    """What the record is, of whom, and as of which event."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "record_id": str(last.pk),
        "record_sha256": last.sha256,
        "pii_principal_id": str(contributor.pk),
        "issued_at": at.isoformat(),
        "app_version": app_version(),
        "key": settings.SITE_URL + reverse("public-key"),
    }


def processing(event: ConsentEvent) -> dict[str, Any]:
    """One purpose, what was answered, the words that were shown, and how to take it back."""
    return {
        "purpose": event.purpose,
        "is_given": event.kind == ConsentEvent.Kind.GIVEN,
        "lawful_basis": "consent",
        "text": {
            "id": event.text_id,
            "version": event.text.version if event.text else None,
            "language": event.text.language if event.text else None,
            "sha256": event.text_sha256,
            "words": event.text.body if event.text else None,
        },
        "withdrawal_method": {"kind": "web page", "url": settings.SITE_URL + reverse("consent")},
    }


def controller() -> dict[str, Any]:
    """Who answers for the processing; null where the operator has not said."""
    return {
        "role": "controller",
        "name_and_address": settings.OPERATOR or None,
        "site": settings.SITE_URL,
        "privacy_notice": settings.SITE_URL + reverse("privacy"),
    }


def told(event: ConsentEvent) -> dict[str, Any]:
    """The event itself, as the chain keeps it."""
    return {
        "id": str(event.pk),
        "position": event.position,
        "kind": event.kind,
        "purpose": event.purpose,
        "at": event.at.isoformat(),
        "locale": event.locale,
        "app_version": event.app_version,
        "age_band_attested": event.age_band_attested,
        "sha256": event.sha256,
    }


def as_json(document: dict[str, Any]) -> str:
    """The document for reading; its signature is over the canonical spelling, so spaces do not matter."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def verify(words: str) -> dict[str, Any]:
    """The content of a receipt that this site gave; raises NotAReceipt, which says why, for anything else."""
    try:
        content = signatures.verify(json.loads(words))
    except json.JSONDecodeError:
        raise NotAReceipt(_("This file is not JSON, so it is no receipt.")) from None
    except signatures.NotGenuine as refusal:
        raise NotAReceipt(str(refusal)) from None
    said = content.get("header")
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise NotAReceipt(_("This site signed it, but it is no receipt."))
    return content


def send(contributor: Contributor, *, at: datetime) -> bool:
    """Mail the receipt, after the consent is committed; False where the mail server refused, which undoes nothing."""
    person = contributor.user
    if person is None or not person.email:
        return False
    page = settings.SITE_URL + reverse("receipt")
    mail = EmailMessage(
        subject=_("Your receipt from Open Empathic"),
        body=_(
            "Attached is your receipt: what you allow, and the words you were shown.\n\n"
            "You can read and print it here: %(page)s\n"
            "You can change your answer at any time: %(consent)s\n"
        )
        % {"page": page, "consent": settings.SITE_URL + reverse("consent")},
        to=[person.email],
    )
    mail.attach(FILE_NAME, as_json(receipt(contributor, at=at)), "application/json")
    try:
        mail.send()
    except Exception as failure:
        # Whatever ails the mail, the consent stands and the page gives the receipt. The address stays out of the log.
        log.warning("A receipt could not be mailed: %s", type(failure).__name__)
        return False
    return True
