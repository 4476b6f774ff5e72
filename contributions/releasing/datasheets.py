"""A datasheet for each language of a DATASET release: who spoke, how it came about, what it is not good for.

After the questions of Gebru et al., Datasheets for Datasets (CACM 64/12, 2021), answered in our own
words and from the release's figures alone. Pure: the same facts give the same text. English, as the model cards are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contributions import taxonomy
from contributions.releasing.croissant import Described
from contributions.releasing.tally import SPEAKERS_TO_HIDE_AMONG
from contributions.taxonomy import restrictions, tags

# Below it no conclusion holds, as contributions.listening.agreement says.
DEPENDABLE = 0.667
# Fewer clips of a feeling, or voices on the test side, are named as gaps.
CLIPS_WANTED, TEST_SPEAKERS_WANTED = 50, 5
SIDES = {"train": "training", "dev": "development", "test": "test"}

Facts = Mapping[str, Any]


def file_of(language: str) -> str:
    """Where the sheet lies in the release."""
    return f"datasheets/{language}.md"


def datasheet(about: Described, language: str) -> str:
    """The sheet of one language as Markdown."""
    told = about.figures["languages"][language]
    parts = [f"# Datasheet: {tags.name(language, 'en')} ({language})", *head(about)]
    for title, paragraphs in (
        ("Why it was made", why()),
        ("What is in it", contents(told)),
        ("Who spoke", speakers(told)),
        ("How it was recorded", recording()),
        ("How it was screened", screening()),
        ("Labels, and how far listeners agree", labels(told, about.figures["agreement"].get(language))),
        ("Splits", splits(told)),
        ("Consent and licences", consent(told, about.figures["corpora"])),
        ("When somebody takes a clip back", withdrawal(about)),
        ("What nobody may do", prohibited()),
        ("Known gaps", gaps(told, about.figures["agreement"].get(language))),
    ):
        parts += [f"## {title}", *paragraphs]
    return "\n\n".join(parts) + "\n"


def head(about: Described) -> Iterator[str]:
    """Which release, from when and from whom."""
    yield (
        f"Of the release {about.name}, frozen on {about.frozen_at.date().isoformat()} and published by "
        f"{about.publisher}. Its digest is {about.digest}."
    )


def why() -> Iterator[str]:
    """What for."""
    yield (
        "So that feelings in speech can be studied, and models of it measured, in more languages than the few that "
        "have such recordings. Made by volunteers; nobody was paid for speaking or for listening."
    )


def contents(told: Facts) -> Iterator[str]:
    """How much of what."""
    yield (
        f"{counted(told['clips'], 'clip')} of {counted(told['speakers'], 'speaker')}, {duration(told['seconds'])} in "
        "all. A clip is one sentence or a few, spoken with a feeling, with what listeners heard in it."
    )
    # How the clips spread over feelings; a clip counts where most of its votes are.
    yield listed((f"{feeling}: {counted(clips, 'clip')}") for feeling, clips in by_most(told["emotions"]))
    rates = [f"{rate} Hz ({counted(clips, 'clip')})" for rate, clips in by_most(told["sample_rates_hz"])]
    yield f"Sound is mono FLAC, at the rate at which it was recorded: {', '.join(rates)}."


def speakers(told: Facts) -> Iterator[str]:
    """What is told of them, and why not more."""
    yield (
        f"{counted(told['speakers'], 'speaker')}, all of them adults by their own word. Each has a pseudonym that only "
        "this release uses: it leads neither to a person nor to the same voice in another release."
    )
    genders = told["genders"]
    if genders:
        rest = told["speakers"] - sum(genders.values())
        yield listed([*(f"{name}: {counted(many, 'speaker')}" for name, many in genders.items()), f"not told: {rest}"])
    yield (
        f"Gender, age and accent are told only of those who allowed it, and only where at least "
        f"{SPEAKERS_TO_HIDE_AMONG} speakers of the language share them; otherwise they are left out, of the figures "
        "and of every file."
    )


def recording() -> Iterator[str]:
    """Where and with what."""
    yield (
        "In the speakers' own browsers, with their own microphones, in their own rooms. Noise suppression, echo "
        "cancellation and gain control of the browser are asked to be off, since they flatten what is studied here. "
        "Most sentences were read with a feeling that was asked for; some clips are in the speakers' own words."
    )


def screening() -> Iterator[str]:
    """What a machine refused, and what it did not."""
    yield (
        "A machine refuses only what cannot be heard: no speech, silence, clipped or damaged sound, too long, or sent "
        "twice. Everything else goes to listeners; an accent is never a reason. Of each clip at least one listener "
        "said that it can be used, or it came with a licensed corpus."
    )


def labels(told: Facts, agreement: Facts | None) -> Iterator[str]:
    """How labels were made, and how far they are to be believed."""
    methods = ", ".join(f"{name} ({counted(clips, 'clip')})" for name, clips in by_most(told["methods"]))
    yield (
        "Listeners hear a clip without a machine's guess and without anybody else's answer. The shares of a clip's "
        "label are a function of those answers, named by its method and version" + (f": {methods}." if methods else ".")
    )
    yield agreed(agreement)
    yield (
        "What the speaker was asked for, and what they say of their own feeling, stand apart: neither is a label. Each "
        "listener's answers are in the release under a pseudonym of their own."
    )


def agreed(agreement: Facts | None) -> str:
    """Krippendorff's alpha in a sentence."""
    if not agreement or agreement.get("alpha") is None:
        return "How far listeners agree is not known yet: too few clips were heard by two or more."
    said = (
        f"Krippendorff's alpha over all feelings is {agreement['alpha']:.2f} (95 % interval {agreement['low']:.2f} to "
        f"{agreement['high']:.2f}, {counted(agreement['clips'], 'clip')}, {counted(agreement['ratings'], 'answer')}), "
        "reckoned over all clips of the language on the day of the release."
    )
    if agreement["alpha"] < DEPENDABLE:
        said += f" That is below {DEPENDABLE}: build nothing on single labels; use the shares."
    return said


