"""The model card: what a checkpoint is, how well it was measured to work, and what it must not be used for."""

from __future__ import annotations

from typing import Any

from training.clara import Clara

CARD = """\
# CLARA {name}

A contrastive audio-text model that suggests which emotion listeners will hear in a voice. Trained {start} on
{clips} clips ({seconds:.0f} s) of {speakers} speakers; languages: {languages}; emotions: {emotions}.

## How well it hears voices it never heard
Unweighted average recall (UAR) on {test_clips} clips of {test_speakers} test speaker(s); chance is {chance:.3f}.

| way | UAR | 95 % interval |
|---|---|---|
| suggestion (captions and head) | {zero_shot} |
| logistic regression on its embeddings | {probe} |
{tower}| logistic regression on log-mel statistics (baseline) | {baseline} |

The interval is a bootstrap over {over}.{warning}

| language | UAR | 95 % interval |
|---|---|---|
{by_language}

{groups}| emotion | recall |
|---|---|
{recalls}

{more}

## Training
{steps} steps on a {device}; release `{digest}`; every figure and setting is in `eval.json`, as a page in `eval.html`.
Corpora: {corpora}. Labels by method: {methods}; `counts` are shares of listeners, `dawid-skene` an estimate that
believes each listener as far as the others bear them out, `corpus` the annotation that came with it. Clips withdrawn
while it trained, and left out: {dropped}. Where clips that it heard were withdrawn later, `withdrawn.json` beside this
card says how many; the site's `/tombstones.json` says which.

## Use
`Clara.load(folder).suggest(waveform)` takes mono 16 kHz sound. It hears how a voice sounds to listeners, not what a
person feels. A suggestion helps a human rater; it decides nothing.

## Not allowed
{restrictions}

The same for machines, and in other languages: `use_restrictions.json` beside this card.
"""


def written(measured: dict[str, Any], clara: Clara, *, restrictions: dict[str, Any]) -> str:
    """The card's text from the figures of eval.json and from what its release may not be used for."""
    train, test, training = measured["splits"]["train"], measured["splits"]["test"], measured["training"]
    return CARD.format(
        name=clara.config.name,
        start="on the fixed base (the first layers of the Whisper-base encoder, MIT)"
        if clara.config.base
        else "from scratch",
        clips=train["clips"],
        seconds=train["seconds"],
        speakers=train["speakers"],
        languages=", ".join(train["languages"]),
        emotions=", ".join(measured["emotions"]),
        test_clips=test["clips"],
        test_speakers=test["speakers"],
        chance=measured["chance"],
        zero_shot=_cell(measured["zero_shot"]),
        probe=_cell(measured["probe"]),
        tower=_tower(measured),
        baseline=_cell(measured["log_mel_baseline"]),
        over=measured["zero_shot"]["interval"]["over"],
        warning=_warning(test["speakers"]),
        by_language=_rows(measured["by_language"]),
        groups=_groups(measured),
        more=_more(measured),
        recalls="\n".join(f"| {name} | {value:.3f} |" for name, value in measured["zero_shot"]["recalls"].items()),
        steps=training["steps"],
        device=training["device"],
        digest=training["release_digest"],
        corpora=", ".join(train["corpora"]),
        methods=", ".join(f"{name} ({count} clips)" for name, count in train["label_methods"].items()),
        dropped=training["clips_dropped"],
        restrictions="\n".join(_restriction(use) for use in restrictions["use_restrictions"]),
    )


def _restriction(use: dict[str, Any]) -> str:
    law = f" ({use['law']})" if use.get("law") else ""
    return f"- `{use['id']}`: {use['words']['en']}{law}"


def _cell(summary: dict[str, Any]) -> str:
    return f"{summary['uar']:.3f} | {summary['interval']['low']:.3f} to {summary['interval']['high']:.3f}"


def _tower(measured: dict[str, Any]) -> str:
    tower = measured.get("bare_tower")
    return f"| logistic regression on the bare base | {_cell(tower)} |\n" if tower else ""


def _groups(measured: dict[str, Any]) -> str:
    """The recall of every group that was large enough to tell, by each way of grouping; nothing where none was."""
    told = {way: found.get("groups", {}) for way, found in measured.get("worst_group", {}).items() if way != "language"}
    rows = [f"| {way}: {name} | {_cell(summary)} |" for way, found in told.items() for name, summary in found.items()]
    return "\n".join(["| group | UAR | 95 % interval |", "|---|---|---|", *rows, "\n"]) if rows else ""


def _more(measured: dict[str, Any]) -> str:
    """What else was measured, in a sentence each; nothing where only the first protocol was."""
    told = []
    if calibration := measured.get("calibration"):
        error = calibration["at_temperature"]["value"]
        told.append(f"How sure it says it is differs from how often it is right by {error:.3f} (ECE, 15 bins).")
        if sure := calibration.get("not_sure"):
            told.append(_not_sure(sure))
    if disturbed := measured.get("robustness"):
        worst = min(disturbed, key=lambda name: disturbed[name]["uar"])
        told.append(f"Of the disturbances tried, `{worst}` costs most: UAR {disturbed[worst]['uar']:.3f}.")
    if leaks := measured.get("leaks"):
        found = "found nothing" if leaks["passes"] else "**found something: see `leaks` in `eval.json`**"
        told.append(f"The probes for leaks between training and test {found}.")
    return " ".join(told)


def _not_sure(told: dict[str, Any]) -> str:
    wrong = "" if told["risk"] is None else f", of which {told['risk']:.0%} are wrong"
    return (
        f'Under {told["sure_from"]:.0%} it says "not sure" instead of naming an emotion: {told["coverage"]:.0%} of the '
        f"test clips get an answer{wrong}."
    )


def _rows(by_language: dict[str, Any]) -> str:
    return "\n".join(f"| {language} | {_cell(summary)} |" for language, summary in by_language.items())


def _warning(speakers: int) -> str:
    return "" if speakers > 1 else " With one test speaker it says nothing about how other voices would fare."
