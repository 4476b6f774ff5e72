"""The seed head's model card, written from its facts alone."""

from __future__ import annotations

from typing import Any

CARD = """\
# The seed head

What suggests on a fresh Open Empathic site until the site has a champion of its own. A small ear and a reader of
captions on the fixed base (the first four layers of the Whisper-base encoder, OpenAI, MIT). No training starts from it:
every run starts from the fixed base, whose licence is free.

**Licence: CC BY-NC-SA 4.0** (https://creativecommons.org/licenses/by-nc-sa/4.0/), because it is made of two corpora
under that licence. Whoever shows it or its suggestions says so; a site that earns money switches it off.

## Made of
| corpus | clips | speakers | seconds | language | emotions |
|---|---|---|---|---|---|
{corpora}

RAVDESS: Livingstone & Russo 2018, doi:10.1371/journal.pone.0196391. nEMO: Christop 2024, arXiv:2404.06292. Both are
acted, in two languages, by {speakers} people; no other emotional corpus is in its training. Captions were written in
{languages}: words in other languages it has never read. The voices were only ever English and Polish.

## How well it hears voices it never heard
Unweighted average recall (UAR) of its suggestion, {groups} times trained without a sixth of the speakers of both
corpora and asked about those; a corpus's clips are asked for the emotions that the corpus has. Interval: 95 %, a
bootstrap that draws {over} with replacement.

| clips of | UAR | 95 % interval | speakers | chance | goal |
|---|---|---|---|---|---|
{recalls}

Beside a logistic regression on the bare tower (layer and regularisation chosen inside its training speakers, the
corpus's own folds), on the same clips:

| clips of | bare tower | the suggestion is better by | 95 % interval |
|---|---|---|---|
{differences}

## How sure it is
Probabilities are softened by a temperature of {temperature:g}. Under {sure_from:.0%} it says "not sure" instead of
naming an emotion: from there on at most {highest_risk:.0%} of its answers should be wrong. Both were fitted to voices
it had not heard. Fitted on {fitted_on} of {groups} groups of speakers and measured on the one left out, each in turn:

| | |
|---|---|
| expected calibration error (15 bins), before and after | {error_before:.3f}, {error:.3f} |
| clips that get an answer | {coverage:.1%} |
| answers that are wrong | {risk} |
| wrong if it always answered | {risk_without:.1%} |

{by_corpus}

## Elsewhere
{elsewhere}

## What it does not know
It learnt from actors who read a few sentences in a studio. How it hears spontaneous speech, children, old people, other
languages, telephones and noise was not measured. It suggests how a voice may sound to listeners, not what a person
feels; it decides nothing, and listeners see it only after their own blind answer.

## Made again
`{command}`

The plan, versions and digests are in `facts.json` beside the head, the digest of every file in `SHA256SUMS`. On the
same kind of processor with the same version of torch the weights come out the same, byte for byte.
"""

ELSEWHERE = """\
Asked about clips of a corpus that had no part in it, for the emotions of that corpus (UAR) and for all of its own (the
last three columns). Other people, sentences, rooms and microphones cost it far more than voices it has not heard; what
is said above of how sure it is does not hold there.

| clips of | UAR | 95 % interval | speakers | chance | get an answer | answers that are wrong | if it always answered |
|---|---|---|---|---|---|---|---|"""
# What was hoped for before it was made, in UAR.
GOALS = {"ravdess": 0.76, "nemo": 0.72}


def written(facts: dict[str, Any]) -> str:
    """The card's text; every figure in it stands in facts.json."""
    certainty, calibration = facts["measured"]["certainty"], facts["calibration"]
    return CARD.format(
        corpora="\n".join(_corpus(name, told) for name, told in facts["corpora"].items()),
        speakers=sum(told["speakers"] for told in facts["corpora"].values()),
        languages=", ".join(facts["caption_languages"]),
        groups=facts["groups"],
        fitted_on=facts["groups"] - 1,
        highest_risk=certainty["highest_risk"],
        over=" or ".join(sorted({told["interval"]["over"] for told in facts["measured"]["recall"].values()})),
        recalls="\n".join(_recall(name, told) for name, told in facts["measured"]["recall"].items()),
        differences="\n".join(_difference(*each) for each in facts["measured"]["against_bare_tower"].items()),
        temperature=calibration["temperature"],
        sure_from=calibration["sure_from"],
        error_before=certainty["calibration_error_before"],
        error=certainty["calibration_error"],
        coverage=certainty["coverage"],
        risk=_share(certainty["risk"]),
        risk_without=certainty["risk_without_not_sure"],
        elsewhere=_elsewhere(facts["measured"]["elsewhere"]),
        by_corpus="\n".join(_answers(name, told) for name, told in certainty["by_corpus"].items()),
        command=facts["command"],
    )


def _corpus(name: str, told: dict[str, Any]) -> str:
    emotions = ", ".join(told["emotions"])
    languages = ", ".join(told["languages"])
    return f"| {name} | {told['clips']} | {told['speakers']} | {told['seconds']:.0f} | {languages} | {emotions} |"


def _recall(name: str, told: dict[str, Any]) -> str:
    low, high = told["interval"]["low"], told["interval"]["high"]
    whose = "both, all emotions" if name == "all" else name
    speakers = told["interval"]["speakers"]
    interval = f"{low:.3f} to {high:.3f} | {speakers}"
    return f"| {whose} | {told['uar']:.3f} | {interval} | {told['chance']:.3f} | {_against_goal(name, told['uar'])} |"


def _against_goal(name: str, value: float) -> str:
    if name not in GOALS:
        return ""
    return f"{GOALS[name]:.2f}, {'reached' if value >= GOALS[name] else 'missed'}"


def _difference(name: str, told: dict[str, Any]) -> str:
    gained, interval = told["difference"]["difference"], told["difference"]["interval"]
    bare = told["bare_tower"]["uar"]
    return f"| {name} | {bare:.3f} | {gained:+.3f} | {interval['low']:+.3f} to {interval['high']:+.3f} |"


def _elsewhere(measured: dict[str, Any]) -> str:
    if not measured:
        return "It was not asked about clips of any other corpus."
    rows = [_row_of(name, told) for name, told in measured.items()]
    return "\n".join([ELSEWHERE, *rows])


def _row_of(name: str, told: dict[str, Any]) -> str:
    recall = told["recall"]
    interval = f"{recall['interval']['low']:.3f} to {recall['interval']['high']:.3f} | {recall['interval']['speakers']}"
    shares = f"{_share(told['coverage'])} | {_share(told['risk'])} | {_share(told['risk_without_not_sure'])}"
    return f"| {name} | {recall['uar']:.3f} | {interval} | {recall['chance']:.3f} | {shares} |"


def _answers(name: str, told: dict[str, Any]) -> str:
    return f"- {name}: {_share(told['coverage'])} get an answer, {_share(told['risk'])} of the answers are wrong"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