def splits(told: Facts) -> Iterator[str]:
    """How much is on which side."""
    yield (
        "A speaker is on one side, drawn by a keyed hash when they first came, and stays there in every release. "
        "What is in the test part was never in training. A licensed corpus keeps the split that it came with."
    )
    yield listed(
        f"{SIDES.get(side, side)}: {counted(each['clips'], 'clip')} of {counted(each['speakers'], 'speaker')}, "
        f"{duration(each['seconds'])}"
        for side, each in told["splits"].items()
    )


def consent(told: Facts, corpora: Facts) -> Iterator[str]:
    """By what right."""
    by_consent = told["permissions"].get("CONSENT", 0)
    yield (
        f"{counted(by_consent, 'clip')} by consent to being published in a dataset, which is asked for apart from "
        "everything else, may be refused without harm and is kept with the words that were read."
    )
    if told["corpora"]:
        yield "From licensed corpora, whose own terms hold besides:"
        yield listed(
            f"{name}: {counted(clips, 'clip')}, {licence_of(name, corpora)}" for name, clips in told["corpora"].items()
        )


def licence_of(name: str, corpora: Facts) -> str:
    """The corpus's licence and source."""
    known = corpora.get(name)
    return f"{known['licence']}, {known['source']}" if known else "see its source"


def withdrawal(about: Described) -> Iterator[str]:
    """What happens then, and what whoever holds a copy does."""
    yield (
        "At once no further release holds it. Within a day it is cut out of the files of this one, and the signed feed "
        "of tombstones on the site lists its id. Whoever holds a copy applies that feed: "
        "`manage.py apply_tombstones --feed ADDRESS --release FOLDER` cuts the same clips out of theirs, again and "
        "again without harm. Who downloaded the release is told by mail."
    )
    if about.gone_count:
        yield f"{counted(about.gone_count, 'clip')} of all languages left this release so far."


def prohibited() -> Iterator[str]:
    """The list that travels with every release."""
    yield restrictions.listed(taxonomy.SOURCE_LANGUAGE, with_ids=True)


def gaps(told: Facts, agreement: Facts | None) -> Iterator[str]:
    """What is missing, so far as we can count it."""
    found = list(missing(told, agreement))
    found.append("who took part chose to: no share in it is the share of any population")
    found.append("much is acted, and acted feeling is louder than felt feeling")
    yield listed(found)


def missing(told: Facts, agreement: Facts | None) -> Iterator[str]:
    """Each gap in a few words."""
    rare = [
        f"{emotion.name} ({told['emotions'].get(emotion.name, 0)})"
        for emotion in taxonomy.core_emotions()
        if told["emotions"].get(emotion.name, 0) < CLIPS_WANTED
    ]
    if rare:
        yield f"fewer than {CLIPS_WANTED} clips of: {', '.join(rare)}"
    heard = told["splits"].get("test", {}).get("speakers", 0)
    if heard < TEST_SPEAKERS_WANTED:
        yield f"{counted(heard, 'speaker')} on the test side: a figure measured there says little"
    if not told["genders"]:
        yield "too few speakers told their gender, so nothing can be said of it"
    if not agreement or agreement.get("alpha") is None:
        yield "agreement among listeners is not known"


def by_most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent first, then by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def counted(many: int, what: str) -> str:
    """So many of it."""
    return f"{many:,} {what}" + ("" if many == 1 else "s")


def duration(seconds: float) -> str:
    """Hours, or minutes where it is less than one."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"


def listed(items: Any) -> str:
    """A list in Markdown."""
    return "\n".join(f"- {item}" for item in items)
