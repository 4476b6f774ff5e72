"""What suggestions are worth and what they do: known truths are found again, and every void counts."""

import random
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from contributions.listening import assistance, voids
from contributions.listening.assistance import Asked, bias
from contributions.models import Arm, Clip, Figure, Rating, RatingTurn, Suggestion
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import worlds

BEGAN_AT = timezone.now() - timedelta(days=2)


def simulated(chance, *, raters, answers, shown=0.30, hidden=0.05, spread=0.15, arm=0.1):
    """Steps of so many listeners, each of whom follows what they see more or less readily than the mean."""
    asked = []
    for rater in range(raters):
        own = chance.uniform(-spread, spread)
        for _ in range(answers):
            is_shown = chance.random() >= arm
            readiness = shown + own if is_shown else hidden
            asked.append(Asked(rater, is_shown, chance.random() < readiness))
    return asked


@pytest.mark.parametrize(("raters", "answers"), [(12, 60), (40, 20), (5, 120)])
def test_the_interval_covers_the_true_bias_in_about_ninety_five_of_a_hundred(raters, answers):
    covered = 0
    for seed in range(200):
        told = bias(simulated(random.Random(seed), raters=raters, answers=answers))
        covered += told.low <= 0.25 <= told.high

    assert covered >= 186


def test_the_interval_is_not_so_wide_that_it_covers_everything():
    told = bias(simulated(random.Random(0), raters=40, answers=60))

    assert told.high - told.low < 0.2
    assert told.low > 0


def test_no_bias_is_found_where_nobody_follows():
    found = sum(
        bias(simulated(random.Random(seed), raters=12, answers=60, shown=0.05, spread=0)).low > 0 for seed in range(100)
    )

    assert found <= 5


def test_without_one_of_the_arms_nothing_is_said():
    told = bias([Asked(1, True, True)])

    assert (told.difference, told.low, told.high) == (None, None, None)
    assert bias([]).shown.share is None


# The figure, from rows


@pytest.fixture
def people(_stocked):
    return [worlds.person(f"listener-{number}", Role.MODERATOR) for number in range(4)]


@pytest.fixture
def voice(vera):
    return worlds.voice_of(vera)


@pytest.fixture
def champion():
    return checkpoint("a")


def checkpoint(letter):
    return Checkpoint.objects.create(
        digest=letter * 64, status="CHAMPION" if letter == "a" else "PREVIOUS", preset="nano",
        release_digest="b" * 64, run_id=uuid.uuid4(), files={},
    )  # fmt: skip


def clip_of(voice, language="en"):
    return Clip.objects.create(
        contributor=voice, language=language, status="ACCEPTED", sha256=uuid.uuid4().hex, byte_count=1, media_type="x"
    )


def suggested(clip, by, emotion, *, days=0.0):
    return Suggestion.objects.create(
        clip=clip, checkpoint=by, scores={emotion: 1.0}, emotion=emotion, made_at=BEGAN_AT + timedelta(days=days)
    )


def heard(clip, rater, emotion, *, arm="", second="", at=1.0):
    """A blind answer a day after the beginning, and what followed it."""
    RatingTurn.objects.create(clip=clip, rater=rater, lease_expires_at=BEGAN_AT, arm=arm)
    blind = answer(clip, rater, emotion, "BLIND", at=at)
    if second:
        answer(clip, rater, second, "INFORMED", at=at + 0.01, arm=arm)
    return blind


def answer(clip, rater, emotion, phase, *, at, arm=""):
    made = Rating.objects.create(clip=clip, rater=rater, phase=phase, is_usable=True, emotion=emotion, arm=arm)
    Rating.objects.filter(pk=made.pk).update(rated_at=BEGAN_AT + timedelta(days=at))
    return made


def figure(language="en"):
    return assistance.reckon(language).content


