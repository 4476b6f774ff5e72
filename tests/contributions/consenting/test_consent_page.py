"""The consent page: five boxes, each by itself; and where all else rests on one, how to end that is said."""

import pytest
from django.urls import reverse

from contributions.consenting import consent
from contributions.models import Purpose
from openempathic.audit.models import AuditEvent
from tests import worlds

PAGE = reverse("consent")
WAY_OUT = reverse("purpose-withdrawal", args=[Purpose.STORE_AND_REVIEW])
ALL = {f"given_{purpose}": "on" for purpose in Purpose}


@pytest.fixture
def vera_here(client, vera):
    client.force_login(vera)
    return client


def answered(client, **ticked):
    """Post the page as it is now, with these boxes ticked."""
    form = client.get(PAGE).context["form"]
    shown = {name: field.initial for name, field in form.fields.items() if name.startswith("shown_")}
    return client.post(PAGE, shown | ticked)


def test_who_unticks_the_required_box_is_told_how_to_take_everything_back(vera_here, vera):
    before = AuditEvent.objects.count()
    answer = answered(vera_here, is_adult="on", given_TRAIN_MODELS="on")

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "take everything back: every clip is withdrawn" in text
    assert f'href="{WAY_OUT}"' in text
    stands = consent.current(consent.contributor_for(vera))
    assert {purpose for purpose, is_given in stands.items() if is_given} == {"STORE_AND_REVIEW", "TRAIN_MODELS"}
    assert AuditEvent.objects.count() == before


def test_the_way_that_is_told_ends_everything(vera_here, vera):
    worlds.stored_clip(vera)
    vera_here.post(WAY_OUT)

    voice = consent.contributor_for(vera)
    assert not any(consent.current(voice).values())
    assert not voice.clips.live().exists()


def test_who_forgets_another_thing_is_not_told_to_take_everything_back(vera_here):
    assert WAY_OUT not in answered(vera_here, given_STORE_AND_REVIEW="on").content.decode()


@pytest.mark.usefixtures("_stocked")
def test_a_newcomer_has_nothing_to_take_back(client):
    client.force_login(worlds.person("nora"))
    answer = answered(client, is_adult="on", given_TRAIN_MODELS="on")

    assert 'role="alert"' in answer.content.decode()
    assert WAY_OUT not in answer.content.decode()


@pytest.mark.parametrize("purpose", [each for each in Purpose if each != consent.REQUIRED])
def test_each_purpose_is_allowed_by_its_own_box_alone(vera_here, vera, purpose):
    answered(vera_here, **{"is_adult": "on", "given_STORE_AND_REVIEW": "on", f"given_{purpose}": "on"})

    stands = consent.current(consent.contributor_for(vera))
    assert {each for each, is_given in stands.items() if is_given} == {consent.REQUIRED, purpose}


@pytest.mark.parametrize(("language", "words"), [("en", "Keep facts about me"), ("es", "Guardar datos sobre mí")])
def test_the_words_are_in_the_readers_language(vera_here, language, words):
    vera_here.cookies["django_language"] = language

    assert words in vera_here.get(PAGE).content.decode()


def test_who_allows_facts_is_shown_where_to_tell_them_until_they_have(vera_here):
    link = f'href="{reverse("about-me")}"'
    vera_here.post(reverse("choose-language"), {"language": "en"})

    answered(vera_here, is_adult="on", **ALL)
    vera_here.post(reverse("variety"), {"skip": "1"})
    assert link in vera_here.get(reverse("studio")).content.decode()
    vera_here.post(reverse("about-me"), {"age_band": "60+"})
    answered(vera_here, is_adult="on", **ALL)
    assert link not in vera_here.get(reverse("studio")).content.decode()
