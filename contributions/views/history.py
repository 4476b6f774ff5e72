"""The whole history of one clip on one page, for whoever gives up listening to it blindly.

Who spoke is nowhere on it. Listeners are numbered in the order of their first answer; only a curator reads who they
are. Of a clip that was taken back only its way is told, to a curator alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions import permissions
from contributions.listening import reports, reveals
from contributions.models import Clip, ClipReport, Rating, RatingVoid, Release
from contributions.models.release import ReleaseClip
from contributions.views import evidence, words
from contributions.views.moderating import in_a_list, moderators_only
from openempathic.accounts.models import User
from openempathic.audit.models import AuditEvent
from openempathic.registry.models import Checkpoint

S = Clip.Status
GONE = (S.WITHDRAWN, S.PURGED)
Fact = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One thing that happened: of which kind, by whom, what, why, in whose own words, and what else is known of it."""

    at: datetime
    kind: str
    who: str
    what: str
    why: str = ""
    note: str = ""
    facts: tuple[Fact, ...] = field(default=())
    is_void: bool = False


@moderators_only
@never_cache
@require_safe
def history(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Everything that is known of the clip, in order; whoever reads it rates the clip blindly no more."""
    clip = get_object_or_404(permissions.told_of_by(request.user).select_related("contributor"), pk=clip_id)
    if clip.status not in GONE:
        reveals.reveal(clip, to=request.user)
    told = Chronicle(clip, reader=request.user)
    facts = {
        **in_a_list(clip),
        "entries": told.entries(),
        "is_gone": clip.status in GONE,
        "is_decidable": permissions.decidable_by(request.user).filter(pk=clip.pk).exists(),
    }
    return render(request, "moderate/history_page.html", facts)


class Chronicle:
    """All that happened to one clip, as one reader may know it."""

    def __init__(self, clip: Clip, *, reader: Any) -> None:
        self.clip = clip
        self.reader = reader
        self.speakers = evidence.owners_of(clip)
        self.listeners = evidence.listeners(clip)

    def entries(self) -> list[Entry]:
        """The entries in the order in which they happened."""
        ways = [self.moves, self.examinations, self.releases]
        if self.clip.status not in GONE:
            ways += [self.meant, self.ratings, self.suggestions, self.reported, self.verdicts, self.labels]
        return sorted((each for way in ways for each in way()), key=lambda each: each.at)

    def moves(self) -> Iterator[Entry]:
        """That it was taken in, and every move, from the log; a verdict says itself what it moved."""
        is_gone = self.clip.status in GONE
        for event in self.events:
            if evidence.is_told_by_a_verdict(event) and not is_gone:
                continue
            told = evidence.as_act(event, people=self.people, speakers=self.speakers, reader=self.reader)
            if told:
                is_listener = event.actor_id in self.listeners and not is_gone
                kind = "withdrawal" if event.act == "clip.withdrawn" else "move"
                who = self.listener(event.actor_id) if is_listener else told.who
                yield Entry(told.at, kind, who, told.what, told.why)

    def examinations(self) -> Iterator[Entry]:
        """What each machine said, with its version and the rules that it went by."""
        for each in evidence.opinions(self.clip.examinations.select_related("rules").order_by("pk")):
            found = each.examination
            facts = [(_("version"), found.version)]
            facts += [(_("rules"), str(found.rules.version))] if found.rules else []
            facts += [(_("remarks"), " ".join(each.remarks))] if each.remarks else []
            what = _("found it usable") if found.is_usable else _("found it unusable")
            yield Entry(found.examined_at, "examination", each.agent, what, each.reason, facts=tuple(facts))

    def releases(self) -> Iterator[Entry]:
        """Each release that held it, that it left one, and every checkpoint that was made from one."""
        held = list(ReleaseClip.objects.filter(clip=self.clip).select_related("release"))
        for each in held:
            release = each.release
            facts: tuple[Fact, ...] = ((_("release"), release.digest[:12]), (_("part"), each.split))
            what = _("put it into a release: %(kind)s") % {"kind": Release.Kind(release.kind).label}
            yield Entry(release.frozen_at, "release", _("A machine"), what, facts=facts)
            if each.taken_out_at:
                yield Entry(each.taken_out_at, "release", _("A machine"), _("took it out of the release"), facts=facts)
        for made in Checkpoint.objects.filter(release_digest__in=[each.release.digest for each in held]):
            facts = (
                (_("checkpoint"), f"{made.number or '–'} ({made.version})"),
                (_("release"), made.release_digest[:12]),
                (_("training run"), str(made.run_id)),
            )
            what = _("published a checkpoint that was trained with it")
            yield Entry(made.published_at, "checkpoint", _("A machine"), what, facts=facts)
            if made.retracted_at:
                what = _("retracted a checkpoint that was trained with it")
                yield Entry(made.retracted_at, "checkpoint", _("A curator"), what, made.retracted_reason, facts=facts)

    def meant(self) -> Iterator[Entry]:
        """What it was meant to sound like, and what its speaker said that they felt."""
        if self.clip.intended_emotion:
            facts = ((_("asked for"), feeling(self.clip.intended_emotion)),)
            yield Entry(self.clip.stored_at, "meant", _("The prompt"), _("asked for a feeling"), facts=facts)
        # Their own words of it stay with them.
        for said in self.clip.self_reports.order_by("said_at"):
            felt = [(_("felt"), feeling(said.emotion))] if said.emotion else []
            yield Entry(said.said_at, "meant", _("The speaker"), _("said how it was"), facts=tuple(felt))

    def ratings(self) -> Iterator[Entry]:
        """Each answer, whether it was blind, and whether it counts no more, and why."""
        answers = self.clip.ratings.select_related("suggestion__checkpoint").prefetch_related("voids")
        for each in answers.order_by("rated_at", "pk"):
            voids = list(each.voids.all())
            yield self.as_rating(each, is_void=bool(voids))
            for void in voids:
                who = self.listener(void.voided_by_id) if void.reason == "UNDONE" else self.person(void.voided_by_id)
                what = _("took an answer out: %(who)s") % {"who": self.listener(each.rater_id)}
                yield Entry(void.voided_at, "void", who, what, why_void(void.reason), void.note)

    def as_rating(self, rating: Rating, *, is_void: bool) -> Entry:
        """One answer with all that was said in it."""
        is_blind = rating.phase == Rating.Phase.BLIND
        what = _("answered blindly") if is_blind else _("answered again, knowing more")
        facts: list[Fact] = []
        if rating.is_usable:
            heard = [feeling(name) for name in (rating.emotion, *rating.secondary_emotions) if name]
            facts.append((_("heard"), ", ".join([*heard, rating.other_word] if rating.other_word else heard)))
        if rating.intensity is not None:
            facts.append((_("strength"), str(rating.intensity)))
        for label, value in (
            (_("pleasant"), rating.valence),
            (_("excited"), rating.arousal),
            (_("in control"), rating.dominance),
        ):
            facts += [(label, f"{value}/7")] if value is not None else []
        facts += [(_("manner"), ", ".join(manner(name) for name in rating.styles))] if rating.styles else []
        if rating.suggestion:
            facts.append((_("had been shown"), feeling(rating.suggestion.emotion)))
        why = "" if rating.is_usable else evidence.reason(rating.unusable_reason)
        note = rating.description
        return Entry(
            rating.rated_at, "rating", self.listener(rating.rater_id), what, why, note, tuple(facts), is_void=is_void
        )

    def suggestions(self) -> Iterator[Entry]:
        """What each checkpoint heard, most probable first."""
        made = self.clip.suggestions.filter(scores__isnull=False).select_related("checkpoint")
        for each in made:
            ranked = ", ".join(f"{feeling(name)} {round(100 * share)} %" for name, share in each.ranked()[:3])
            facts = [(_("checkpoint"), each.checkpoint.version), (_("heard"), ranked)]
            if each.checkpoint.is_seed:
                facts.append((_("licence"), _("seed head, CC BY-NC-SA 4.0: not for commercial use")))
            what = _("suggested a feeling") if each.is_sure else _("was not sure of a feeling")
            yield Entry(each.made_at or self.clip.stored_at, "suggestion", _("The model"), what, facts=tuple(facts))

    def reported(self) -> Iterator[Entry]:
        """Each report, and its answer."""
        for each in ClipReport.objects.filter(clip=self.clip).select_related("answer"):
            who = self.listener(each.reporter_id)
            yield Entry(each.reported_at, "report", who, _("reported it"), reports.in_words(each.reason), each.words)
            answer = getattr(each, "answer", None)
            if answer:
                what = _("answered the report")
                by = self.person(answer.answered_by_id)
                yield Entry(answer.answered_at, "answer", by, what, note=answer.words)

    def verdicts(self) -> Iterator[Entry]:
        """Each moderator's verdict, proposals among them."""
        for each in self.clip.verdicts.order_by("pk"):
            told = evidence.as_decision(each, people=self.people, reader=self.reader)
            yield Entry(told.at, "verdict", told.who, told.what, told.why, told.note)

    def labels(self) -> Iterator[Entry]:
        """What each method makes of the answers now."""
        for each in self.clip.labels.order_by("method"):
            ranked = sorted(each.probabilities.items(), key=lambda pair: -pair[1])[:3]
            told = ", ".join(f"{feeling(name)} {round(100 * share)} %" for name, share in ranked)
            facts = ((_("method"), each.method), (_("answers"), str(each.rating_count)), (_("label"), told))
            yield Entry(each.made_at, "label", _("A machine"), _("made a label of the answers"), facts=facts)

    @cached_property
    def events(self) -> list[AuditEvent]:
        """The log of the clip."""
        found = AuditEvent.objects.filter(subject_type=Clip._meta.label_lower, subject_id=str(self.clip.pk))
        return list(found.order_by("pk"))

    @cached_property
    def people(self) -> dict[int, User]:
        """Everybody who did something with the clip, by their number."""
        acted = {event.actor_id for event in self.events} | set(self.listeners)
        decided = self.clip.verdicts.values_list("decided_by_id", flat=True)
        said = self.clip.reports.values_list("reporter_id", "answer__answered_by_id")
        voided = RatingVoid.objects.filter(rating__clip=self.clip).values_list("voided_by_id", flat=True)
        everybody = {*acted, *decided, *voided, *(one for both in said for one in both)} - {None}
        return User.objects.in_bulk(everybody)

    def listener(self, number: int | None) -> str:
        """A listener by the order of their first answer; a curator reads who it is, and everybody knows themselves."""
        person = self.people.get(number or 0)
        if person is None:
            return _("Somebody who has left")
        word = self.listeners.get(person.pk) or evidence.role_of(person, self.reader)
        if person == self.reader:
            return _("You")
        return f"{word} ({person.email})" if self.reader.is_curator else word

    def person(self, number: int | None) -> str:
        """Somebody as what they are here."""
        return evidence.role_of(self.people.get(number or 0), self.reader)


def why_void(code: str) -> str:
    """Why an answer counts no more."""
    return {
        RatingVoid.Reason.UNDONE: _("Its listener took it back."),
        RatingVoid.Reason.SPAM: _("Answered without listening."),
        RatingVoid.Reason.CARELESS: _("Answered carelessly."),
        RatingVoid.Reason.CONFLICT: _("Its listener had a stake in the clip."),
        RatingVoid.Reason.OTHER: _("There is another reason."),
    }[RatingVoid.Reason(code)]


def feeling(name: str) -> str:
    """The feeling in the reader's words; one that nobody has words for is shown as it is."""
    try:
        return words.feeling(name).label
    except LookupError:
        return name


def manner(name: str) -> str:
    """The manner of speaking in the reader's words."""
    return next((each.label for each in words.how_it_was()["styles"] if each.value == name), name)
