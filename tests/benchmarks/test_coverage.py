"""What asking for the next prompt costs as the site grows: OE_BENCH_CLIPS=100000 ./run bench -s tells the times."""

import os
import random
import sys
import time
import uuid
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from contributions.asking import coverage
from contributions.models import Clip, Contributor, Prompt
from tests import worlds

CLIPS = int(os.environ.get("OE_BENCH_CLIPS", "2500"))
CLIPS_OF_ONE = 40
TRIES = 25
# Clips of others grow fifty times; the work of asking may grow by what a deeper index costs.
GROWTH_MAX = 1.5


def grown(clips):
    """So many more clips of others, forty of a voice."""
    prompts = list(Prompt.objects.all())
    chance = random.Random(clips)
    voices = [Contributor(split="train") for _ in range(max(1, clips // CLIPS_OF_ONE))]
    Contributor.objects.bulk_create(voices)
    rows = (made(chance.choice(voices), chance.choice(prompts), chance) for _ in range(clips))
    Clip.objects.bulk_create(rows, batch_size=2000)


def made(voice, prompt, chance):
    return Clip(
        id=uuid.UUID(int=chance.getrandbits(128)),
        contributor=voice,
        prompt=prompt,
        mode=prompt.kind,
        language=prompt.language,
        intended_emotion=prompt.emotion,
        intended_intensity=prompt.intensity,
        sha256="0" * 64,
        byte_count=1,
        media_type="audio/wav",
        status=chance.choice(["IN_REVIEW", "ACCEPTED", "UNUSABLE", "WITHDRAWN"]),
    )


def seconds(act):
    """The quickest of several tries: what the machine does besides is not what is measured."""
    tries = []
    for _ in range(TRIES):
        began_at = time.perf_counter()
        act()
        tries.append(time.perf_counter() - began_at)
    return min(tries)


def steps(act):
    """How many steps SQLite's machine made: the same on every machine, however busy."""
    made = Counter()
    connection.connection.set_progress_handler(lambda: made.update(["step"]), 1)
    act()
    connection.connection.set_progress_handler(None, 1)
    return made["step"]


@pytest.mark.django_db
def test_asking_costs_the_same_however_much_others_gave(vera, capsys):
    voice = worlds.voice_of(vera)
    for prompt in Prompt.objects.filter(language="en")[:CLIPS_OF_ONE]:
        made(voice, prompt, random.Random(prompt.pk)).save(force_insert=True)

    def ask():
        coverage.next_prompt(voice, "en")

    grown(CLIPS // 50)
    coverage.count(at=timezone.now())
    small, little = seconds(ask), steps(ask)
    grown(CLIPS - CLIPS // 50)
    began_at = time.perf_counter()
    coverage.count(at=timezone.now())
    counting = time.perf_counter() - began_at
    large, much = seconds(ask), steps(ask)

    with capsys.disabled():
        sys.stdout.write(
            f"\n{CLIPS // 50} clips: {small * 1000:.1f} ms; {CLIPS} clips: {large * 1000:.1f} ms; "
            f"steps of SQLite: {little}, then {much}; counting all of them anew: {counting * 1000:.0f} ms\n"
        )
    assert 0 < much < GROWTH_MAX * little
