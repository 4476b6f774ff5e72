"""Now and then Vera is asked for a manner of speaking, from what is missing; she need not follow."""

import json
import random
import uuid
from collections import Counter
from itertools import pairwise

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from contributions import self_reports
from contributions.asking import coverage, wishes
from contributions.asking.coverage import Mode
from contributions.consenting import consent
from contributions.leaving import exports, farewell, homecoming, withdrawal
from contributions.models import Clip, Contributor, CoverageCount, Prompt, StyleSkip
from contributions.taxonomy.styles import fitting, styles, wished
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.contributions.api.test_sending import put
from tests.contributions.leaving.test_exports import emptied, files_of

FEELINGS = reverse("feelings")
NAMES = {style.name for style in wished()}


@pytest.fixture
def voice(vera):
    return worlds.voice_of(vera)


@pytest.fixture
def here(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return client


def evening(voice, prompts=24, *, mode=Mode.ACTED, seed=4):
    """What the voice would be asked one after the other."""
    return coverage.upcoming(voice, "en", at_most=prompts, mode=mode, chance=random.Random(seed))


def give(someone, prompt, style):
    clip = worlds.stored_clip(someone, prompt=prompt)
    Clip.objects.filter(pk=clip.pk).update(intended_style=style)
    return clip


def only(emotion, intensity):
    """A site that offers sentences of one cell."""
    cell = Prompt.objects.filter(language="en", kind="ACTED", emotion=emotion, intensity=intensity)
    kept = list(cell.order_by("pk"))
    Prompt.objects.exclude(pk__in=[prompt.pk for prompt in kept]).update(is_offered=False)
    return kept


# The data


@pytest.mark.parametrize("style", styles(), ids=lambda style: style.name)
def test_what_may_be_wished_for_is_said_in_every_language_and_fits_some_feeling(style):
    if style.wish:
        assert set(style.wish) == {tag for tag, _ in settings.LANGUAGES}
        assert set(style.intensities) <= {1, 2, 3}
        assert style.emotions
    assert bool(style.wish) == bool(style.emotions) == bool(style.intensities)


def test_nobody_is_asked_to_cry_and_every_feeling_has_a_manner():
    assert {style.name for style in styles()} - NAMES == {"cry"}
    for emotion in ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"):
        assert any(fitting(emotion, intensity) for intensity in (1, 2, 3)), emotion


# Asking


def test_one_sentence_in_three_comes_with_a_manner_that_fits_and_none_of_the_first_two(voice):
    asked = evening(voice)

    assert [bool(prompt.style) for prompt in asked[:2]] == [False, False]
    assert 4 <= sum(bool(prompt.style) for prompt in asked) <= len(asked) // coverage.STYLED_EVERY
    for prompt in asked:
        assert not prompt.style or prompt.style in fitting(prompt.emotion, prompt.intensity)
    assert not any(one.style and other.style for one, other in pairwise(asked))


def test_only_acted_sentences_come_with_a_manner(voice):
    assert not any(prompt.style for prompt in evening(voice, mode=Mode.OWN_WORDS))
    assert not any(prompt.style for prompt in evening(voice, mode=Mode.CONTRAST))


def test_an_evening_tries_many_manners_before_it_asks_for_one_again(voice):
    given = Counter(prompt.style for prompt in evening(voice, 60) if prompt.style)

    assert len(given) >= 7
    assert max(given.values()) <= 4


def test_the_manner_that_fewest_voices_gave_comes_first(voice):
    kept = only("sadness", 2)
    fits = fitting("sadness", 2)
    for name in ("ada", "bea"):
        someone = worlds.volunteer(name)
        for style in fits[1:]:
            give(someone, kept[0], style)
    coverage.count(at=timezone.now())

    assert evening(voice, 3)[2].style == fits[0]


def test_the_same_words_never_come_twice_in_the_same_manner(vera, voice):
    (kept, *others), fits = only("sadness", 2), fitting("sadness", 2)
    Prompt.objects.filter(pk__in=[prompt.pk for prompt in others]).update(is_offered=False)
    seen = []
    for _ in range(3 * len(fits) + 6):
        (asked,) = evening(voice, 1)
        seen.append(asked.style)
        give(vera, kept, asked.style)

    assert Counter(filter(None, seen)) == dict.fromkeys(fits, 1)


def test_what_speakers_say_of_their_clips_counts_as_given_too(vera, voice):
    kept = only("sadness", 2)
    clip = worlds.stored_clip(vera, prompt=kept[0])
    for styles_said in (["whisper"], ["sigh"]):
        said = self_reports.Said(styles=tuple(styles_said))
        self_reports.say(clip, said, report_id=uuid.uuid4(), by=vera)
    coverage.count(at=timezone.now())

    rows = {row.style: row.voices for row in CoverageCount.objects.exclude(style="")}
    assert rows == {"sigh": 1}
    give(worlds.volunteer("ada"), kept[0], "sigh")
    withdrawn = give(worlds.volunteer("bea"), kept[0], "whisper")
    withdrawal.withdraw(withdrawn, by=withdrawn.contributor.user)
    coverage.count(at=timezone.now())
    assert {row.part: row.voices for row in CoverageCount.objects.exclude(style="")} == {"en/sadness/ACTED/2/sigh": 2}


# Leaving out


def test_a_manner_that_vera_does_not_want_never_comes(here, vera):
    here.post(FEELINGS, {"unwanted": ["fear"], "plain": ["whisper", "flat"]})
    voice = Contributor.objects.get(user=vera)
    wanted = {prompt.style for seed in range(8) for prompt in evening(voice, 60, seed=seed)}

    assert not wanted & {"whisper", "flat"}
    assert wanted - {""}
    assert here.get(FEELINGS).content.decode().count("checked") == 3
    assert AuditEvent.objects.get(act="contributor.chose_feelings").facts == {"left_out": 3}


def test_what_vera_left_out_twice_does_not_come_again(here, voice):
    way = reverse("style-skip", args=["whisper"])
    assert here.post(way).status_code == 204
    assert "whisper" in {prompt.style for seed in range(12) for prompt in evening(voice, 60, seed=seed)}

    here.post(way)
    assert "whisper" not in {prompt.style for seed in range(12) for prompt in evening(voice, 60, seed=seed)}


@pytest.mark.parametrize("names", [["cry"], ["nothing"]])
def test_a_manner_that_nobody_is_asked_for_cannot_be_left_out(here, vera, voice, names):
    assert here.post(FEELINGS, {"plain": names}).status_code == 422
    assert here.post(reverse("style-skip", args=names)).status_code == 404
    with pytest.raises(wishes.NotHeard):
        wishes.avoid(voice, [], manners=names, by=vera)


# The card and the clip


def test_the_card_wishes_in_the_readers_words_and_says_how_to_leave_it_out(here, vera):
    for prompt in evening(worlds.voice_of(vera), 2):
        worlds.stored_clip(vera, prompt=prompt)
    pages = [here.get(reverse("studio"), {"prompt": "next"}) for _ in range(12)]
    page = next(page for page in pages if page.context["manner"])
    style = page.context["manner"].value

    assert f'data-style="{style}"' in page.content.decode()
    assert f'data-plain="{reverse("style-skip", args=[style])}"' in page.content.decode()
    assert all("data-style" in each.content.decode() for each in pages if each.context["manner"])


def test_the_clip_keeps_the_manner_that_was_followed(here):
    clip_id = uuid.uuid4()

    assert put(here, clip_id=clip_id, **{"X-Clip-Style": "whisper"}).json()["intended_style"] == "whisper"
    assert put(here).json()["intended_style"] == ""
    assert put(here, **{"X-Clip-Style": "yodel"}).json()["code"] == "unknown_style"
    assert put(here, **{"X-Clip-Style": "whisper", "X-Clip-Prompt": ""}).json()["intended_style"] == ""


# Taking it along


def test_it_is_in_her_archive_and_comes_home(vera, voice, tmp_path):
    wishes.avoid(voice, [], manners=["whisper"], by=vera)
    wishes.leave_out("sigh", voice=voice)
    give(vera, Prompt.objects.get(pk="en-our-dinner-disgust"), "flat")
    path = tmp_path / "voice.zip"
    with path.open("wb") as file:
        exports.write(consent.contributor_for(vera), file, at=timezone.now())
    assert json.loads(files_of(path)["contributor.json"])["unwanted_styles"] == ["whisper"]
    emptied()
    homecoming.import_export(path)

    home = Contributor.objects.get()
    assert home.unwanted_styles == ["whisper"]
    assert list(home.style_skips.values_list("style", flat=True)) == ["sigh"]
    assert list(home.clips.values_list("intended_style", flat=True)) == ["flat"]


def test_when_she_leaves_nothing_of_it_stays(vera, voice):
    wishes.avoid(voice, [], manners=["whisper"], by=vera)
    wishes.leave_out("sigh", voice=voice)
    farewell.delete_account(vera, locale="en")

    assert Contributor.objects.get(pk=voice.pk).unwanted_styles == []
    assert not StyleSkip.objects.exists()
