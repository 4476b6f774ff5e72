"""The gate's rules, from made-up answers of two models: what passes, what is held back, and what is said of it."""

import pytest

from tests.training.compared import LEAKS, comparison
from training.gate import deciding, spending
from training.gate.weighing import Known

CLEAN = {"leaks": LEAKS, "training": {"reload_gap": 0.0}}
ENGLISH = frozenset({"en"})


def decided(candidate, champion, *, evaluation=CLEAN, speakers=6, **known):
    """The facts of a candidate and a champion that are right so often of ten, by language."""
    right = {"candidate": candidate, "champion": champion or {}, "log_mel": {"en": 6}}
    told = comparison(right, champion="c" * 64 if champion else None, speakers=speakers)
    known = {"candidate_languages": ENGLISH, "champion_languages": ENGLISH, "draws": 400} | known
    return deciding.decide(told, evaluation, Known(**known))


def codes(said):
    return [one["code"] for one in said]


@pytest.mark.parametrize(
    ("candidate", "champion", "faults"),
    [
        ({"en": 9}, {"en": 6}, []),
        ({"en": 6}, {"en": 6}, ["not_better"]),
        ({"en": 5}, {"en": 9}, ["not_better", "worse"]),
        ({"en": 9}, None, []),
        ({"en": 6}, None, ["not_above_log_mel"]),
        ({"en": 5}, None, ["not_above_chance", "not_above_log_mel"]),
        # A shuffled candidate is no more right than chance, whoever it would replace.
        ({"en": 5}, {"en": 6}, ["not_better", "worse"]),
    ],
)
def test_only_what_is_better_than_what_there_is_passes(candidate, champion, faults):
    facts = decided(candidate, champion)

    assert list(dict.fromkeys(codes(facts["faults"]))) == faults
    assert facts["rule"] == ("against_champion" if champion else "first_champion")


def test_a_gain_in_one_language_does_not_pay_for_a_loss_in_another():
    both = frozenset({"en", "pl"})
    languages = {"candidate_languages": both, "champion_languages": both}
    facts = decided({"en": 10, "pl": 7}, {"en": 5, "pl": 8}, speakers=20, **languages)

    worse = {(one["kind"], one["name"]) for one in facts["faults"]}
    assert facts["primary"]["is_better"]
    assert worse == {("language", "pl"), *(("language and gender", f"pl {gender}") for gender in ("female", "male"))}


def test_a_new_language_is_worth_a_little_of_the_old_ones_and_no_more():
    both, facts = frozenset({"en", "pl"}), {}
    for name, candidate in {
        "level": {"en": 8, "pl": 9},
        "dear": {"en": 6, "pl": 9},
        "empty": {"en": 8, "pl": 5},
    }.items():
        facts[name] = decided(candidate, {"en": 8, "pl": 9}, candidate_languages=both, champion_languages=ENGLISH)

    assert codes(facts["level"]["faults"]) == []
    assert not facts["level"]["primary"]["is_better"]
    assert facts["level"]["new_languages"]["languages"][0]["is_gained"]
    assert not facts["dear"]["new_languages"]["old_languages"]["is_non_inferior"]
    assert "not_better" in codes(facts["dear"]["faults"])
    assert "not_better" in codes(facts["empty"]["faults"])


def test_a_language_that_the_champion_knows_is_nothing_new():
    facts = decided(
        {"en": 8, "pl": 9}, {"en": 8, "pl": 9}, candidate_languages={"en", "pl"}, champion_languages={"en", "pl"}
    )

    assert facts["new_languages"] is None
    assert codes(facts["faults"]) == ["not_better"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"speakers_on_both_sides": 1}, "leak_speakers"),
        ({"copies": {"clips": 2}}, "leak_copies"),
        ({"voices_under_two_names": {"suspected": 1}}, "leak_voices"),
        ({"shuffled_labels": {"is_at_chance": False, "chance": 0.5, "interval": {"low": 0.6}}}, "leak_labels"),
    ],
)
def test_a_figure_that_leaks_helps_nobody_pass(change, code):
    facts = decided({"en": 9}, {"en": 6}, evaluation=CLEAN | {"leaks": LEAKS | change})

    assert codes(facts["faults"]) == [code]


