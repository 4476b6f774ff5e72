"""A language's way from pilot to active: somebody who grew up with it reads every sentence, confirms it or repairs it.

Adding a language is data: a file of sentences, written as a pilot. What it still needs is counted, and shown to
everybody. Once nothing is lacking it becomes active with the last confirmation; a moderator may make it a pilot again.
The last decision stands, whatever the data file says. A pilot is offered too, and says that it is one. Whether somebody
really grew up with a language nobody here can know; the log says who said so.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from contributions import taxonomy
from contributions.asking import catalogue, sentences
from contributions.asking.sentences import Sentence
from contributions.models import (
    LanguageDecision,
    NativeSpeaker,
    Prompt,
    SentenceConfirmation,
    SentenceRepair,
)
from contributions.taxonomy import tags
from openempathic import audit

ACTIVE, PILOT = "active", "pilot"
# Sentences in neutral words, which are said with more than one feeling, and scenes: fewer are no evening's worth.
NEUTRAL_WANTED, SCENES_WANTED = 40, 20
TEXT_LETTERS_MAX, SCENE_LETTERS_MAX = 500, 300


class NotConfirmable(Exception):
    """It could not be confirmed, repaired or decided; the message says why."""


@dataclass(frozen=True)
class Standing:
    """Where one language stands, and what it has of what it needs."""

    tag: str
    status: str
    has_interface: bool
    has_consent_texts: bool
    neutral: int
    scenes: int
    confirmed: int
    sentences: int

    @property
    def unconfirmed(self) -> int:
        """How many sentences nobody who grew up with the language has confirmed as they are now."""
        return self.sentences - self.confirmed

    @property
    def neutral_lacking(self) -> int:
        """How many sentences in words that fit several feelings are still to be written."""
        return max(0, NEUTRAL_WANTED - self.neutral)

    @property
    def scenes_lacking(self) -> int:
        """How many scenes are still to be written."""
        return max(0, SCENES_WANTED - self.scenes)

    @property
    def is_ready(self) -> bool:
        """Whether nothing is lacking for it to be active."""
        lacking = self.unconfirmed or self.neutral_lacking or self.scenes_lacking
        return self.has_interface and self.has_consent_texts and self.sentences > 0 and not lacking


def standings() -> dict[str, Standing]:
    """Every language that somebody has written sentences for, in the order of their tags; in four queries."""
    decided = dict(LanguageDecision.objects.order_by("pk").values_list("language", "is_active"))
    own: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences.of():
        own[sentence.language].append(sentence)
    return {tag: counted(tag, own[tag], decided.get(tag)) for tag in taxonomy.prompt_languages()}


def standing(tag: str) -> Standing:
    """Where the language stands; raises UnknownLanguage where nobody has written sentences for it."""
    if tag not in taxonomy.prompt_languages():
        raise taxonomy.UnknownLanguage(tag)
    last = LanguageDecision.objects.filter(language=tag).order_by("-pk").first()
    return counted(tag, sentences.of(tag), last.is_active if last else None)


def counted(tag: str, own: list[Sentence], decided: bool | None) -> Standing:
    """What these sentences of the language come to."""
    offered = [way for sentence in own for way in sentence.ways if way.is_offered]
    return Standing(
        tag=tag,
        status=taxonomy.prompt_status(tag) or PILOT if decided is None else ACTIVE if decided else PILOT,
        has_interface=tag.split("-")[0] in dict(settings.LANGUAGES),
        has_consent_texts=tag.split("-")[0] in taxonomy.consent_languages(),
        neutral=sum(sum(way.is_offered for way in sentence.ways) > 1 for sentence in own),
        scenes=sum(bool(way.scene) for way in offered),
        confirmed=sum(sentence.is_confirmed for sentence in own),
        sentences=len(own),
    )


def native_languages(person: Any) -> set[str]:
    """The languages that the person says they grew up with."""
    return set(NativeSpeaker.objects.filter(person=person).values_list("language", flat=True))


def declare(person: Any, tag: str, *, is_native: bool) -> None:
    """Keep that the person says they grew up with the language, or that they do not say so any more."""
    language = tags.spoken(tag)
    with transaction.atomic():
        if is_native:
            _row, is_changed = NativeSpeaker.objects.get_or_create(person=person, language=language)
        else:
            is_changed = bool(NativeSpeaker.objects.filter(person=person, language=language).delete()[0])
        if is_changed:
            act = "person.declared_language" if is_native else "person.undeclared_language"
            audit.record(act, subject=person, by=person, language=language)


def check_native(person: Any, tag: str) -> None:
    """Raise NotConfirmable for whoever has not said that they grew up with the language."""
    if not person.is_moderator or tag not in native_languages(person):
        raise NotConfirmable(_("First say that you grew up with this language: others rely on it."))


def confirm(tag: str, name: str, *, seen: str, by: Any, is_right: bool = True) -> bool:
    """Keep that the sentence is right as it was seen, or take that back; returns whether the language became active.

    Raises NotConfirmable for whoever has not declared the language, and where the words are no longer those.
    """
    check_native(by, tag)
    with transaction.atomic():
        unchanged(tag, name, seen)
        row = SentenceConfirmation.objects.create(
            language=tag, sentence=name, content_sha256=seen, is_right=is_right, confirmed_by=by
        )
        audit.record("sentence.confirmed" if is_right else "sentence.doubted", subject=row, by=by)
        return is_right and became_active(tag, by=by)


def unchanged(tag: str, name: str, seen: str) -> Sentence:
    """The sentence, if it still says what was seen."""
    found = next((each for each in sentences.of(tag) if each.name == name), None)
    if found is None or found.content_sha256 != seen:
        raise NotConfirmable(_("The words changed while this page was open. Please read them again."))
    return found


def became_active(tag: str, *, by: Any) -> bool:
    """With the last confirmation a pilot that lacks nothing becomes active."""
    now = standing(tag)
    if now.status == ACTIVE or not now.is_ready:
        return False
    keep(tag, is_active=True, reason=_("Every sentence is confirmed."), by=by)
    return True


def repair(tag: str, name: str, *, seen: str, text: str, scenes: dict[str, str], by: Any) -> bool:
    """Put better words or scenes in place of what was seen, and confirm them; whether the language became active.

    Clips that were given to the old words keep these as their transcript.
    """
    check_native(by, tag)
    text, scenes = text.strip(), {way: scene.strip() for way, scene in scenes.items()}
    with transaction.atomic():
        found = unchanged(tag, name, seen)
        check_words(found, text, scenes)
        row = SentenceRepair.objects.create(
            language=tag, sentence=name, file_sha256=file_sha256(tag, name), text=text, scenes=scenes, repaired_by=by
        )
        sentences.put_right(found.ways, text=text, scenes=scenes)
        Prompt.objects.bulk_update(found.ways, ["text", "scene"])
        audit.record("sentence.repaired", subject=row, by=by)
        return confirm(tag, name, seen=found.content_sha256, by=by)


def check_words(found: Sentence, text: str, scenes: dict[str, str]) -> None:
    """Raise NotConfirmable for words that are none, too long, or scenes of other sentences."""
    if not text or len(text) > TEXT_LETTERS_MAX:
        raise NotConfirmable(_("The sentence needs words, and at most %s letters.") % TEXT_LETTERS_MAX)
    if any(len(scene) > SCENE_LETTERS_MAX for scene in scenes.values()):
        raise NotConfirmable(_("A scene has at most %s letters.") % SCENE_LETTERS_MAX)
    told = {way.pk for way in found.ways if way.scene}
    if set(scenes) - {way.pk for way in found.ways} or any(not scenes[way] for way in told & set(scenes)):
        raise NotConfirmable(_("Every scene needs words."))


def file_sha256(tag: str, name: str) -> str:
    """The digest of what the data file says of the sentence."""
    return sentences.digest(sentences.grouped(catalogue.written_prompts(tag))[tag, name])


def decide(tag: str, *, is_active: bool, reason: str, by: Any) -> None:
    """Make the language active, or a pilot again, and say why; raises NotConfirmable."""
    check_native(by, tag)
    if not reason.strip():
        raise NotConfirmable(_("Please say why: others will want to know."))
    now = standing(tag)
    if is_active and not now.is_ready:
        raise NotConfirmable(_("It still lacks something: see below."))
    if (now.status == ACTIVE) != is_active:
        keep(tag, is_active=is_active, reason=reason.strip(), by=by)


def keep(tag: str, *, is_active: bool, reason: str, by: Any) -> None:
    """The decision, and its entry in the log."""
    with transaction.atomic():
        row = LanguageDecision.objects.create(language=tag, is_active=is_active, reason=reason, decided_by=by)
        audit.record("language.activated" if is_active else "language.paused", subject=row, by=by, language=tag)
