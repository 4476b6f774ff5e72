"""What a listening page shows beside the form: the sound, the languages, how much was heard. Never what others said."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from contributions import permissions, taxonomy
from contributions.listening import loudness, ratings
from contributions.models import Clip, Examination, Prompt
from contributions.taxonomy import reasons
from contributions.views import words
from openempathic.accounts.doors import open_to

# A sentence that is asked for in so many feelings tells none of them.
FEELINGS_OF_A_NEUTRAL_SENTENCE = 2


def has_account(person: Any) -> bool:
    """Whether it is more than a stranger or a guest: an answer is somebody's, and asked of them once."""
    return bool(person.is_authenticated)


# Whoever has not learned to listen yet is led there rather than refused.
for_accounts = open_to(has_account, otherwise=gettext_noop("Please sign in to listen."))


def sound(clip: Clip) -> dict[str, Any]:
    """The clip's player: its language, how much louder it is played, and its words where they tell no feeling."""
    text = words_to_say(clip)
    return {
        "clip": clip,
        "language": words.tongue(clip.language),
        "gain": gain(clip),
        "text": text,
        # Whoever does not see the words cannot tell whether they were read.
        "reasons": [reason for reason in reasons.LISTENING if text or reason.code != "TEXT_NOT_READ"],
    }


def gain(clip: Clip) -> str:
    """The factor for its samples, written as a script reads it in any language."""
    screened = clip.examinations.filter(agent=Examination.Agent.SCREENING).order_by("-pk")
    return str(loudness.factor(screened.values_list("measures", flat=True).first() or {}))


def words_to_say(clip: Clip) -> str:
    """The sentence, where the same words are asked for in several feelings; else nothing, lest it tells the one."""
    if clip.prompt is None or clip.prompt.kind != Prompt.Kind.ACTED:
        return ""
    same = Prompt.objects.filter(language=clip.prompt.language, sentence=clip.prompt.sentence)
    asked_in = same.values_list("emotion", flat=True).distinct()
    return clip.transcript if len(set(asked_in)) >= FEELINGS_OF_A_NEUTRAL_SENTENCE else ""


def room(request: HttpRequest, language: str | None) -> dict[str, Any]:
    """What stands at the head of the page: the languages, and how much was heard."""
    person: Any = request.user
    return {
        "tongues": [words.tongue(tag) for tag in languages_offered(person)],
        "chosen_tongue": words.tongue(language) if language else None,
        "heard_today": settings.RATINGS_PER_DAY - ratings.left_today(person),
        "is_break_due": ratings.is_break_due(person),
    }


def languages_offered(person: Any) -> list[str]:
    """The languages that the person may choose among: their own, or all that have sentences here."""
    heard = permissions.languages_heard(person)
    return list(taxonomy.prompt_languages()) if heard is None else heard
