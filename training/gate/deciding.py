"""The verdict in facts: which rule applies, whether it is met, what speaks against, and what could not be judged.

Faults and notes are codes with their numbers, so that a page can say them in the reader's language (words.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.evaluation import bootstrap
from training.gate import guards, spending, weighing
from training.gate.weighing import Heard, Known

RELOAD_TOLERANCE = 1e-5
Said = dict[str, Any]  # a code and its numbers


def decide(comparison: Mapping[str, Any], evaluation: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Everything that the gate reckons: `faults` is empty where the candidate may replace what suggests today."""
    has_rival = weighing.has_rival(comparison)
    judged = comparison if has_rival else weighing.alone(comparison)
    clips = weighing.heard(judged, known)
    facts: dict[str, Any] = {
        "rule": "against_champion" if has_rival else "first_champion",
        "test": test_split(clips, known),
        "looks": looks(known),
        "leaks": evaluation.get("leaks"),
        "reload_gap": evaluation.get("training", {}).get("reload_gap"),
        "labels": labels(comparison),
    }
    if is_judgeable(clips):
        facts |= weighed(clips, known, has_rival=has_rival)
    facts["faults"] = list(faults(facts))
    facts["notes"] = list(notes(facts, comparison))
    return facts


def weighed(clips: Heard, known: Known, *, has_rival: bool) -> dict[str, Any]:
    """The figures of the rule that applies."""
    if has_rival:
        return {**weighing.against_champion(clips, known), "guarded": guards.guard(clips, known)}
    return {"first": weighing.first_of_all(clips, known)}


def is_judgeable(clips: Heard) -> bool:
    """Whether there are two emotions and voices enough to say anything at all."""
    return len(set(clips.truth)) > 1 and len(set(clips.speakers)) >= weighing.FEWEST_SPEAKERS


def test_split(clips: Heard, known: Known) -> dict[str, Any]:
    """What was judged on."""
    speakers = len(set(clips.speakers))
    return {
        "clips": len(clips.rows),
        "speakers": speakers,
        "languages": sorted({row["language"] for row in clips.rows}),
        "emotions": sorted(set(clips.truth)),
        "drawn_over": bootstrap.Drawn([], speakers, speakers, 0).over,  # type: ignore[arg-type]
        "draws": known.draws,
        "left_out_since_champion_knows_the_voice": len(known.heard_by_champion),
    }


def looks(known: Known) -> dict[str, Any]:
    """Which look this is, and what it may be fooled by."""
    return {
        "number": spending.look(known.earlier_looks),
        "earlier": round(known.earlier_looks, 3),
        "tail": spending.tail(known.earlier_looks),
        "fooled_at_most": spending.fooled_at_most(known.earlier_looks),
        "worn_from": spending.WORN_FROM,
    }


def labels(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """The emotions both know, and what each knows besides."""
    own = {model: set(names) for model, names in comparison["labels"].items()}
    candidate, champion = own["candidate"], own.get("champion", set())
    return {
        "both": sorted(candidate & champion),
        "candidate_only": sorted(candidate - champion) if champion else [],
        "champion_only": sorted(champion - candidate),
    }


def faults(facts: Mapping[str, Any]) -> Iterator[Said]:
    """What speaks against the candidate."""
    if "guarded" not in facts and "first" not in facts:
        yield {"code": "nothing_to_judge", "speakers": facts["test"]["speakers"], "clips": facts["test"]["clips"]}
    if "first" in facts:
        yield from faults_of_the_first(facts["first"])
    if "primary" in facts:
        if not (facts["primary"]["is_better"] or brings_a_language(facts)):
            yield {"code": "not_better", **facts["primary"]["difference"]}
        for one in facts["guarded"]["guards"]:
            if one["is_credibly_worse"]:
                yield {"code": "worse", "kind": one["kind"], "name": one["name"], **one["difference"]}
    yield from faults_of_leaks(facts["leaks"])
    gap = facts["reload_gap"]
    if not (isinstance(gap, int | float) and gap <= RELOAD_TOLERANCE):
        yield {"code": "reloads_otherwise", "gap": gap}


def brings_a_language(facts: Mapping[str, Any]) -> bool:
    """Whether it is non-inferior in the old languages and above chance in a new one."""
    new = facts.get("new_languages")
    return bool(new and new["old_languages"]["is_non_inferior"] and any(one["is_gained"] for one in new["languages"]))


def faults_of_the_first(first: Mapping[str, Any]) -> Iterator[Said]:
    """A first champion has to beat chance and what knows nothing of speech."""
    if not first["is_above_chance"]:
        yield {"code": "not_above_chance", "low": first["candidate"]["low"], "chance": first["chance"]}
    if not first["is_above_log_mel"]:
        yield {"code": "not_above_log_mel", **first.get("difference", {"value": None, "low": None, "high": None})}


def faults_of_leaks(leaks: Any) -> Iterator[Said]:
    """What the probes found that the test shares with what was trained on."""
    if not isinstance(leaks, Mapping) or "shuffled_labels" not in leaks:
        yield {"code": "no_leak_probes"}
        return
    counted = {
        "leak_speakers": leaks["speakers_on_both_sides"],
        "leak_copies": leaks["copies"]["clips"],
        "leak_voices": leaks["voices_under_two_names"]["suspected"],
    }
    yield from ({"code": code, "count": count} for code, count in counted.items() if count)
    shuffled = leaks["shuffled_labels"]
    if not shuffled["is_at_chance"]:
        yield {"code": "leak_labels", "low": shuffled["interval"]["low"], "chance": shuffled["chance"]}


def notes(facts: Mapping[str, Any], comparison: Mapping[str, Any]) -> Iterator[Said]:
    """What does not speak against it, and should be known."""
    if facts["rule"] == "first_champion" and "champion" in comparison["labels"]:
        yield {"code": "nothing_shared"}
    if comparison.get("champion_fault"):
        yield {"code": "champion_not_heard", "reason": comparison["champion_fault"]}
    for code in ("candidate_only", "champion_only"):
        if facts["labels"][code]:
            yield {"code": code, "emotions": facts["labels"][code]}
    if left_out := facts["test"]["left_out_since_champion_knows_the_voice"]:
        yield {"code": "champion_knows_voices", "clips": left_out}
    if facts["test"]["speakers"] < bootstrap.FEW_SPEAKERS:
        yield {"code": "few_speakers", "speakers": facts["test"]["speakers"]}
    if facts["looks"]["number"] >= spending.WORN_FROM:
        yield {"code": "worn", "looks": facts["looks"]["number"]}
    for one in facts.get("guarded", {}).get("unjudged", []):
        yield {"code": "unjudged", **one}
