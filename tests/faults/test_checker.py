"""The checker sees what is lost and what is doubled: made-up ledgers against made-up rows."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.checker import DERIVED, GIVEN_UP, Facts, Row, compared, dashed
from tests.faults.ledger import Entry, Ledger, Try
from tests.faults.schedule import schedule

CLIPS = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"]
SHA = {name: name[-1] * 64 for name in CLIPS}
ENTRIES = [Entry(name, SHA[name], 10.0, 12.0, [Try(500, 10.0, 0.1), Try(201, 11.0, 1.0)]) for name in CLIPS]


def facts():
    """A site on which everything went as it should."""
    return Facts(
        clips={name: Row(SHA[name], "IN_REVIEW") for name in CLIPS},
        objects={f"clips/{name}/{part}": SHA[name] for name in CLIPS for part in ("original", *DERIVED)},
        examinations=Counter(CLIPS),
        acts=Counter((name, act) for name in CLIPS for act in ("clip.stored", "clip.in_review")),
        suggestions=Counter((name, "1") for name in CLIPS),
        claims_of_suggestions=2,
    )


def found(**changed):
    """What the checker says of a site that differs in this."""
    return compared(ENTRIES, replace(facts(), **changed))


def without(counted, *gone):
    """The same without these."""
    return type(counted)({name: x for name, x in counted.items() if name not in gone})


def test_a_site_that_kept_everything_is_said_to_have():
    outcome = found()

    assert (outcome.acknowledged, outcome.lost, outcome.doubled, outcome.wasted, outcome.orphans) == (2, 0, 0, 0, 0)
    assert (outcome.errors_5xx, outcome.p99_seconds) == (2, 2.0)
    assert json.loads(outcome.line())["lost"] == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clips": without(facts().clips, CLIPS[0])}, "has no row"),
        ({"clips": facts().clips | {CLIPS[0]: Row(SHA[CLIPS[1]], "IN_REVIEW")}}, "has another digest in its row"),
        ({"clips": facts().clips | {CLIPS[0]: Row(SHA[CLIPS[0]], "STORED")}}, "is STORED still"),
        ({"objects": without(facts().objects, f"clips/{CLIPS[0]}/original")}, "has no bytes"),
        ({"objects": facts().objects | {f"clips/{CLIPS[0]}/original": "c" * 64}}, "has other bytes"),
        ({"objects": without(facts().objects, f"clips/{CLIPS[0]}/peaks.json")}, "lacks ('object',"),
        ({"examinations": without(facts().examinations, CLIPS[0])}, "lacks ('examination',"),
        ({"acts": without(facts().acts, (CLIPS[0], "clip.stored"))}, "lacks ('act',"),
        ({"acts": without(facts().acts, (CLIPS[0], "clip.in_review"))}, "lacks ('act',"),
        ({"suggestions": without(facts().suggestions, (CLIPS[0], "1"))}, "lacks ('suggestion',"),
        ({"suggestions": facts().suggestions | Counter({(CLIPS[0], "2"): 1})}, "lacks ('suggestion',"),
    ],
)
def test_whatever_is_missing_of_an_acknowledged_clip_is_told(changed, words):
    outcome = found(**changed)

    assert outcome.lost == 1
    assert words in outcome.found[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"examinations": facts().examinations + Counter(CLIPS[:1])},
        {"acts": facts().acts + Counter([(CLIPS[0], "clip.stored")])},
        {"acts": facts().acts + Counter([(CLIPS[0], "clip.in_review")])},
        {"acts": facts().acts + Counter([(CLIPS[0], "clip.unusable")])},
        {"suggestions": facts().suggestions + Counter([(CLIPS[0], "1")])},
    ],
)
def test_whatever_happened_twice_is_told(changed):
    assert found(**changed).doubled == 1


def test_claims_that_came_to_nothing_are_wasted():
    clips = facts().clips | {CLIPS[0]: Row(SHA[CLIPS[0]], "IN_REVIEW", fence=3)}

    assert found(clips=clips, claims_of_suggestions=3).wasted == 3


def test_a_clip_that_was_given_up_is_here_and_counted():
    clips = facts().clips | {CLIPS[0]: Row(SHA[CLIPS[0]], "QUARANTINED", GIVEN_UP, fence=3)}
    acts = without(facts().acts, (CLIPS[0], "clip.in_review")) + Counter([(CLIPS[0], "clip.quarantined")])
    outcome = found(clips=clips, acts=acts, examinations=without(facts().examinations, CLIPS[0]))

    assert (outcome.lost, outcome.given_up) == (0, 1)


def test_what_nobody_was_told_of_is_an_orphan():
    outcome = compared(ENTRIES[:1], facts())

    assert (outcome.acknowledged, outcome.orphans) == (1, 1)


def test_what_faults_added_is_measured_against_the_quiet():
    late = [replace(each, acknowledged_at=100.0) for each in ENTRIES[1:]]

    assert compared([ENTRIES[0], *late], facts(), quiet_until=50.0).added_p99_seconds == 88.0


def test_a_ledger_reads_what_it_wrote(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    entry = ledger.acknowledge(CLIPS[0], SHA[CLIPS[0]], [Try(0, 1.0, 2.0), Try(201, 3.0, 0.5)])

    assert list(Ledger(tmp_path / "ledger.jsonl").entries()) == [entry]
    assert ledger.count == 1


def test_sqlite_writes_an_id_without_dashes():
    assert dashed(CLIPS[0].replace("-", "")) == CLIPS[0]


def test_a_seed_makes_the_same_schedule_with_forty_kills_and_another_seed_another():
    faults = schedule(1)

    assert faults == schedule(1) != schedule(2)
    assert sum(fault.is_kill for fault in faults) >= 40
    assert [fault.after_clips for fault in faults] == sorted(fault.after_clips for fault in faults)
