"""The chain tells what was put before Vera and what her answer replaced; what stands is what she answered last."""

import hashlib
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.consenting import consent, receipts, records
from contributions.leaving import exports, homecoming
from contributions.models import ConsentEvent, ConsentText, Contributor, CurrentConsent, Purpose
from openempathic.audit.models import AuditEvent
from tests import worlds

REVIEW, TRAINING, FACTS = Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS, Purpose.DEMOGRAPHICS
TOLD = {"gender": "female", "age_band": "30-44", "accent": "from the coast"}


@pytest.fixture
def voice(vera):
    return consent.contributor_for(vera)


@pytest.fixture
def newcomer(_stocked):
    return consent.contributor_for(worlds.person("nora"))


def new_words(purpose=TRAINING, *, version="2.0"):
    """New words that ask for something else."""
    body = f"# New words {version}\n\nThey ask for something else."
    return ConsentText.objects.create(
        purpose=purpose,
        language="en",
        version=version,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        valid_from=timezone.now().date(),
        is_material_change=True,
    )


def says(voice, *given, language="en"):
    shown = consent.texts(language)
    consent.decide(voice, given=set(given), shown=shown, locale=language, is_adult=True, by=voice.user)


def reads(voice, language="en"):
    texts = consent.texts(language)
    return consent.request(voice, texts, by=voice.user, locale=language)


def told(voice, purpose=TRAINING):
    """What happened on one purpose, with the version of the words."""
    return [(event.kind, event.text.version) for event in voice.consent_events.filter(purpose=purpose)]


def holds(voice):
    """Whether chain, fold and log agree."""
    assert consent.current(voice) == consent.folded(voice)
    return list(records.broken_records()) == []


# Put before her


def test_the_words_are_said_to_have_been_put_before_her_with_the_digest_that_was_shown(newcomer):
    says(newcomer, REVIEW)
    requested = newcomer.consent_events.filter(kind="REQUESTED")

    assert [event.position for event in requested] == [0, 1, 2, 3, 4]
    assert [event.text_sha256 for event in requested] == [text.sha256 for text in consent.texts("en")]
    assert holds(newcomer)


def test_words_that_she_sees_again_are_put_before_her_once_and_other_words_once_too(voice):
    says(voice, REVIEW)
    says(voice, REVIEW, TRAINING, language="es")
    says(voice, REVIEW, language="es")

    assert voice.consent_events.filter(kind="REQUESTED").count() == 2 * len(Purpose)
    assert voice.consent_events.filter(kind="REQUESTED").values("text").distinct().count() == 2 * len(Purpose)


def test_who_reads_and_does_not_answer_has_answered_nothing(newcomer):
    assert len(reads(newcomer)) == len(Purpose)
    assert reads(newcomer) == []

    assert consent.current(newcomer) == consent.folded(newcomer) == {}
    with pytest.raises(receipts.NoConsentYet):
        receipts.receipt(newcomer, at=timezone.now())
    assert holds(newcomer)


def test_reading_new_words_changes_nothing_of_what_stands(voice):
    before = receipts.standing(voice)
    new_words()
    reads(voice)

    assert told(voice)[-1] == ("REQUESTED", "2.0")
    assert receipts.standing(voice) == before
    assert consent.covers(voice, TRAINING)
    assert holds(voice)


def test_that_words_were_put_before_her_cannot_be_cut_off_the_chain(voice):
    new_words()
    reads(voice)
    voice.consent_events.last().delete()

    assert "is gone or was changed" in " ".join(records.broken_records())


def test_the_visit_at_which_new_words_ask_again_is_kept_once(client, vera, voice):
    client.force_login(vera)
    client.get(reverse("consent"))
    assert ("REQUESTED", "2.0") not in told(voice)

    changed = new_words()
    for _ in range(2):
        client.get(reverse("consent"))
    says(voice, REVIEW, TRAINING)

    shown = voice.consent_events.filter(kind="REQUESTED", text=changed)
    assert [event.text_sha256 for event in shown] == [changed.sha256]
    assert AuditEvent.objects.filter(act="consent.requested").count() == 1
    assert holds(voice)


# Replaced


def test_an_answer_to_new_words_replaces_the_old_yes(voice):
    old = consent.texts("en")[1]
    new = new_words()
    says(voice, REVIEW, TRAINING)

    assert told(voice) == [
        *[("REQUESTED", "1.0"), ("GIVEN", "1.0")],
        *[("REQUESTED", "2.0"), ("SUPERSEDED", "1.0"), ("GIVEN", "2.0")],
    ]
    replaced = voice.consent_events.get(kind="SUPERSEDED")
    assert (replaced.text, replaced.text_sha256) == (old, old.sha256)
    assert CurrentConsent.objects.get(contributor=voice, purpose=TRAINING).event.text == new
    assert new in [event.text for event in receipts.standing(voice)]
    assert holds(voice)


