"""Sentences about how a clip sounds: a small grammar a language, with templates to learn from and others for tests.

A caption tells one to four facets of its clip and carries what it claims, so that `truth` can tell which other clips of
a batch it is true of as well. Templates speak of the voice, never of a speaker: so each language's adjectives have one
gender, whoever speaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from training import facets
from training.packing import PackedClip

GRAMMARS = Path(__file__).parent / "grammar"
FALLBACK_LANGUAGE = "en"

# How often a caption leaves its clip's language, or is what a listener wrote about the clip.
OTHER_LANGUAGE_SHARE, OWN_TEXT_SHARE = 0.3, 0.2
# How often it names an emotion where there is one, and two where listeners heard two.
EMOTION_SHARE, MIXTURE_SHARE = 0.85, 0.3
# How often it quotes the words, where they are known: often enough to read them, too seldom to live by them.
TRANSCRIPT_SHARE = 0.2
# How many facets it tells, from one to four; the emotion alone is what it will be asked by.
FACET_COUNT_SHARES = (0.4, 0.3, 0.2, 0.1)
# Of two emotions as good as level, neither leads.
LEVEL_OVER = 0.8
DETAILS_FIRST_SHARE = 0.3
# A longer quotation ends after a whole word: the reader's bytes are for the other facets too.
LONGEST_QUOTATION_CHARACTERS = 60


@dataclass(frozen=True)
class Caption:
    """A sentence and its claims: emotions with their shares, a strength, and by facet whatever else it tells."""

    text: str
    emotions: tuple[tuple[str, float], ...]
    strength: str | None = None
    # Beside the text, which says the same, it would make a caption no key.
    claims: Mapping[str, str] = field(default_factory=dict, hash=False)

    def claimed(self, facet: str) -> str | None:
        """What it claims under a facet other than the emotions; None where it claims nothing."""
        return self.strength if facet == "strength" else self.claims.get(facet)


@dataclass(frozen=True)
class Grammar:
    """The words and templates of one language; a place for a word is a pair of braces."""

    emotions: dict[str, list[str]]
    strength: dict[str, list[str]]
    mixture: dict[str, list[str]]
    style: dict[str, list[str]]
    voice: dict[str, list[str]]
    pitch: dict[str, list[str]]
    loudness: dict[str, list[str]]
    rate: dict[str, list[str]]
    transcript: list[str]
    plain: list[str]  # sentences that name no emotion
    comma: str
    training: list[str]
    evaluation: list[str]

    def words(self, emotion: str) -> list[str]:
        """The adjectives of an emotion; a new emotion goes by its own name until somebody translates it."""
        return self.emotions.get(emotion) or [emotion.replace("_", " ")]

    def phrases(self, facet: str, value: str) -> list[str]:
        """How a value of a facet is said beside the emotion; nothing where it has no words."""
        if facet == "transcript":
            return [phrase.format(value) for phrase in self.transcript]
        by_value: dict[str, list[str]] = getattr(self, facet)
        return by_value.get(value, [])


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language tag, or English where we have none."""
    path = GRAMMARS / f"{language.partition('-')[0].lower()}.json"
    if path.parent != GRAMMARS or not path.is_file():
        path = GRAMMARS / f"{FALLBACK_LANGUAGE}.json"
    return Grammar(**json.loads(path.read_text(encoding="utf-8")))


def training_caption(
    clip: PackedClip,
    *,
    bins: Mapping[str, str],
    falsified: frozenset[str],
    random: np.random.Generator,
    languages: Sequence[str] = (),
) -> Caption:
    """One sentence that is true of the clip and tells no falsified facet; the same for the same state of `random`.

    `bins` is the clip's own part of `prosody.bins`. `languages` are those to speak, one as often as another; without
    them mostly the clip's own. A listener's own description is told as it is, and claims the votes. At most three
    captions in ten quote the words, unless nothing else is known of the clip.
    """
    if clip.texts and random.random() < OWN_TEXT_SHARE:
        return Caption(text=_one(clip.texts, random), emotions=_sharing(clip.emotions, list(clip.emotions)))
    spoken = grammar(_one(languages or _languages(clip.language, random), random))
    told = {facet: values for facet, values in facets.known(clip, bins=bins).items() if facet not in falsified}
    emotions = {} if "emotion" in falsified else clip.emotions
    count = 1 + int(random.choice(len(FACET_COUNT_SHARES), p=FACET_COUNT_SHARES))
    others = _others(told, spoken, random)
    named = _named(emotions, falsified, random) if random.random() < EMOTION_SHARE or not others else ()
    quotes = "transcript" in told and random.random() < TRANSCRIPT_SHARE and count > len(named[:1])
    if not (named or others):
        quotes = "transcript" in told
    if strength := _gradable(named, told):
        others["strength"] = strength
    room = min(count - len(named[:1]) - quotes, len(others))
    chosen = {str(facet): others[facet] for facet in random.choice(sorted(others), size=room, replace=False)}
    strength = chosen.pop("strength", None)
    quoted = {"transcript": next(iter(told["transcript"]))} if quotes else {}
    return Caption(
        text=_text(_said(named, strength, spoken, random), chosen, clip.transcript if quotes else None, spoken, random),
        emotions=named,
        strength=strength,
        claims=chosen | quoted,
    )


