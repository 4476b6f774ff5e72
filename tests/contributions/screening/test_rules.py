"""What follows from a measure is data, and every change of it a new version."""

import pytest

from contributions.models import RulesVersion
from contributions.models.consent import Immutable
from contributions.models.prompt import Prompt
from contributions.screening import rules
from contributions.taxonomy import screening
from contributions.taxonomy.screening import Comparison, Consequence, Rule
from contributions.taxonomy.styles import names as styles
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

GOOD = {"peak_dbfs": -20.0, "speech_seconds": 1.0, "clipped_ratio": 0.0}


@pytest.mark.parametrize(
    ("measures", "reason", "warnings"),
    [
        ({"peak_dbfs": -70, "speech_seconds": 0}, "SILENT", ()),
        ({"speech_seconds": 0.2}, "NO_SPEECH", ()),
        ({"clipped_ratio": 0.02}, "CLIPPED", ()),
        ({"peak_dbfs": -45}, "", ("QUIET",)),
        ({"clipped_ratio": 0.006}, "", ("SLIGHTLY_CLIPPED",)),
        ({"speech_seconds": 0.25}, "", ()),
    ],
)
def test_the_rules_say_what_they_say(measures, reason, warnings):
    finding = rules.judge(GOOD | measures, rules=screening.rules())

    assert (finding.reason, finding.warnings) == (reason, warnings)


def test_a_quiet_whisper_is_not_told_to_speak_up():
    finding = rules.judge(GOOD | {"peak_dbfs": -45}, rules=screening.rules(), styles=["whisper"])

    assert finding == rules.Finding(GOOD | {"peak_dbfs": -45})


def test_what_could_not_be_measured_breaks_no_rule():
    assert rules.judge({"peak_dbfs": None}, rules=screening.rules()).is_usable


def a_rule(**columns) -> Rule:
    """A rule on the offset, with these columns."""
    defaults = {
        "name": "offset",
        "reason": "OFFSET",
        "measure": "dc_offset",
        "comparison": Comparison.BEYOND,
        "threshold": 0.1,
        "lowest": 0.0,
        "highest": 1.0,
        "consequence": Consequence.NOTE,
        "at_most": Consequence.WARN,
        "source": "a test",
    }
    return Rule(**(defaults | columns))


def test_a_note_is_for_moderators_and_warns_nobody():
    finding = rules.judge({"dc_offset": -0.2}, rules=[a_rule()])

    assert (finding.is_usable, finding.warnings, finding.notes) == (True, (), ("OFFSET",))


def test_a_rule_for_sentences_is_not_asked_of_what_is_told_freely():
    rule = a_rule(modes=("ACTED",))

    assert rules.judge({"dc_offset": 0.2}, rules=[rule], mode="OWN_WORDS").notes == ()
    assert rules.judge({"dc_offset": 0.2}, rules=[rule], mode="ACTED").notes == ("OFFSET",)


def test_a_rule_that_is_off_says_nothing():
    assert rules.judge({"dc_offset": 0.2}, rules=[a_rule(consequence=Consequence.OFF)]).notes == ()


def test_every_rule_of_the_data_file_keeps_its_own_bounds():
    names = [rule.name for rule in screening.rules()]

    assert len(names) == len(set(names))
    for rule in screening.rules():
        assert rule.lowest <= rule.threshold <= rule.highest, rule.name
        assert rule.consequence in rule.choices, rule.name
        assert rule.source.endswith("."), rule.name
        assert set(rule.modes) <= set(Prompt.Kind.values), rule.name
        assert set(rule.not_for) <= styles(), rule.name


def test_only_physics_makes_a_clip_unusable():
    physical = {"peak_dbfs", "speech_seconds", "clipped_ratio", "flattened_ratio"}

    refusing = {rule.measure for rule in screening.rules() if Consequence.UNUSABLE in rule.choices}

    assert refusing == physical


QUIETER = rules.Change("silent", -70.0, Consequence.UNUSABLE)


def test_cleos_change_is_a_new_version_with_who_and_why(cleo):
    before = rules.current()

    after = rules.change(QUIETER, seen=before.version, reason=" too many whispers ", by=cleo)

    assert (after.version, after.reason, after.changed_by) == (before.version + 1, "too many whispers", cleo)
    assert rules.named("silent", rules.table(rules.current())).threshold == -70
    assert rules.named("silent", rules.table(before)).threshold == -66
    event = AuditEvent.objects.get(act=rules.CHANGED)
    assert (event.actor, event.facts["threshold"]) == (cleo, [-66, -70])


def test_a_version_is_never_changed(db):
    version = rules.current()
    version.reason = "something else"

    with pytest.raises(Immutable):
        version.save()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (QUIETER, ""),
        (rules.Change("silent", -10.0, Consequence.UNUSABLE), "too much"),
        (rules.Change("silent", -66.0, Consequence.UNUSABLE), "as it is"),
        (rules.Change("quiet", -40.0, Consequence.UNUSABLE), "too grave"),
        (rules.Change("no-such-rule", 1.0, Consequence.NOTE), "unknown"),
    ],
)
def test_what_may_not_be_set_changes_nothing(cleo, change, reason):
    before = rules.current()

    with pytest.raises(rules.NotChangeable):
        rules.change(change, seen=before.version, reason=reason, by=cleo)
    assert rules.current() == before
    assert not AuditEvent.objects.filter(act=rules.CHANGED).exists()


def test_cleo_does_not_overwrite_what_another_curator_changed_meanwhile(cleo):
    seen = rules.current().version
    rules.change(QUIETER, seen=seen, reason="first", by=worlds.person("carla", role=Role.CURATOR))

    with pytest.raises(rules.NotChangeable):
        rules.change(rules.Change("quiet", -45.0, Consequence.WARN), seen=seen, reason="second", by=cleo)


def test_a_newer_data_file_is_a_new_version_that_keeps_what_cleo_set(cleo, monkeypatch):
    before = rules.change(QUIETER, seen=rules.current().version, reason="whispers", by=cleo)
    monkeypatch.setattr(screening, "digest", lambda: "another file")

    after = rules.current()

    assert (after.version, after.changed_by) == (before.version + 1, None)
    assert rules.named("silent", rules.table(after)).threshold == -70
    assert RulesVersion.objects.count() == 3


def test_what_a_moderator_heard_and_let_pass_is_no_more_than_a_note():
    finding = rules.judge(GOOD | {"clipped_ratio": 0.02}, rules=screening.rules(), passed=["CLIPPED"])

    assert (finding.is_usable, finding.notes) == (True, ("CLIPPED",))


def test_a_moderator_reads_whatever_else_was_found_of_an_unusable_clip():
    finding = rules.judge(
        {"peak_dbfs": -70, "speech_seconds": 0, "dc_offset": 0.5}, rules=[*screening.rules(), a_rule()]
    )

    assert (finding.reason, finding.warnings) == ("SILENT", ())
    assert finding.notes == ("NO_SPEECH", "QUIET", "OFF_CENTRE", "OFFSET")


def test_sound_that_was_brought_up_from_a_lower_rate_is_noted():
    assert rules.judge(GOOD | {"band_ratio": 1 / 3}, rules=screening.rules()).notes == ("UPSAMPLED",)
    assert rules.judge(GOOD | {"band_ratio": 0.5}, rules=screening.rules()).notes == ()