def test_who_leaves_the_box_of_new_words_empty_refuses_them_and_the_old_yes_is_over(voice):
    new_words()
    says(voice, REVIEW)

    assert told(voice)[-2:] == [("SUPERSEDED", "1.0"), ("REFUSED", "2.0")]
    assert not consent.covers(voice, TRAINING)
    assert holds(voice)


def test_a_no_is_not_replaced_by_a_yes_to_new_words(voice):
    says(voice, REVIEW)
    new_words()
    says(voice, REVIEW, TRAINING)

    assert "SUPERSEDED" not in [kind for kind, _version in told(voice)]
    assert consent.covers(voice, TRAINING)


def test_the_same_words_in_another_language_replace_nothing(voice):
    says(voice, REVIEW, TRAINING, language="ar")

    assert "SUPERSEDED" not in [kind for kind, _version in told(voice)]
    assert told(voice)[-1] == ("GIVEN", "1.0")


def test_replaced_words_alone_allow_nothing(voice):
    old = consent.texts("en")[1]
    consent.append(voice, kind=ConsentEvent.Kind.SUPERSEDED, text=old, locale="en", at=timezone.now())

    assert not consent.covers(voice, TRAINING)
    assert consent.current(voice) == consent.folded(voice)


def test_what_stands_on_another_event_than_the_last_answer_is_found(voice):
    says(voice, REVIEW, TRAINING)
    first = voice.consent_events.filter(purpose=TRAINING, kind="GIVEN").first()
    CurrentConsent.objects.filter(contributor=voice, purpose=TRAINING).update(event=first)

    assert "what stands now is not what the events say" in " ".join(records.broken_records())


def test_a_clock_that_was_set_back_does_not_turn_the_order_round(voice):
    given_at = voice.consent_events.last().at
    with mock.patch("django.utils.timezone.now", return_value=given_at - timedelta(hours=1)):
        consent.withdraw(voice, TRAINING, by=voice.user, locale="en")

    moments = list(voice.consent_events.values_list("at", flat=True))
    assert moments == sorted(moments)
    assert holds(voice)


def test_one_decision_is_one_moment(newcomer):
    moment = datetime(2027, 3, 1, 12, tzinfo=UTC)
    with mock.patch("django.utils.timezone.now", side_effect=[moment + timedelta(seconds=n) for n in range(99)]):
        says(newcomer, REVIEW, TRAINING)

    assert newcomer.consent_events.values("at").distinct().count() == 1


# There and back


def test_every_kind_of_event_comes_home(voice, vera, tmp_path):
    new_words()
    says(voice, REVIEW, TRAINING, FACTS)
    Contributor.objects.filter(pk=voice.pk).update(**TOLD)
    new_words(version="3.0")
    reads(voice)
    voice.refresh_from_db()
    before = consent.current(voice), [event.sha256 for event in voice.consent_events.all()]
    path = tmp_path / "voice.zip"
    with exports.export(voice, by=vera) as file:
        path.write_bytes(file.read())
    CurrentConsent.objects.all().delete()
    ConsentEvent.objects.all().delete()
    Contributor.objects.all().delete()

    homecoming.import_export(path)

    home = Contributor.objects.get()
    assert (consent.current(home), [event.sha256 for event in home.consent_events.all()]) == before
    assert {name: getattr(home, name) for name in TOLD} == TOLD
    assert holds(home)


# Facts about her


@pytest.fixture
def known(voice):
    """Vera, who has told about herself."""
    says(voice, REVIEW, TRAINING, FACTS)
    Contributor.objects.filter(pk=voice.pk).update(**TOLD)
    return voice


def facts(voice):
    return Contributor.objects.values("gender", "age_band", "accent").get(pk=voice.pk)


@pytest.mark.parametrize("purpose", [FACTS, REVIEW])
def test_facts_go_with_the_permission_to_keep_them(known, purpose):
    consent.withdraw(known, purpose, by=known.user, locale="en")

    assert facts(known) == dict.fromkeys(TOLD, "")


def test_facts_go_when_the_box_is_unticked_and_stay_while_it_is_ticked(known):
    consent.withdraw(known, TRAINING, by=known.user, locale="en")
    says(known, REVIEW, FACTS)
    assert facts(known) == TOLD

    says(known, REVIEW)
    assert facts(known) == dict.fromkeys(TOLD, "")


def test_facts_stay_when_new_words_for_them_are_agreed_to(known):
    new_words(purpose=FACTS)
    says(known, REVIEW, FACTS)

    assert told(known, FACTS)[-2:] == [("SUPERSEDED", "1.0"), ("GIVEN", "2.0")]
    assert facts(known) == TOLD
