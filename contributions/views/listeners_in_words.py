"""What is known of a listener, in a moderator's words."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from contributions import permissions
from contributions.forms.voids import PATTERN_WORDS, REASON_WORDS
from contributions.listening import standings
from contributions.listening.patterns import Name
from contributions.listening.voids import Foresight
from contributions.models import Clip, RaterStanding, Rating
from contributions.views import evidence, words
from contributions.views.my_listening import percent

CHANGES_SHOWN = 20


def in_a_list(standing: RaterStanding, *, reader: Any) -> dict[str, Any]:
    """A listener as the list shows them."""
    measures = standing.measures
    return {
        "standing": standing,
        "word": standings.known_as(standing.rater_id),
        "address": standing.rater.email if permissions.may_curate(reader) else "",
        "language": words.tongue(standing.language),
        "patterns": [pattern(name) for name in standing.patterns],
        "agreement": percent(measures.get("agreement", {}).get("share")),
        "seconds": measures.get("seconds"),
    }


def described(standing: RaterStanding) -> dict[str, Any]:
    """One language of a listener as their page shows it."""
    measures = standing.measures
    agreement = measures.get("agreement", {})
    return {
        "standing": standing,
        "language": words.tongue(standing.language),
        "agreement": {name: percent(agreement.get(name)) for name in ("share", "low", "high", "chance", "usual")},
        "items": agreement.get("items", 0),
        "reliability": percent(standing.reliability),
        "seconds": measures.get("seconds"),
        "gold": measures.get("gold", {}),
        "drift": drift(measures.get("drift")),
        "voided": measures.get("voided", 0),
        "patterns": [(pattern(name), proof(name, measures.get("evidence", {}))) for name in standing.patterns],
        "weeks": [week(each) for each in measures.get("weeks", [])],
    }


def pattern(name: str) -> str:
    """What the pattern is called; one that nobody has words for is shown as it is."""
    return str(dict(PATTERN_WORDS).get(name, name))  # type: ignore[call-overload]


def reason(code: str) -> str:
    """Why answers were voided, in words."""
    return str(dict(REASON_WORDS).get(code, code))  # type: ignore[call-overload]


def drift(fall: dict[str, Any] | None) -> dict[str, Any] | None:
    """Agreement early and late in a session, in hundredths."""
    return fall and {"early": percent(fall["early"]), "late": percent(fall["late"]), "items": fall["items"]}


def week(facts: dict[str, Any]) -> dict[str, Any]:
    """One week, with its Monday as a day."""
    return {**facts, "from": date.fromisoformat(facts["from"]), "agreement": percent(facts["agreement"])}


def proof(name: str, known: dict[str, dict[str, float]]) -> str:
    """The numbers that show the pattern, in a sentence."""
    facts = known.get(name, {})
    whole = {key: round(value) for key, value in facts.items()}
    shares = {key: percent(value) for key, value in facts.items()}
    if name == Name.SAME_ANSWER and "run" in facts:
        return _("%(run)s times the same answer in a row.") % whole
    if name == Name.SAME_ANSWER:
        return _("%(times)s of %(of)s answers are the same; by what others heard it would be %(expected)s %%.") % {
            **whole, "expected": shares["expected"],
        }  # fmt: skip
    if name in (Name.AT_RANDOM, Name.AGAINST):
        return _(
            "They share %(share)s %% of the others' answers to %(items)s clips; by chance it would be %(chance)s %%, "
            "and the others share %(usual)s %% among themselves."
        ) % {**shares, "items": whole["items"]}
    if name == Name.TOO_FAST:
        return _("%(times)s of %(of)s answers came before the sound can have ended and a button been found.") % whole
    if name == Name.RUBBER_STAMP:
        return _(
            "%(times)s of %(of)s times they took over another suggestion that they saw; everybody together does it "
            "%(usual)s %% of the time, and %(unseen)s %% without seeing it."
        ) % {**whole, "usual": shares["usual"], "unseen": shares["unseen"]}
    if name == Name.GOLD_FAILED:
        return _("%(right)s of %(of)s such clips were answered as others hear them.") % whole
    if name == Name.DRIFT:
        return _("Agreement falls from %(early)s %% to %(late)s %% between the halves of a session.") % shares
    return ""


def answer(rating: Rating) -> dict[str, Any]:
    """One answer, to somebody who has answered the same clip."""
    unusable = evidence.reason(rating.unusable_reason) if rating.unusable_reason else ""
    return {
        "rating": rating,
        "said": words.feeling(rating.emotion).label if rating.is_usable else unusable,
        "language": words.tongue(rating.clip.language),
    }


def foreseen(what: Foresight) -> dict[str, Any]:
    """What would follow, in words."""
    return {
        "what": what,
        "statuses": [
            (evidence.STATUS[Clip.Status(before)], evidence.STATUS[Clip.Status(after)], times)
            for (before, after), times in what.statuses.most_common()
        ],
        "labels": [(label(before), label(after), times) for (before, after), times in what.labels.most_common()][
            :CHANGES_SHOWN
        ],
    }


def label(emotion: str) -> str:
    """What a label is called; none has a word too."""
    return words.feeling(emotion).label if emotion else _("no label")