def evaluation_captions(emotion: str, *, languages: Iterable[str]) -> list[str]:
    """The sentences an emotion is recognised by: at least eight a language, of templates no training caption uses.

    The word is the language's plainest; ask for a language that was never trained on to hear words of another language.
    """
    return [
        template.format(grammar(language).words(emotion)[0])
        for language in languages
        for template in grammar(language).evaluation
    ]


def labels(emotions: Iterable[str], *, languages: Iterable[str]) -> dict[str, list[str]]:
    """What labels.json holds: each emotion with its evaluation captions in the given languages and English."""
    spoken = list(dict.fromkeys([*sorted(set(languages)), FALLBACK_LANGUAGE]))
    return {emotion: list(dict.fromkeys(evaluation_captions(emotion, languages=spoken))) for emotion in emotions}


def site_languages() -> list[str]:
    """The languages that have a grammar, sorted."""
    return sorted(path.stem for path in GRAMMARS.glob("*.json"))


def _languages(own: str, random: np.random.Generator) -> list[str]:
    """The clip's own language, or now and then English or, as often, any other that we speak."""
    if random.random() >= OTHER_LANGUAGE_SHARE:
        return [own]
    return [FALLBACK_LANGUAGE] if random.random() < 0.5 else site_languages()


def _others(told: Mapping[str, frozenset[str]], spoken: Grammar, random: np.random.Generator) -> dict[str, str]:
    """What can be said beside the emotion, by facet: one value each, and only values that have words."""
    return {
        facet: _one(sayable, random)
        for facet in facets.BESIDE_EMOTION
        if (sayable := [value for value in sorted(told.get(facet, ())) if spoken.phrases(facet, value)])
    }


def _named(
    emotions: Mapping[str, float], falsified: frozenset[str], random: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """The emotion that is named, drawn by the votes, or the two with most of them, with their shares."""
    ranked = sorted(emotions, key=lambda emotion: (-emotions[emotion], emotion))
    if len(ranked) > 1 and "mixture" not in falsified and random.random() < MIXTURE_SHARE:
        return _sharing(emotions, ranked[:2])
    if not ranked:
        return ()
    every = sum(emotions.values())
    return ((ranked[random.choice(len(ranked), p=[emotions[name] / every for name in ranked])], 1.0),)


def _sharing(emotions: Mapping[str, float], names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    every = sum(emotions[name] for name in names)
    return tuple((name, emotions[name] / every) for name in names)


def _gradable(named: Sequence[tuple[str, float]], told: Mapping[str, frozenset[str]]) -> str | None:
    """The strength that can be said of what is named: of one emotion, and not of none (who would be very neutral?)."""
    strength = next(iter(told.get("strength", ())), None)
    return strength if strength in ("weak", "strong") and len(named) == 1 and named[0][0] != "neutral" else None


def _said(
    named: Sequence[tuple[str, float]], strength: str | None, spoken: Grammar, random: np.random.Generator
) -> str:
    """The part of the caption that names the emotion, or one that says only that somebody speaks."""
    if not named:
        return _one(spoken.plain, random)
    words = [_one(spoken.words(emotion), random) for emotion, _ in named]
    if len(named) > 1:
        is_level = named[1][1] > LEVEL_OVER * named[0][1]
        word = _one(spoken.mixture["level" if is_level else "leading"], random).format(*words)
    else:
        word = _one(spoken.strength[strength], random).format(*words) if strength else words[0]
    return _one(spoken.training, random).format(word)


def _text(
    said: str, chosen: Mapping[str, str], transcript: str | None, spoken: Grammar, random: np.random.Generator
) -> str:
    """The whole sentence: emotion and details in either order; the quotation last, where being cut off is harmless."""
    details = [_one(spoken.phrases(facet, value), random) for facet, value in chosen.items()]
    parts = [*details, said] if random.random() < DETAILS_FIRST_SHARE else [said, *details]
    if transcript:
        parts += [_one(spoken.phrases("transcript", _shortened(transcript)), random)]
    return spoken.comma.join(parts)


def _shortened(transcript: str) -> str:
    words = " ".join(transcript.split())
    if len(words) <= LONGEST_QUOTATION_CHARACTERS:
        return words
    return words[: LONGEST_QUOTATION_CHARACTERS + 1].rpartition(" ")[0] + " …"


def _one(choices: Sequence[str], random: np.random.Generator) -> str:
    return choices[int(random.integers(len(choices)))]
