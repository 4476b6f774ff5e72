"""The link in a mail that ends such mail at one click (RFC 8058).

It carries the number of whoever gets the mail under the site's key, which outlives restarts and restores, and never
ends: a link must work for years. Which mail it ends, its salt says.
"""

from typing import TypeVar

from django.conf import settings
from django.core import signing
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model, QuerySet

Reader = TypeVar("Reader", bound=Model)


class NotOurs(Exception):
    """The link was not made by this site, is damaged, or its reader is gone."""


def word_of(reader: Model, *, salt: str) -> str:
    """What the link carries."""
    return signer(salt).sign(str(reader.pk))


def reader_of(word: str, *, among: QuerySet[Reader], salt: str) -> Reader:
    """Whom the link was made for; raises NotOurs."""
    try:
        return among.get(pk=signer(salt).unsign(word))
    except (signing.BadSignature, ValueError, ValidationError, ObjectDoesNotExist) as fault:
        raise NotOurs from fault


def signer(salt: str) -> signing.Signer:
    """Signs the links of one kind of mail."""
    return signing.Signer(key=settings.SIGNING_KEY, salt=salt, sep=".")


def headers(address: str) -> dict[str, str]:
    """What lets a mail program's own button end the mail."""
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
