"""Who may do what. Querysets are scoped by these; a page asks them before it acts."""

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from contributions.listening import tutorial
from contributions.models import (
    Clip,
    ClipReport,
    Contributor,
    Examination,
    ListenerPass,
    Purpose,
    RaterPause,
    Rating,
    RatingTurn,
)
from contributions.models.clip import ClipQuerySet
from contributions.taxonomy import tags

# What a machine, or the listeners, could not settle or settled against the clip: a moderator may decide about it.
DECIDABLE = (Clip.Status.UNUSABLE, Clip.Status.QUARANTINED, Clip.Status.DISPUTED, Clip.Status.REJECTED)

# Where listeners meet a clip: a report takes it from here.
HEARD = (Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED)


def may_moderate(person: Any) -> bool:
    """Moderators and curators judge clips."""
    return person.is_authenticated and person.is_moderator


def may_curate(person: Any) -> bool:
    """Curators invite, release and retrain."""
    return person.is_authenticated and person.is_curator


def moderates_all(person: Any) -> bool:
    """Whether the person judges clips of every language: curators, and moderators who were given none in particular."""
    return may_moderate(person) and (person.is_curator or not person.moderated_languages)


def may_moderate_in(person: Any, language: str) -> bool:
    """Whether the person judges clips of the language, or of the one that it is a variety of."""
    if not may_moderate(person):
        return False
    return moderates_all(person) or any(tags.is_within(language, own) for own in person.moderated_languages)


def moderated(person: Any) -> Q:
    """The condition on clips that they are of a language which the person moderates."""
    if moderates_all(person):
        return Q()
    languages = person.moderated_languages if may_moderate(person) else []
    # None at all where nothing is moderated.
    condition = Q(language__in=languages)
    for language in languages:
        condition |= Q(language__startswith=f"{language}-")
    return condition


def may_listen(person: Any, language: str) -> bool:
    """Whether the person may rate clips of the language: they moderate it, or passed its tutorial."""
    return is_among(language, languages_heard(person))


def is_among(language: str, heard: list[str] | None) -> bool:
    """Whether the language, or the one that it is a variety of, is one of those that somebody hears."""
    return heard is None or any(tags.is_within(language, own) for own in heard)


def may_listen_at_all(person: Any) -> bool:
    """Whether there is any language whose clips the person may rate."""
    languages = languages_heard(person)
    return languages is None or bool(languages)


def languages_heard(person: Any) -> list[str] | None:
    """The languages whose clips the person may rate; None where it is every one."""
    if not person.is_authenticated or is_paused(person):
        return []
    if moderates_all(person):
        return None
    passed = ListenerPass.objects.filter(person=person).values_list("language", flat=True)
    return sorted({*passed, *(person.moderated_languages if may_moderate(person) else [])})


def is_paused(person: Any) -> bool:
    """Whether a curator has asked the person to rest from listening, and has not let them go on since."""
    last = RaterPause.objects.filter(rater=person).order_by("-pk")
    return bool(last.values_list("is_paused", flat=True).first())


def impartial(person: Any) -> ClipQuerySet:
    """The clips of their languages that the person neither spoke, rated nor reported; and like none of theirs."""
    rated = Rating.objects.filter(clip=OuterRef("pk"), rater=person)
    reported = ClipReport.objects.filter(clip=OuterRef("pk"), reporter=person)
    clips = Clip.objects.filter(moderated(person)).not_of(person)
    return clips.exclude(Exists(rated)).exclude(Exists(reported)).exclude(Exists(like_theirs(person)))


def like_theirs(person: Any) -> Any:
    """The examinations that found a clip to be the same as one of the person's."""
    own = Q(twin__contributor__user=person) | Q(twin__contributor__claimed_by=person)
    return Examination.objects.filter(own, clip=OuterRef("pk"))


def decidable_by(person: Any) -> ClipQuerySet:
    """The clips that the moderator may decide about: set aside, covered now, and nothing to them."""
    return impartial(person).covered_by(Purpose.STORE_AND_REVIEW).filter(status__in=DECIDABLE)


def reported_to(person: Any) -> ClipQuerySet:
    """The clips that listeners still meet, with a report that this moderator may answer."""
    # From the few reports to their clips. Asked apart: PostgreSQL would go from every clip that is heard to its
    # reports, which took a second and a half of a million clips.
    unanswered = ClipReport.objects.filter(answer__isnull=True).values_list("clip", flat=True).distinct()
    clips = impartial(person).covered_by(Purpose.STORE_AND_REVIEW)
    return clips.filter(pk__in=list(unanswered), status__in=HEARD)


def told_of_by(person: Any) -> ClipQuerySet:
    """The clips whose whole history the moderator may read: others' voices, covered; withdrawn ones for a curator."""
    clips = Clip.objects.filter(moderated(person)).not_of(person).exclude(Exists(like_theirs(person)))
    return clips if may_curate(person) else clips.covered_by(Purpose.STORE_AND_REVIEW)


def twins_before(person: Any) -> ClipQuerySet:
    """The clips that one of those is like, so that the moderator can hear both."""
    like = Examination.objects.filter(twin=OuterRef("pk"), clip__in=decidable_by(person))
    return Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(Exists(like))


def audible_to(person: Any, voices: list[Contributor]) -> Any:
    """The live clips that the person with these voices may hear.

    Their own; those of their turns, a moderator's for good and a listener's while the turn lasts; the one example that
    a tutorial asks them now; what a moderator may decide about with what it is like; all for a curator.
    """
    clips = Clip.objects.live()
    if may_curate(person):
        return clips
    if not person.is_authenticated:
        return clips.of(voices)
    turns = RatingTurn.objects.filter(clip=OuterRef("pk"), rater=person)
    learning = Q(pk__in=tutorial.learning(person, now=timezone.now()))
    if not may_moderate(person):
        running = turns.filter(lease_expires_at__gt=timezone.now())
        # Nothing that was set aside meanwhile: from that moment only moderators hear it.
        met = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).exclude(status=Clip.Status.QUARANTINED)
        ours = met.filter(Exists(running))
        return clips.filter(Q(contributor__in=voices) | Q(pk__in=ours.values("pk")) | learning)
    decidable = Exists(decidable_by(person).filter(pk=OuterRef("pk")))
    twins = Exists(twins_before(person).filter(pk=OuterRef("pk")))
    reported = Exists(reported_to(person).filter(pk=OuterRef("pk")))
    return clips.filter(Q(contributor__in=voices) | learning | Exists(turns) | decidable | twins | reported).distinct()
