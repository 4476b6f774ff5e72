"""`clara predict FILE...`: emotions, or own words, with how sure it is, and "not sure" where it would only guess."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import torch

from training.clara import Clara
from training.command import Refused, in_words
from training.commands.models import asked_for, waveform

NOT_SURE = "not sure"
TOLD = 3


def run(asked: argparse.Namespace) -> int:
    """One line a file; a file that cannot be read is told on stderr and makes the exit code 1, the others go on."""
    clara = asked_for(asked)
    if asked.words is None and not clara.labels:
        raise Refused("this checkpoint has no labels: give it your own --words")
    failed = False
    for path in asked.files:
        try:
            sound = waveform(path)
        except (Refused, OSError) as error:
            sys.stderr.write(f"clara: {in_words(error)}\n")
            failed = True
            continue
        told = {"file": str(path), **(worded(clara, sound, asked.words) if asked.words else suggested(clara, sound))}
        sys.stdout.write((json.dumps(told, ensure_ascii=False) if asked.json else line(told)) + "\n")
    return 1 if failed else 0


def suggested(clara: Clara, sound: Any) -> dict[str, Any]:
    """The likeliest emotion, None where it is not sure, and the probability of each."""
    probabilities = clara.suggest(sound)
    return {"emotion": clara.sure(probabilities), "probabilities": probabilities}


@torch.inference_mode()
def worded(clara: Clara, sound: Any, words: Sequence[str]) -> dict[str, Any]:
    """How well each of some words fits, as a cosine and, of two or more, as its share among them.

    The shares say which of the words fits best, not whether any does; nobody has calibrated words of one's own.
    """
    fits = clara.embed_text(list(words)) @ clara.embed_audio([sound])[0]
    shares = (clara.model.logit_scale * fits).softmax(dim=0)
    return {
        "words": words[int(fits.argmax())],
        "cosines": dict(zip(words, fits.tolist(), strict=True)),
        "probabilities": dict(zip(words, shares.tolist(), strict=True)),
    }


def line(told: dict[str, Any]) -> str:
    """A line for people: the file, the answer, and what was likeliest."""
    ranked = sorted(told["probabilities"].items(), key=lambda pair: -pair[1])[:TOLD]
    answer = told.get("words") or told["emotion"] or NOT_SURE
    return "\t".join([told["file"], answer, ", ".join(f"{name} {share:.0%}" for name, share in ranked)])