def test_accuracy_is_told_by_what_the_blind_answers_came_to(voice, people, champion, monkeypatch):
    monkeypatch.setattr(assistance, "FEWEST_TOLD", 1)
    for truth, said in (("anger", "anger"), ("anger", "fear"), ("sadness", "sadness")):
        clip = clip_of(voice)
        suggested(clip, champion, said)
        for person in people[:3]:
            heard(clip, person, truth)

    told = figure()

    assert (told["accuracy"]["count"], told["accuracy"]["of"]) == (2, 3)
    assert [(each["emotion"], each["count"], each["of"]) for each in told["emotions"]] == [
        ("anger", 1, 2),
        ("sadness", 1, 1),
    ]


def test_an_emotion_of_few_clips_is_not_told_by_itself(voice, people, champion):
    clip = clip_of(voice)
    suggested(clip, champion, "anger")
    for person in people[:3]:
        heard(clip, person, "anger")

    told = figure()

    assert told["accuracy"]["of"] == 1
    assert told["emotions"] == []


def test_too_few_answers_a_tie_or_a_suggestion_that_came_after_them_tell_nothing(voice, people, champion):
    few, tied, late = (clip_of(voice) for _ in range(3))
    for clip in (few, tied):
        suggested(clip, champion, "anger")
    suggested(late, champion, "anger", days=1.5)
    for clip, said in ((few, ["anger"] * 2), (tied, ["anger", "anger", "fear", "fear"]), (late, ["anger"] * 3)):
        for person, emotion in zip(people, said, strict=False):
            heard(clip, person, emotion)

    assert figure()["accuracy"]["of"] == 0


def test_the_first_suggestion_is_judged_since_a_later_model_may_have_learned_the_clip(voice, people, champion):
    clip = clip_of(voice)
    suggested(clip, checkpoint("c"), "fear")
    suggested(clip, champion, "anger", days=0.5)
    for person in people[:3]:
        heard(clip, person, "anger")

    assert figure()["accuracy"]["count"] == 0


def test_the_bias_is_the_shown_arm_minus_the_hidden_one_and_who_left_unasked_is_counted(voice, people, champion):
    for arm, second in ((Arm.SHOWN, "fear"), (Arm.SHOWN, "anger"), (Arm.SHOWN, ""), (Arm.HIDDEN, "anger")):
        clip = clip_of(voice)
        suggested(clip, champion, "fear")
        heard(clip, people[0], "anger", arm=arm, second=second)
    agreeing = clip_of(voice)
    suggested(agreeing, champion, "anger")
    heard(agreeing, people[1], "anger", arm=Arm.SHOWN, second="anger")

    told = figure()["bias"]

    assert (told["shown"]["count"], told["shown"]["of"]) == (1, 3)
    assert (told["hidden"]["count"], told["hidden"]["of"]) == (0, 1)
    assert told["difference"] == pytest.approx(1 / 3)
    assert told["low"] < told["difference"] < told["high"]


def test_a_voided_answer_is_in_neither_figure(voice, people, champion, cleo):
    clip = clip_of(voice)
    suggested(clip, champion, "anger")
    ratings = [heard(clip, person, "fear", arm=Arm.SHOWN, second="anger") for person in people[:3]]
    assert figure()["accuracy"]["of"] == 1

    voids.void([ratings[0]], by=cleo, reason="SPAM", note="by lot")

    told = figure()
    assert told["accuracy"]["of"] == 0
    assert told["bias"]["shown"]["of"] == 2


def test_every_language_has_a_figure_of_its_own_and_all_have_one_together(voice, people, champion):
    for language in ("en", "pl"):
        clip = clip_of(voice, language)
        suggested(clip, champion, "anger")
        for person in people[:3]:
            heard(clip, person, "anger")

    assert assistance.reckon_all() == 3
    told = {row.language: row.content["accuracy"]["of"] for row in Figure.objects.filter(name="assistance")}
    assert told == {"": 2, "en": 1, "pl": 1}
