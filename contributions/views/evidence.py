"""What is known of one clip, in a moderator's words: measures held against rules, machines' opinions, its history.

Nothing here tells what the clip was meant to sound like, what its speaker felt or what a model heard: whoever reads it
may be asked to listen blindly later. What listeners said of its use is told apart, to whoever gives up listening to it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contributions import permissions, self_reports
from contributions.listening import reports
from contributions.models import Clip, Examination, Rating, Verdict
from contributions.screening import rules
from contributions.taxonomy import measures, reasons
from contributions.taxonomy.screening import Comparison, Consequence, Rule
from openempathic.accounts.models import User
from openempathic.audit.models import AuditEvent

S = Clip.Status
# For people who decide; what the speaker reads is in `my_clips`.
STATUS = {
    S.STORED: gettext_lazy("waits to be screened"),
    S.IN_REVIEW: gettext_lazy("waits for listeners"),
    S.UNUSABLE: gettext_lazy("found unusable"),
    S.QUARANTINED: gettext_lazy("set aside"),
    S.DISPUTED: gettext_lazy("listeners disagree"),
    S.ACCEPTED: gettext_lazy("accepted"),
    S.REJECTED: gettext_lazy("refused"),
    S.WITHDRAWN: gettext_lazy("taken back"),
    S.PURGED: gettext_lazy("erased"),
}
AGENTS = {
    "screening": gettext_lazy("Screening"),
    "duplicates": gettext_lazy("Search for the same sound"),
}
UNDER_OR_OVER: dict[tuple[Consequence, bool], str | Promise] = {
    (Consequence.UNUSABLE, True): gettext_lazy("cannot be used under %(limit)s"),
    (Consequence.UNUSABLE, False): gettext_lazy("cannot be used over %(limit)s"),
    (Consequence.WARN, True): gettext_lazy("the speaker is warned under %(limit)s"),
    (Consequence.WARN, False): gettext_lazy("the speaker is warned over %(limit)s"),
    (Consequence.NOTE, True): gettext_lazy("noted under %(limit)s"),
    (Consequence.NOTE, False): gettext_lazy("noted over %(limit)s"),
}


@dataclass(frozen=True)
class Limit:
    """One rule that a measure was held against, in words, and whether the clip crosses it."""

    text: str
    is_crossed: bool


@dataclass(frozen=True)
class Measured:
    """One measure of the clip with its unit; the value is empty where it could not be taken."""

    label: str
    meaning: str
    value: str
    limits: tuple[Limit, ...]

    @property
    def is_crossed(self) -> bool:
        """Whether any rule is broken."""
        return any(limit.is_crossed for limit in self.limits)


@dataclass(frozen=True)
class Opinion:
    """What one machine said of the clip."""

    agent: str
    examination: Examination
    reason: str
    remarks: tuple[str, ...]
    percent: int | None


@dataclass(frozen=True)
class Happened:
    """One thing that happened to the clip: what, by whom as a role, and in a moderator's own words where there are."""

    at: datetime
    who: str
    what: str
    why: str = ""
    note: str = ""


@dataclass(frozen=True)
class Said:
    """What one listener said of a clip's use; which feeling they heard is not in it."""

    who: str
    is_usable: bool
    reason: str
    is_void: bool


def reason(code: str) -> str:
    """The reason in words, whoever gave it; a code that nobody has words for is shown as it is."""
    for find in (reasons.screening_reason, reasons.listening_reason):
        try:
            return str(find(code).text)
        except LookupError:
            continue
    return code


def measured(clip: Clip, examination: Examination | None) -> list[Measured]:
    """Every measure of the examination in a fixed order, those that cross a limit first."""
    if examination is None:
        return []
    asked = rules.table(examination.rules) if examination.rules else ()
    said = self_reports.newest([clip.pk]).get(clip.pk)
    styles = tuple(said.styles) if said else ()
    held = [rule for rule in asked if rule.is_for(clip.mode, styles)]
    known = [name for name in measures.KNOWN if name in examination.measures]
    unknown = [name for name in examination.measures if name not in measures.KNOWN]
    told = [as_measured(name, examination.measures, held) for name in (*known, *unknown)]
    return sorted(told, key=lambda each: not each.is_crossed)


def as_measured(name: str, values: dict[str, Any], asked: Iterable[Rule]) -> Measured:
    """One measure in words, with each rule that was asked of it."""
    known = measures.measure_of(name)
    limits = tuple(Limit(limit_in_words(rule), rule.is_broken_by(values)) for rule in asked if rule.measure == name)
    return Measured(str(known.label), str(known.meaning), measures.told(name, values[name]), limits)


def limit_in_words(rule: Rule) -> str:
    """The rule's threshold with its unit, and what follows from crossing it."""
    sentence = UNDER_OR_OVER[rule.consequence, rule.comparison is Comparison.BELOW]
    return str(sentence) % {"limit": measures.told(rule.measure, rule.threshold)}


