"""What may follow from a clip's measures: rules that a curator may change, version by version.

The table that comes with us is a data file; what a curator sets stands on top of it, also when a newer file comes.
Every table that was ever in force is kept as one immutable version, and each examination names the version it was held
against. A change judges no clip again: `foresight` tells beforehand what it would do.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from contributions.models import RulesVersion
from contributions.taxonomy import measures, screening
from contributions.taxonomy.screening import Consequence, Rule
from openempathic import audit

CHANGED = "rules.changed"


class NotChangeable(Exception):
    """The rule stays as it is; the message says why."""


@dataclass(frozen=True)
class Finding:
    """What was measured, and what follows: the reason why no ear should hear it, or what to say of it."""

    measures: Mapping[str, Any]
    reason: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # for moderators: whatever else was found

    @property
    def is_usable(self) -> bool:
        """Whether an ear should hear it."""
        return not self.reason


@dataclass(frozen=True)
class Change:
    """What a curator sets of one rule."""

    name: str
    threshold: float
    consequence: Consequence


def judge(
    measures: Mapping[str, Any],
    *,
    rules: Iterable[Rule],
    mode: str = "",
    styles: Collection[str] = (),
    passed: Collection[str] = (),
) -> Finding:
    """Hold the measures against the rules; the first that makes a clip unusable names the reason.

    `styles` are the manners in which its speaker says it was spoken, as far as they do. `passed` are reasons that a
    moderator heard and let pass: of this clip they are no more than a note.
    """
    broken = [rule for rule in rules if rule.is_for(mode, styles) and rule.is_broken_by(measures)]
    held = [rule for rule in broken if rule.reason not in passed]
    fatal = [rule.reason for rule in held if rule.consequence is Consequence.UNUSABLE]
    warnings = [rule.reason for rule in held if rule.consequence is Consequence.WARN]
    # What is said to nobody else a moderator still reads.
    told = fatal[:1] or warnings
    notes = distinct(rule.reason for rule in broken if rule.reason not in told)
    if fatal:
        return Finding(measures, reason=fatal[0], notes=notes)
    return Finding(measures, warnings=distinct(warnings), notes=notes)


def distinct(reasons: Iterable[str]) -> tuple[str, ...]:
    """Each reason once, in order: rules for two modes may name the same."""
    return tuple(dict.fromkeys(reasons))


def current() -> RulesVersion:
    """The version in force; where the data file is another one than it was made from, the version that this makes."""
    last = RulesVersion.objects.last()
    if last is not None and last.defaults_sha256 == screening.digest():
        return last
    number, changes = (last.version + 1, last.changes) if last else (1, {})
    try:
        with transaction.atomic():
            return kept(number, changes, by=None, reason="")
    except IntegrityError:
        # Another worker met the new file at the same moment: the version is there.
        return current()


def table(version: RulesVersion) -> tuple[Rule, ...]:
    """The rules of the version, in the order in which they are asked."""
    return tuple(screening.rule(entry) for entry in version.rules)


def named(name: str, rules: Iterable[Rule]) -> Rule:
    """The rule of this name; raises LookupError."""
    for rule in rules:
        if rule.name == name:
            return rule
    raise LookupError(name)


def change(made: Change, *, seen: int, reason: str, by: Any) -> RulesVersion:
    """Put a new version in force, by a curator who looked at version `seen`; raises NotChangeable."""
    if not reason.strip():
        raise NotChangeable(_("Please say why: others will want to know."))
    before = current()
    check(made, table(before))
    changes = before.changes | {made.name: {"threshold": made.threshold, "consequence": made.consequence}}
    if seen != before.version:
        raise NotChangeable(_("Somebody changed the rules meanwhile. Please look again at what this would do."))
    try:
        with transaction.atomic():
            after = kept(before.version + 1, changes, by=by, reason=reason.strip())
            audit.record(CHANGED, subject=after, by=by, rule=made.name, **told(made, before))
    except IntegrityError as meanwhile:
        raise NotChangeable(
            _("Somebody changed the rules meanwhile. Please look again at what this would do.")
        ) from meanwhile
    return after


def check(made: Change, rules: Iterable[Rule]) -> None:
    """Raise NotChangeable where the rule is not there, says so already, or may not be set so."""
    try:
        rule = named(made.name, rules)
    except LookupError as unknown:
        raise NotChangeable(_("There is no such rule.")) from unknown
    if not rule.lowest <= made.threshold <= rule.highest:
        raise NotChangeable(
            _("The threshold may lie between %(lowest)s and %(highest)s.")
            % {"lowest": measures.told(rule.measure, rule.lowest), "highest": measures.told(rule.measure, rule.highest)}
        )
    if made.consequence not in rule.choices:
        raise NotChangeable(_("This rule may not have such a grave consequence."))
    if (made.threshold, made.consequence) == (rule.threshold, rule.consequence):
        raise NotChangeable(_("The rule says so already."))


def changed(rules: Iterable[Rule], made: Change) -> tuple[Rule, ...]:
    """The rules as they would be."""
    return with_changes(rules, {made.name: {"threshold": made.threshold, "consequence": made.consequence}})


def with_changes(rules: Iterable[Rule], changes: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules with what curators set on top; what they set of a rule that is no more is passed over."""
    return tuple(
        replace(rule, threshold=set_to["threshold"], consequence=Consequence(set_to["consequence"]))
        if (set_to := changes.get(rule.name))
        else rule
        for rule in rules
    )


def kept(number: int, changes: dict[str, Any], *, by: Any, reason: str) -> RulesVersion:
    """The version's row; raises IntegrityError where somebody else made one of that number."""
    rules = [asdict(rule) for rule in with_changes(screening.rules(), changes)]
    version = RulesVersion(
        version=number,
        rules=rules,
        changes=changes,
        defaults_sha256=screening.digest(),
        changed_by=by,
        reason=reason,
    )
    version.save(force_insert=True)
    return version


def told(made: Change, before: RulesVersion) -> dict[str, Any]:
    """What the log says of the change: from where to where."""
    was = named(made.name, table(before))
    return {
        "threshold": [was.threshold, made.threshold],
        "consequence": [was.consequence, made.consequence],
    }
