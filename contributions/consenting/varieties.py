"""Accent and variety in one's own words: asked once for each language, kept only while its person allows facts.

What is suggested to others is a short list that comes with us, and what several people wrote of their own accord: never
what only one or two did, and only of people of whom listeners accepted a clip in the language, so that nobody can put
words into others' mouths from empty accounts. It does not know which varieties there are, nor who speaks them well.
"""

from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef
from django.utils.translation import gettext as _

from contributions.consenting import consent
from contributions.consenting.facts import NotAllowed
from contributions.models import Clip, Contributor, Purpose, Variety
from contributions.taxonomy import tags
from contributions.taxonomy.varieties import seeds
from openempathic import audit

# Fewer people who say the same, and it could point at one of them.
VOICES_TO_HIDE_AMONG = 3
SUGGESTED_MAX = 12
WORDS_LETTERS_MAX = 120


def told(contributor: Contributor) -> dict[str, str]:
    """What the voice said of how it speaks, by language; only what says something."""
    return dict(contributor.varieties.exclude(words="").order_by("language").values_list("language", "words"))


def asks(contributor: Contributor, language: str) -> bool:
    """Whether to ask now: the person allows facts, and was not asked about this language yet."""
    is_known = Variety.objects.filter(contributor=contributor, language=language).exists()
    return not is_known and consent.covers(contributor, Purpose.DEMOGRAPHICS)


def tell(contributor: Contributor, varieties: dict[str, str], *, by: Any) -> None:
    """Keep the words for each language in place of those before; empty ones say that the person was asked.

    Raises NotAllowed while the permission is not given, and Malformed or UnknownLanguage for what is no language.
    """
    said = {tags.spoken(language): words.strip()[:WORDS_LETTERS_MAX] for language, words in varieties.items()}
    with transaction.atomic():
        # The lock on the voice: whoever takes the permission back meanwhile comes before us or erases after us.
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        if not consent.covers(locked, Purpose.DEMOGRAPHICS):
            raise NotAllowed(_("You have not allowed us to keep facts about you."))
        changed = {language for language, words in said.items() if words != told(locked).get(language, "")}
        for language, words in said.items():
            facts = {"words": words, "alike": alike(words)}
            Variety.objects.update_or_create(contributor=locked, language=language, defaults=facts)
        if changed:
            # In which languages, never what was said: the log is not erased.
            audit.record("contributor.described", subject=locked, by=by, varieties=sorted(changed))


def alike(words: str) -> str:
    """The words as they are counted: two that differ in case or in stray spaces only are the same."""
    return " ".join(words.casefold().split())


def suggestions(language: str) -> list[str]:
    """What one may mean: what several people said, the most frequent first, then what comes with us."""
    common = [*said_by_several(language), *seeds(tags.listed(language).tag)]
    return list({alike(words): words for words in reversed(common)}.values())[::-1][:SUGGESTED_MAX]


def said_by_several(language: str) -> list[str]:
    """What enough people said of the language; a claimed voice is its account's, and counts with that alone."""
    accepted = Clip.objects.filter(
        contributor=OuterRef("contributor"), language=language, status=Clip.Status.ACCEPTED, licence=None
    )
    own = Variety.objects.filter(Exists(accepted), language=language, contributor__claimed_by=None).exclude(words="")
    counted = (
        own.values("alike").annotate(voices=Count("contributor"), spelled=Min("words")).order_by("-voices", "alike")
    )
    several = counted.filter(voices__gte=VOICES_TO_HIDE_AMONG)
    return list(several.values_list("spelled", flat=True)[:SUGGESTED_MAX])
