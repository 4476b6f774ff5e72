"""Consent is asked for each purpose by itself, kept as events, and means what its events say."""

import pytest
from django.conf import settings

from contributions.consenting import consent
from contributions.models import Clip, ConsentEvent, ConsentText, CurrentConsent, Purpose
from contributions.models.consent import Immutable
from tests import worlds

BOTH = {Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS}
ONLY_REVIEW = {Purpose.STORE_AND_REVIEW}


@pytest.fixture
def voice(_stocked):
    return consent.contributor_for(worlds.person("vera"))


def decide(voice, given, *, is_adult=True, shown=None):
    shown = consent.texts("en") if shown is None else shown
    consent.decide(voice, given=given, shown=shown, locale="en", is_adult=is_adult, by=voice.user)


def kinds(voice):
    """What happened, in order, without what was only put before the voice."""
    return list(voice.consent_events.exclude(kind="REQUESTED").values_list("kind", flat=True))


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_each_of_the_five_purposes_is_asked_for_apart_in_every_language_of_the_site(voice, language):
    shown = consent.texts(language)

    assert [text.purpose for text in shown] == list(Purpose)
    assert {text.language for text in shown} == {language}
    assert len({text.sha256 for text in shown}) == len(Purpose)


def test_each_text_carries_the_digest_of_its_words(voice):
    import hashlib

    assert all(hashlib.sha256(text.body.encode()).hexdigest() == text.sha256 for text in ConsentText.objects.all())


def test_an_unticked_box_is_a_refusal(voice):
    decide(voice, ONLY_REVIEW)

    assert consent.current(voice) == {purpose: purpose in ONLY_REVIEW for purpose in Purpose}
    assert kinds(voice) == ["GIVEN", *["REFUSED"] * 4]


def test_unticking_later_withdraws(voice):
    decide(voice, BOTH)
    decide(voice, ONLY_REVIEW)

    assert kinds(voice) == ["GIVEN", "GIVEN", *["REFUSED"] * 3, "GIVEN", "WITHDRAWN", *["REFUSED"] * 3]
    assert not consent.covers(voice, Purpose.TRAIN_MODELS)


def test_what_stands_now_is_the_fold_of_the_events(voice):
    for given in (ONLY_REVIEW, BOTH, ONLY_REVIEW, BOTH):
        decide(voice, given)

        assert consent.current(voice) == consent.folded(voice)


@pytest.mark.parametrize("given", [set(), {Purpose.TRAIN_MODELS}])
def test_without_the_required_purpose_nothing_is_kept(voice, given):
    with pytest.raises(consent.NotConsented):
        decide(voice, given)

    assert not voice.consent_events.exists()
    assert not CurrentConsent.objects.exists()


def test_a_minor_gives_no_consent(voice):
    with pytest.raises(consent.NotConsented):
        decide(voice, BOTH, is_adult=False)

    assert not voice.consent_events.exists()


def test_nobody_consents_to_words_they_were_not_shown(voice):
    with pytest.raises(consent.NotConsented):
        decide(voice, BOTH, shown=consent.texts("en")[:1])


def test_the_chain_is_whole_and_shows_where_it_was_changed(voice):
    decide(voice, BOTH)
    decide(voice, ONLY_REVIEW)

    assert consent.broken_link(voice) is None
    tampered = voice.consent_events.all()[1]
    ConsentEvent.objects.filter(pk=tampered.pk).update(kind="GIVEN", locale="xx")
    assert consent.broken_link(voice) == tampered


def test_an_event_taken_out_of_the_chain_is_missed(voice):
    decide(voice, BOTH)
    decide(voice, BOTH)
    gone = voice.consent_events.all()[0]
    CurrentConsent.objects.filter(event=gone).delete()
    ConsentEvent.objects.filter(pk=gone.pk).delete()

    assert consent.broken_link(voice) is not None


def test_texts_and_events_are_never_changed(voice):
    decide(voice, BOTH)
    text, event = ConsentText.objects.first(), voice.consent_events.first()

    for row in (text, event):
        with pytest.raises(Immutable):
            row.save()


def test_clips_are_covered_only_while_consent_stands(vera):
    clip = worlds.stored_clip(vera)
    covered = Clip.objects.covered_by(Purpose.TRAIN_MODELS)

    assert list(covered) == [clip]
    decide(clip.contributor, ONLY_REVIEW)
    assert list(covered.all()) == []
    assert list(Clip.objects.covered_by(Purpose.STORE_AND_REVIEW)) == [clip]
    assert list(Clip.objects.covered_by(Purpose.RELEASE_DATASET)) == []
