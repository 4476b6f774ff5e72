"""Everybody sees what is missing, and nobody is pointed at."""

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import taxonomy
from contributions.asking import coverage, gaps
from contributions.models import Clip, Prompt
from tests import worlds

PAGE = reverse("coverage")


def sentence(emotion="fear"):
    return Prompt.objects.filter(language="en", emotion=emotion, kind="ACTED").first()


def accepted(times, **wanted):
    """Clips that listeners accepted, each of another voice."""
    for _ in range(times):
        give(worlds.guest(), **wanted)
    coverage.count(at=timezone.now())


def give(voice, **wanted):
    clip = worlds.stored_clip(voice, prompt=sentence(**wanted))
    Clip.objects.filter(pk=clip.pk).update(status=Clip.Status.ACCEPTED)


def english():
    return next(tongue for tongue in gaps.picture().tongues if tongue.tag == "en")


def filled(emotion):
    return next(each for each in english().filled if each.emotion == emotion)


def test_a_feeling_is_as_far_as_the_voices_that_are_wanted_of_it(_stocked, settings):
    settings.VOICES_WANTED = 10
    accepted(6)

    assert (filled("fear").voices, filled("fear").share) == (6, 60)
    assert (filled("anger").voices, filled("anger").share) == (0, 0)
    assert (english().voices, english().clips) == (6, 6)


def test_more_voices_than_wanted_are_no_more_than_all(_stocked, settings):
    settings.VOICES_WANTED = 5
    accepted(6)

    assert filled("fear").share == 100
    assert "fear" not in english().missed


def test_many_clips_of_one_voice_are_one_voice(_stocked):
    accepted(5)
    gina = worlds.guest()
    give(gina)
    give(gina)
    coverage.count(at=timezone.now())

    assert (english().voices, english().clips) == (6, 7)


@pytest.mark.parametrize("voices", [1, 4])
def test_of_fewer_than_five_voices_no_number_is_told(client, _stocked, settings, voices):
    settings.VOICES_WANTED = 8
    accepted(voices)
    page = client.get(PAGE).content.decode()

    assert (english().voices, english().clips, filled("fear").voices, filled("fear").share) == (None, None, None, 0)
    assert "under 5" in page


def test_which_of_the_untold_feelings_has_fewer_voices_is_not_told_by_their_order(_stocked):
    accepted(5, emotion="anger")
    before = english().missed
    accepted(3, emotion=before[0])

    assert english().missed == before


def test_five_voices_are_told_and_a_feeling_of_fewer_is_still_not(_stocked):
    accepted(4, emotion="anger")
    accepted(5, emotion="fear")

    assert (filled("fear").voices, filled("anger").voices) == (5, None)
    assert english().voices == 9


def test_what_is_only_given_and_not_accepted_is_not_there_yet(_stocked):
    for _ in range(6):
        worlds.stored_clip(worlds.guest(), prompt=sentence())
    coverage.count(at=timezone.now())

    assert (english().voices, filled("fear").voices) == (0, 0)


def test_every_language_is_told_with_its_state_or_waits_for_sentences(client, _stocked):
    picture = gaps.picture()

    assert {tongue.tag for tongue in picture.tongues} | set(picture.waiting) == {
        language.tag for language in taxonomy.languages()
    }
    assert {tongue.standing.status for tongue in picture.tongues} == {"pilot"}
    page = client.get(PAGE).content.decode()
    assert "confirms its sentences" in page
    assert "Italian" in page


def test_a_language_without_its_own_consent_texts_needs_them(client, _stocked, monkeypatch):
    monkeypatch.setattr(taxonomy, "consent_languages", lambda: ("en", "de"))
    needs = {tongue.tag: tongue.standing.has_consent_texts for tongue in gaps.picture().tongues}

    assert (needs["en"], needs["hi"]) == (True, False)
    assert "A translation of what people agree to" in client.get(PAGE).content.decode()


def test_the_page_is_there_before_anything_was_counted_and_leads_on(client, db):
    page = client.get(PAGE).content.decode()

    assert "Nothing has been counted yet." in page
    assert PAGE in client.get(reverse("home")).content.decode()


def test_every_bar_is_told_in_words_too(client, _stocked):
    accepted(6)
    page = client.get(PAGE).content.decode()

    assert page.count('class="bar"') == 7 * len(taxonomy.prompt_languages()) == page.count(" % <small>(")
    assert "30 % <small>(6)</small>" in page


def test_asking_for_the_picture_takes_as_many_queries_however_much_was_given(_stocked, django_assert_num_queries):
    accepted(5)

    with django_assert_num_queries(5):
        gaps.picture()
