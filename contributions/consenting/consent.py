"""What a contributor allows: asked plainly, kept as events, folded to where they stand now.

After ISO/IEC TS 27560 an event is REQUESTED (these words were put before the person), GIVEN, REFUSED, WITHDRAWN, or
SUPERSEDED (an answer to other words replaces what was given). Only the first decides nothing; only GIVEN allows.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from contributions.leaving import withdrawal
from contributions.models import ConsentEvent, ConsentText, Contributor, CurrentConsent, Purpose, Variety
from contributions.releasing import splits
from openempathic import audit
from openempathic.version import app_version

REQUIRED = Purpose.STORE_AND_REVIEW
# Purposes that the site asks for today, in the order in which they are shown.
ASKED = tuple(Purpose)
# The columns of a voice that DEMOGRAPHICS allows, and that go with it.
FACTS = ("gender", "age_band", "accent")
if TYPE_CHECKING:
    from django.db.models import QuerySet

FALLBACK_LANGUAGE = settings.LANGUAGE_CODE


class NotConsented(Exception):
    """What was sent is not a consent that we may rely on."""


def contributor_for(person: Any) -> Contributor:
    """The person's voice; made, with its side of every future split, at first use."""
    found = Contributor.objects.filter(user=person).first()
    if found:
        # Known already: nobody need ask whose voice it is.
        found.user = person
        return found
    fresh = uuid.uuid4()
    made, _is_new = Contributor.objects.get_or_create(
        user=person, defaults={"id": fresh, "split": splits.side_of(str(fresh))}
    )
    return made


def texts(language: str) -> list[ConsentText]:
    """The words in force for each purpose that we ask for, in that language or else in English."""
    return [found for purpose in ASKED if (found := text_for(purpose, language))]


def text_for(purpose: str, language: str) -> ConsentText | None:
    """The newest text of the purpose that is valid today."""
    newest = in_force(purpose).order_by("-valid_from", "-pk")
    short = language.split("-")[0]
    return newest.filter(language__in=[language, short]).first() or newest.filter(language=FALLBACK_LANGUAGE).first()


def in_force(purpose: str) -> "QuerySet[ConsentText]":
    """Every version of the purpose's text that has become valid, the superseded ones too."""
    return ConsentText.objects.filter(purpose=purpose, valid_from__lte=timezone.now().date())


def asks_again(contributor: Contributor, language: str) -> list[ConsentText]:
    """The texts to show again: since the contributor's answer, what is asked for changed materially.

    Until they answer, the old answer holds to its old scope: covers() does not look at versions. Where the newest
    words are not translated yet nothing is asked, since the page would only show the old ones again.
    """
    answered = {each.purpose: each.event.text for each in contributor.current_consents.select_related("event__text")}
    return [text for text in texts(language) if changed_materially(answered.get(text.purpose), text)]


def changed_materially(answered: ConsentText | None, shown: ConsentText) -> bool:
    """Whether a material change lies between the text that was answered and the one in force, in its language."""
    if answered is None or answered.version == shown.version:
        return False
    since = in_force(shown.purpose).filter(language=shown.language, is_material_change=True)
    since = since.exclude(version=answered.version).filter(valid_from__gte=answered.valid_from)
    # Of two versions of one day the later one was loaded later.
    return any((each.valid_from, each.pk) > (answered.valid_from, answered.pk) for each in since)


def check_current(text: ConsentText) -> None:
    """Refuse an answer to words that are not, or no longer, the ones in force in their language."""
    if text_for(text.purpose, text.language) != text:
        raise NotConsented(_("The words changed while this page was open. Please read them again."))