def opinions(examinations: Iterable[Examination]) -> list[Opinion]:
    """What each machine said, the newest first."""
    return [
        Opinion(
            agent=str(AGENTS.get(each.agent, each.agent)),
            examination=each,
            reason=reason(each.reason) if each.reason else "",
            remarks=tuple(reason(code) for code in (*each.warnings, *each.notes)),
            percent=None if each.score is None else round(100 * each.score),
        )
        for each in examinations
    ]


def history(clip: Clip, *, reader: Any) -> list[Happened]:
    """Everything that happened to the clip, from the log of acts and the verdicts, the oldest first."""
    events = AuditEvent.objects.filter(subject_type="contributions.clip", subject_id=str(clip.pk)).order_by("pk")
    kept = [event for event in events if not is_told_by_a_verdict(event)]
    decided = list(clip.verdicts.order_by("pk"))
    people = User.objects.in_bulk(
        {*(event.actor_id for event in kept), *(each.decided_by_id for each in decided)} - {None}
    )
    speakers = owners_of(clip)
    acts = [as_act(event, people=people, speakers=speakers, reader=reader) for event in kept]
    words = [as_decision(each, people=people, reader=reader) for each in decided]
    return sorted((each for each in (*acts, *words) if each), key=lambda each: each.at)


def owners_of(clip: Clip) -> set[object]:
    """The accounts whose voice it is; the voice itself where no account stands behind it."""
    voice = clip.contributor
    owners: set[object] = {owner for owner in (voice.user_id, voice.claimed_by_id) if owner is not None}
    return owners or {voice.pk}


def is_told_by_a_verdict(event: AuditEvent) -> bool:
    """Whether the event is the move that a verdict made: the verdict says more."""
    is_move = event.actor_id is not None and event.facts.get("source") in permissions.DECIDABLE
    # A curator whose rules free a clip gives no verdict on it.
    is_move = is_move and event.facts.get("reason") != "RULES_CHANGED"
    return is_move and event.act != "clip.withdrawn"


def as_act(event: AuditEvent, *, people: dict[int, User], speakers: Collection[object], reader: Any) -> Happened | None:
    """An event of the log in words; None for one that a moderator need not read."""
    word = event.act.removeprefix("clip.")
    if word == "stored":
        what = _("sent the clip")
    elif word.upper() in STATUS:
        what = _("moved it: %(status)s") % {"status": STATUS[S(word.upper())]}
    else:
        return None
    code = str(event.facts.get("reason", ""))
    return Happened(event.at, role(event, people, speakers, reader), what, why=reason(code) if code else "")


def as_decision(verdict: Verdict, *, people: dict[int, User], reader: Any) -> Happened:
    """A verdict in words."""
    return Happened(
        verdict.decided_at,
        role_of(people.get(verdict.decided_by_id or 0), reader),
        how_decided(verdict) % {"status": decision(verdict.to_status)},
        why=reason(verdict.reason) if verdict.reason else "",
        note=verdict.note,
    )


def how_decided(verdict: Verdict) -> str:
    """Whether it was one's own word, one that waits for another's, or the second of two."""
    if verdict.is_proposal:
        return _("proposed: %(status)s; another moderator has to agree")
    return _("agreed: %(status)s") if verdict.proposal_id else _("decided: %(status)s")


def listeners(clip: Clip) -> dict[int, str]:
    """A word for each person who rated the clip, by their number: who they are stays out of it."""
    raters = clip.ratings.exclude(rater=None).order_by("rated_at", "pk").values_list("rater_id", flat=True)
    return {
        rater: _("Listener %(number)s") % {"number": number} for number, rater in enumerate(dict.fromkeys(raters), 1)
    }


def said_of_use(clip: Clip) -> list[Said]:
    """What each listener said of the clip's use before they saw anything of it, the first one first."""
    known = listeners(clip)
    blind = clip.ratings.filter(phase=Rating.Phase.BLIND).prefetch_related("voids").order_by("rated_at", "pk")
    return [
        Said(
            known.get(each.rater_id or 0, _("Somebody who has left")),
            each.is_usable,
            "" if each.is_usable else reason(each.unusable_reason),
            is_void=bool(each.voids.all()),
        )
        for each in blind
    ]


def decision(to_status: str) -> str:
    """What a verdict makes of a clip."""
    return {
        S.IN_REVIEW: _("it goes on to listeners"),
        S.ACCEPTED: _("it is accepted"),
        S.REJECTED: _("it is refused"),
        S.STORED: _("it is screened again"),
    }[S(to_status)]


def role(event: AuditEvent, people: dict[int, User], speakers: Collection[object], reader: Any) -> str:
    """Who acted, as what they are; never a name."""
    if event.actor_id is not None:
        is_speaker = event.actor_id in speakers
        return _("The speaker") if is_speaker else role_of(people.get(event.actor_id), reader)
    if event.agent.startswith("guest:"):
        return _("The speaker")
    return _("Reports") if event.agent == reports.AGENT else _("A machine")


def role_of(person: User | None, reader: Any) -> str:
    """What the person is here."""
    if person is None:
        return _("Somebody who has left")
    if person == reader:
        return _("You")
    if person.is_curator:
        return _("A curator")
    return _("A moderator") if person.is_moderator else _("Somebody")