def test_what_was_not_looked_at_does_not_pass():
    assert codes(decided({"en": 9}, None, evaluation={})["faults"]) == ["no_leak_probes", "reloads_otherwise"]
    drifts = CLEAN | {"training": {"reload_gap": 2e-5}}
    assert codes(decided({"en": 9}, None, evaluation=drifts)["faults"]) == ["reloads_otherwise"]


def test_one_voice_says_nothing_and_few_say_little():
    one, four, five = (decided({"en": 9}, {"en": 6}, speakers=speakers) for speakers in (1, 4, 5))

    assert codes(one["faults"]) == ["nothing_to_judge"]
    assert codes(four["notes"])[0] == codes(one["notes"])[0] == "few_speakers"
    assert "few_speakers" not in codes(five["notes"])
    assert four["test"]["drawn_over"] == "speakers, then clips"
    assert ("gender", "male") in [
        (note.get("kind"), note.get("name")) for note in decided({"en": 9}, {"en": 6}, speakers=2)["notes"]
    ]


def test_models_are_compared_on_the_emotions_that_both_know():
    told = comparison({"candidate": {"en": 9}, "champion": {"en": 6}}, champion="c" * 64)
    told["labels"]["candidate"] = ["anger", "neutral", "joy"]
    for row in told["clips"]:
        # What it would say most of all cannot be said here, since the champion cannot say it.
        row["candidate"] = [*row["candidate"], 0.9]
    told["clips"] += [told["clips"][0] | {"key": "new", "truth": "joy"}]

    facts = deciding.decide(told, CLEAN, Known(draws=200))

    assert facts["test"]["clips"] == len(told["clips"]) - 1
    assert facts["primary"]["candidate"] == 0.9
    assert facts["notes"] == [{"code": "candidate_only", "emotions": ["joy"]}]
    told["labels"]["champion"] = ["anger", "calm"]
    assert deciding.decide(told, CLEAN, Known(draws=200))["rule"] == "first_champion"


def test_clips_of_voices_that_the_champion_was_trained_on_do_not_weigh():
    all_clips = decided({"en": 9}, {"en": 6})
    fewer = decided({"en": 9}, {"en": 6}, heard_by_champion=frozenset(f"en0x{place}" for place in range(20)))

    assert fewer["test"]["clips"] == all_clips["test"]["clips"] - 20
    assert {"code": "champion_knows_voices", "clips": 20} in fewer["notes"]


def test_every_look_asks_for_more_down_to_a_floor_and_new_speakers_make_it_cheaper():
    tails = [spending.tail(looks) for looks in (0, 0.4, 1, 1.6, 2, 50)]

    assert tails == pytest.approx([0.025, 0.025, 0.05 / 6, 0.05 / 6, 0.005, 0.005])
    assert spending.fooled_at_most(1) == pytest.approx(0.025 + 0.05 / 6)
    assert decided({"en": 9}, {"en": 6}, earlier_looks=12.0)["notes"][0] == {"code": "worn", "looks": 13}


def test_the_same_answers_give_the_same_verdict_to_the_last_digit():
    assert decided({"en": 7}, {"en": 6}) == decided({"en": 7}, {"en": 6})


def test_of_one_language_gender_is_asked_once_and_of_two_with_each():
    both = frozenset({"en", "pl"})
    one = decided({"en": 9}, {"en": 6}, speakers=20)
    two = decided(
        {"en": 9, "pl": 9}, {"en": 6, "pl": 6}, speakers=20, candidate_languages=both, champion_languages=both
    )

    assert {"gender", "worst gender"} <= kinds(one)
    assert not {"language", "language and gender", "worst language and gender"} & kinds(one)
    assert {"language", "gender", "language and gender", "worst language and gender"} <= kinds(two)


def kinds(facts):
    return {guard["kind"] for guard in facts["guarded"]["guards"]}