def decide(
    contributor: Contributor,
    *,
    given: set[str],
    shown: Iterable[ConsentText],
    locale: str,
    is_adult: bool,
    by: Any,
) -> None:
    """Keep the contributor's answer on every text shown: GIVEN where ticked, else REFUSED or WITHDRAWN.

    Raises NotConsented, and keeps nothing, when the person is no adult, leaves out the required purpose, or was shown
    words that are no longer in force.
    """
    shown = list(shown)
    if not is_adult:
        raise NotConsented(_("Only adults can take part: please confirm that you are of age."))
    if REQUIRED not in given:
        raise NotConsented(_("Without leave to store and review your clips we cannot take any."))
    if unseen := given - {text.purpose for text in shown}:
        raise NotConsented(_("You were not shown the text for: %(purposes)s.") % {"purposes": ", ".join(unseen)})
    for text in shown:
        check_current(text)
    with transaction.atomic():
        # The contributor's row is the lock on the chain: two tabs that decide at once follow each other.
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        at = timezone.now()
        events = put_before(locked, shown, locale=locale, at=at)
        for text in shown:
            events += answered(locked, text, is_given=text.purpose in given, locale=locale, at=at)
        if locked.is_adult_attested_at is None:
            locked.is_adult_attested_at = at
            locked.save(update_fields=["is_adult_attested_at"])
        forget_facts_not_allowed(locked)
        # The log, sealed apart, knows each chain's end: a chain that is cut there is found too.
        last_sha256 = events[-1].sha256 if events else ""
        audit.record("consent.decided", subject=locked, by=by, given=sorted(given), last_sha256=last_sha256)


def request(contributor: Contributor, texts: Iterable[ConsentText], *, by: Any, locale: str) -> list[ConsentEvent]:
    """Keep that these words were put before the contributor, each text once however often it is shown again."""
    texts = list(texts)
    # Most visits have nothing to tell: only one that has takes the lock.
    if not unrequested(contributor, texts):
        return []
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        if events := put_before(locked, texts, locale=locale, at=timezone.now()):
            purposes, end = sorted(event.purpose for event in events), events[-1].sha256
            audit.record("consent.requested", subject=locked, by=by, purposes=purposes, last_sha256=end)
    return events


def withdraw(contributor: Contributor, purpose: str, *, by: Any, locale: str) -> list[ConsentEvent]:
    """Take back one purpose; with the required one go all others that were given, and every clip.

    What was not given changes nothing, so that a second time does no harm.
    """
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        events = take_back(locked, purpose, by=by, locale=locale)
        if purpose == REQUIRED:
            withdrawal.withdraw_all(locked, by=by)
    return events


def lapse(contributor: Contributor, *, by: str, locale: str) -> list[ConsentEvent]:
    """Withdraw all that a voice gave, as an agent: its time has run out, and its person is not there to ask."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        events = take_back(locked, REQUIRED, by=by, locale=locale)
        withdrawal.lapse(locked, by=by)
    return events


def take_back(contributor: Contributor, purpose: str, *, by: Any, locale: str) -> list[ConsentEvent]:
    """Chain WITHDRAWN for the purpose, and for all others with the required one; the caller holds the row."""
    agreed = [text for text in agreed_texts(contributor) if purpose in (REQUIRED, text.purpose)]
    kind, at = ConsentEvent.Kind.WITHDRAWN, timezone.now()
    events = [append(contributor, kind=kind, text=text, locale=locale, at=at) for text in agreed]
    forget_facts_not_allowed(contributor)
    if events:
        purposes, end = sorted(event.purpose for event in events), events[-1].sha256
        audit.record("consent.withdrawn", subject=contributor, by=by, purposes=purposes, last_sha256=end)
    return events


def agreed_texts(contributor: Contributor) -> "QuerySet[ConsentText]":
    """The very words that the contributor agrees to now."""
    standing = ConsentText.objects.filter(
        consentevent__currentconsent__contributor=contributor, consentevent__currentconsent__is_given=True
    )
    return standing.order_by("pk")


def put_before(contributor: Contributor, texts: list[ConsentText], *, locale: str, at: datetime) -> list[ConsentEvent]:
    """Chain REQUESTED for each text that the contributor had not seen; the caller holds the contributor's row."""
    kind = ConsentEvent.Kind.REQUESTED
    return [append(contributor, kind=kind, text=text, locale=locale, at=at) for text in unrequested(contributor, texts)]


def unrequested(contributor: Contributor, texts: list[ConsentText]) -> list[ConsentText]:
    """Those of the texts that the chain does not say were put before the contributor."""
    known = contributor.consent_events.filter(kind=ConsentEvent.Kind.REQUESTED, text__in=[text.pk for text in texts])
    seen = set(known.values_list("text_id", flat=True))
    return [text for text in texts if text.pk not in seen]


