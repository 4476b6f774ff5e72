"""A curator sees what a changed rule would do to the clips already here, before it does."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions import self_reports
from contributions.management.commands import screen_again
from contributions.models import Clip, Examination, SelfReport
from contributions.screening import examination, foresight, rules
from contributions.screening.foresight import Effect
from contributions.taxonomy.screening import Consequence
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import worlds

GOOD = {"peak_dbfs": -20.0, "speech_seconds": 1.0, "clipped_ratio": 0.0, "duration_seconds": 1.5}
LOUDER = rules.Change("silent", -60.0, Consequence.UNUSABLE)
SOFTER = rules.Change("silent", -70.0, Consequence.UNUSABLE)


def measured(someone, **measures) -> Clip:
    """A clip of theirs that was screened with these measures under the rules in force."""
    clip = worlds.stored_clip(someone)
    version = rules.current()
    finding = rules.judge(GOOD | measures, rules=rules.table(version))
    status = Clip.Status.IN_REVIEW if finding.is_usable else Clip.Status.UNUSABLE
    Clip.objects.filter(pk=clip.pk).update(status=status, status_reason=finding.reason, fence=1, next_attempt_at=None)
    Examination.objects.create(
        clip=clip,
        agent=examination.AGENT,
        version="test",
        fence=1,
        rules=version,
        measures=finding.measures,
        is_usable=finding.is_usable,
        reason=finding.reason,
        warnings=list(finding.warnings),
    )
    clip.refresh_from_db()
    return clip


def foreseen(change: rules.Change) -> dict[Effect, list[object]]:
    """The clips that the change would touch, by how."""
    found = foresight.foresee(change, rules.table(rules.current()))
    return {effect: [each.clip_id for each in some.shown] for effect, some in found.touching.items() if some.count}


def test_a_stricter_threshold_tells_which_clips_would_become_unusable(vera):
    quiet, _good, _silent = (measured(vera, peak_dbfs=peak) for peak in (-62.0, -20.0, -80.0))

    assert foreseen(LOUDER) == {Effect.UNUSABLE: [quiet.pk]}


def test_a_laxer_threshold_tells_which_clips_would_be_heard(vera):
    almost_silent, _silent = measured(vera, peak_dbfs=-68.0), measured(vera, peak_dbfs=-80.0)

    assert foreseen(SOFTER) == {Effect.FREED: [almost_silent.pk]}


def test_a_clip_that_another_rule_refuses_is_not_freed(vera):
    measured(vera, peak_dbfs=-68.0, speech_seconds=0.0)

    assert foreseen(SOFTER) == {}


def test_a_warning_comes_and_goes(vera):
    quiet, quieter = measured(vera, peak_dbfs=-35.0), measured(vera, peak_dbfs=-45.0)

    assert foreseen(rules.Change("quiet", -30.0, Consequence.WARN)) == {Effect.WARNED: [quiet.pk]}
    assert foreseen(rules.Change("quiet", -40.0, Consequence.OFF)) == {Effect.UNWARNED: [quieter.pk]}


def test_a_graver_consequence_is_foreseen_too(vera):
    distorted = measured(vera, clipped_ratio=0.007)

    grave = rules.Change("slightly-clipped", 0.005, Consequence.UNUSABLE)

    assert foreseen(grave) == {Effect.UNUSABLE: [distorted.pk]}


def test_who_says_that_they_whispered_is_not_among_the_warned(vera):
    whispered = measured(vera, peak_dbfs=-35.0)
    SelfReport.objects.create(clip=whispered, styles=["whisper"])

    assert foreseen(rules.Change("quiet", -30.0, Consequence.WARN)) == {}
    assert self_reports.newest([whispered.pk])


def test_it_is_counted_by_emotion_and_by_language_among_all(vera):
    measured(vera, peak_dbfs=-62.0)
    measured(vera)

    found = foresight.foresee(LOUDER, rules.table(rules.current()))

    emotion = Clip.objects.first().intended_emotion
    assert found.touching[Effect.UNUSABLE].emotions == {emotion: 1}
    assert (found.count, found.languages) == (2, {"en": 2})


def test_withdrawn_clips_and_older_screenings_are_left_out(vera):
    gone, again = measured(vera, peak_dbfs=-62.0), measured(vera, peak_dbfs=-62.0)
    Clip.objects.filter(pk=gone.pk).update(status=Clip.Status.WITHDRAWN)
    Examination.objects.create(
        clip=again, agent=examination.AGENT, version="test", fence=2, measures=GOOD, is_usable=True
    )

    assert foreseen(LOUDER) == {}


def test_the_sound_is_not_opened_and_the_questions_do_not_grow_with_the_clips(vera, monkeypatch):
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            foresight.foresee(LOUDER, table)
        return len(asked)

    table = rules.table(rules.current())
    measured(vera, peak_dbfs=-62.0)
    monkeypatch.setattr(storage, "fetch", None)
    monkeypatch.setattr(storage, "open", None)
    few = questions()
    monkeypatch.undo()
    for _ in range(3):
        measured(vera, peak_dbfs=-62.0)

    assert questions() == few == 2


def test_foreseeing_changes_nothing(vera):
    clip = measured(vera, peak_dbfs=-68.0)

    foreseen(SOFTER)

    clip.refresh_from_db()
    assert clip.status == Clip.Status.UNUSABLE
    assert rules.current().version == 1


def test_cleo_sends_what_her_rules_free_to_be_screened_again(vera, cleo):
    freed, refused = measured(vera, peak_dbfs=-68.0), measured(vera, peak_dbfs=-80.0)
    after = rules.change(SOFTER, seen=rules.current().version, reason="whispers", by=cleo)

    assert foresight.screen_again(rules.table(after), by=cleo) == 1

    freed.refresh_from_db()
    refused.refresh_from_db()
    assert (freed.status, refused.status) == (Clip.Status.STORED, Clip.Status.UNUSABLE)
    assert freed.next_attempt_at is not None
    assert AuditEvent.objects.get(act="clip.stored", facts__reason="RULES_CHANGED").actor == cleo
    assert examination.examine_due(freed.pk).status == Clip.Status.IN_REVIEW
    assert freed.examinations.last().rules == after


def test_a_curator_does_not_free_her_own_voice(vera, cleo):
    own = measured(vera, peak_dbfs=-68.0)
    after = rules.change(SOFTER, seen=rules.current().version, reason="whispers", by=cleo)

    assert foresight.screen_again(rules.table(after), by=vera) == 0
    own.refresh_from_db()
    assert own.status == Clip.Status.UNUSABLE


def test_no_more_are_sent_at_once_than_a_page_can_wait_for(vera, cleo):
    for _ in range(3):
        measured(vera, peak_dbfs=-68.0)
    after = rules.change(SOFTER, seen=rules.current().version, reason="whispers", by=cleo)

    assert [foresight.screen_again(rules.table(after), by=cleo, at_most=2) for _ in range(2)] == [2, 1]


@pytest.mark.parametrize("rule", ["quiet", "clipped"])
def test_a_rule_that_did_not_change_touches_nothing(vera, rule):
    measured(vera, peak_dbfs=-62.0, clipped_ratio=0.02)
    was = rules.named(rule, rules.table(rules.current()))

    assert foreseen(rules.Change(rule, was.threshold, was.consequence)) == {}


def test_an_operator_sends_all_of_them_in_a_curators_name(vera, cleo, capsys, monkeypatch):
    monkeypatch.setattr(screen_again, "AT_ONCE", 2)
    clips = [measured(vera, peak_dbfs=-68.0) for _ in range(3)]
    rules.change(SOFTER, seen=rules.current().version, reason="whispers", by=cleo)

    with pytest.raises(CommandError):
        call_command("screen_again", by=vera.email)
    call_command("screen_again", by=cleo.email)

    assert "3 clips" in capsys.readouterr().out
    assert Clip.objects.filter(pk__in=[clip.pk for clip in clips], status=Clip.Status.STORED).count() == 3
