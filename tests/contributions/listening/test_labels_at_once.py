"""Listeners who answer while a worker estimates: no label is kept of ratings that stand no more, and nobody waits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connections, transaction
from django.utils import timezone

from contributions.listening import aggregation, labels
from contributions.models import Clip, ClipLabel, Rating
from tests import crowds
from tests.crowds import Kind

pytestmark = pytest.mark.django_db(transaction=True)
CLIPS_EACH = 12


def test_an_estimate_that_is_here_is_always_of_the_ratings_that_stand():
    crowd = crowds.simulate(np.random.default_rng(1), clips=70, raters=[Kind.HONEST] * 5, ratings_per_clip=3)
    rows = crowds.stored(crowd)
    labels.recompute("en")
    barrier = threading.Barrier(4)

    def listens(number):
        barrier.wait(timeout=30)
        for clip in rows.clips[number::3][:CLIPS_EACH]:
            with transaction.atomic():
                held = Clip.objects.select_for_update().get(pk=clip.pk)
                Rating.objects.create(
                    clip=held, rater=None, phase=Rating.Phase.BLIND, is_usable=True, emotion="anger", round=number
                )
                labels.follow(held)

    def estimates(_number):
        barrier.wait(timeout=30)
        for _time in range(3):
            aggregation.recompute("en", at=timezone.now())

    def closing(act, number):
        try:
            act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        acts = [pool.submit(closing, listens, number) for number in range(3)]
        acts.append(pool.submit(closing, estimates, 0))
        for act in acts:
            act.result()

    standing = {clip.pk: labels.heard_in(clip) for clip in rows.clips}
    counted = {label.clip_id: label.probabilities for label in ClipLabel.objects.filter(method=labels.COUNTS)}
    estimated = dict(ClipLabel.objects.filter(method=labels.DAWID_SKENE).values_list("clip", "rating_count"))
    assert counted == {clip: labels.counts(votes) for clip, votes in standing.items()}
    assert estimated == {clip: len(standing[clip]) for clip in estimated}
    assert len(estimated) >= len(rows.clips) - 3 * CLIPS_EACH
    assert aggregation.recompute("en", at=timezone.now()) == len(rows.clips)