def answered(
    contributor: Contributor, text: ConsentText, *, is_given: bool, locale: str, at: datetime
) -> list[ConsentEvent]:
    """Chain what one box says; where other words were agreed to before, first that these replace them."""
    replaced = ConsentEvent.Kind.SUPERSEDED
    others = agreed_texts(contributor).filter(purpose=text.purpose).exclude(version=text.version)
    said = [append(contributor, kind=replaced, text=other, locale=locale, at=at) for other in others]
    # Asked only now: what was replaced stands no longer.
    kind = answer(contributor, text.purpose, is_given=is_given)
    return [*said, append(contributor, kind=kind, text=text, locale=locale, at=at)]


def answer(contributor: Contributor, purpose: str, *, is_given: bool) -> str:
    """What an unticked box means: refused at first, and where new words replaced the old; withdrawn while it stands."""
    if is_given:
        return ConsentEvent.Kind.GIVEN
    stands = covers(contributor, purpose)
    return ConsentEvent.Kind.WITHDRAWN if stands else ConsentEvent.Kind.REFUSED


def append(contributor: Contributor, *, kind: str, text: ConsentText, locale: str, at: datetime) -> ConsentEvent:
    """Chain one event to the contributor's last, and fold it; the caller holds the contributor's row."""
    last = contributor.consent_events.order_by("-position").first()
    event = ConsentEvent(
        contributor=contributor,
        position=last.position + 1 if last else 0,
        kind=kind,
        purpose=text.purpose,
        text=text,
        text_sha256=text.sha256,
        locale=locale,
        app_version=app_version(),
        age_band_attested="adult",
        # A clock that was set back must not put what was decided later before what it replaces.
        at=max(at, last.at) if last else at,
        previous_sha256=last.sha256 if last else "",
    )
    event.sha256 = event.digest()
    event.save()
    fold(event)
    withdrawal.owe_purpose(event)
    return event


def fold(event: ConsentEvent) -> None:
    """Bring where the contributor stands up to this event, their last on its purpose."""
    if event.kind != ConsentEvent.Kind.REQUESTED:
        CurrentConsent.objects.update_or_create(
            contributor_id=event.contributor_id,
            purpose=event.purpose,
            defaults={"is_given": event.kind == ConsentEvent.Kind.GIVEN, "event": event},
        )


def forget_facts_not_allowed(contributor: Contributor) -> None:
    """Erase what the contributor told about themselves unless they allow us to keep it."""
    if not covers(contributor, Purpose.DEMOGRAPHICS):
        for fact in FACTS:
            setattr(contributor, fact, "")
        contributor.save(update_fields=FACTS)
        Variety.objects.filter(contributor=contributor).delete()


def covers(contributor: Contributor, purpose: str) -> bool:
    """Whether the contributor allows the purpose at this moment."""
    return CurrentConsent.objects.filter(contributor=contributor, purpose=purpose, is_given=True).exists()


def current(contributor: Contributor) -> dict[str, bool]:
    """Where the contributor stands on each purpose that was ever asked."""
    return dict(contributor.current_consents.values_list("purpose", "is_given"))


def folded(contributor: Contributor) -> dict[str, bool]:
    """The same, computed from the events alone; equal to current(), or something wrote past this module."""
    deciding = deciding_events(contributor)
    return {purpose: event.kind == ConsentEvent.Kind.GIVEN for purpose, event in deciding.items()}


def deciding_events(contributor: Contributor) -> dict[str, ConsentEvent]:
    """For each purpose that was ever answered the event on which it stands."""
    events = contributor.consent_events.exclude(kind=ConsentEvent.Kind.REQUESTED).select_related("text")
    return {event.purpose: event for event in events}


def broken_link(contributor: Contributor) -> ConsentEvent | None:
    """The first event whose digest, or whose link to the one before, does not hold; None when the chain is whole."""
    previous = ""
    for position, event in enumerate(contributor.consent_events.all()):
        if event.position != position or event.previous_sha256 != previous or event.sha256 != event.digest():
            return event
        previous = event.sha256
    return None


def locale_now() -> str:
    """The language in which the page was shown."""
    return translation.get_language() or FALLBACK_LANGUAGE
