"""Who helps to judge, and in which languages; a curator may change that at any time."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from openempathic import audit
from openempathic.accounts import languages
from openempathic.accounts.models import Role, User


class NotChangeable(Exception):
    """The languages could not be changed."""


def moderators() -> "QuerySet[User]":
    """Those who judge clips and do not curate, by their address."""
    return User.objects.filter(role=Role.MODERATOR, is_active=True).order_by("email")


def judge_only(person: User, tags: Iterable[str], *, by: User) -> None:
    """From now on the moderator sees, hears and decides in these languages alone; in all where none is named."""
    if not by.is_curator or person.role != Role.MODERATOR:
        raise NotChangeable
    wanted = sorted(set(tags))
    with transaction.atomic():
        person.moderated_languages = wanted
        person.save(update_fields=["moderated_languages"])
        audit.record("moderator.languages", subject=person, by=by, languages=wanted)


def joined(person: User, tags: list[str]) -> list[str]:
    """What a person judges who takes another invitation: nobody loses a language by it, and none means all."""
    if not person.is_moderator:
        return tags
    return sorted({*person.moderated_languages, *tags}) if person.moderated_languages and tags else []


def described(tags: list[str]) -> str:
    """The languages in words; empty for all."""
    return ", ".join(languages.names(tags))
