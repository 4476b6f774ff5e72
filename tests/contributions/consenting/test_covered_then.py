"""What was covered at a moment of the past: told by the events alone, and the same as what was selected then."""

import io
import uuid
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributions import corpora, intake
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.models import Clip, ConsentEvent, Contributor, LicenceGrant, Purpose
from openempathic.audit.models import AuditEvent
from tests import worlds

BEGINNING = datetime(2027, 1, 1, tzinfo=UTC)
REVIEW, TRAINING = Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS
PURPOSES = (REVIEW, TRAINING, Purpose.RELEASE_DATASET)
NAMES = ("vera", "otto")


def minute(count):
    """That many minutes after the beginning."""
    return BEGINNING + timedelta(minutes=count)


def at(count):
    """The clock stands at that minute."""
    return mock.patch("django.utils.timezone.now", return_value=minute(count))


def ids(clips):
    return set(clips.values_list("pk", flat=True))


def said(person, *purposes):
    voice = consent.contributor_for(person)
    shown = consent.texts("en")
    consent.decide(voice, given=set(purposes), shown=shown, locale="en", is_adult=True, by=person)


def licensed_clip(permission):
    """A clip of the corpus's one speaker."""
    speaker = corpora.speaker(corpora.Line("-", "ada", "anger", "pl"), permission, {})
    body = uuid.uuid4().bytes
    return intake.intake(
        uuid.uuid4(),
        contributor=speaker,
        body=io.BytesIO(body),
        announced=worlds.announced(body, language="pl"),
        by=corpora.AGENT,
        permission=intake.Permission(permission),
    ).clip


def granted(*purposes):
    return corpora.grant(
        "nemo", licence="CC-BY", source="-", source_sha256="0" * 64, purposes=list(purposes), commercial=True
    )


# By hand


@pytest.fixture
def vera_then(_stocked):
    """Vera allows all but the dataset in minute 10, gives a clip in minute 20."""
    with at(10):
        vera = worlds.volunteer("vera")
    with at(20):
        worlds.stored_clip(vera)
    return vera


def test_a_clip_is_covered_from_the_moment_it_was_stored(vera_then):
    clip = ids(Clip.objects)

    assert [ids(Clip.objects.covered_by(TRAINING, at=minute(n))) for n in (5, 15, 20, 25)] == [set(), set(), clip, clip]
    assert ids(Clip.objects.covered_by(Purpose.RELEASE_DATASET, at=minute(25))) == set()


def test_what_was_taken_back_later_was_covered_before_and_again_once_it_is_given_again(vera_then):
    clip, voice = ids(Clip.objects), consent.contributor_for(vera_then)
    with at(30):
        consent.withdraw(voice, TRAINING, by=vera_then, locale="en")
    with at(40):
        said(vera_then, REVIEW, TRAINING)

    covered = [ids(Clip.objects.covered_by(TRAINING, at=minute(n))) for n in (29, 30, 39, 40)]
    assert covered == [clip, set(), set(), clip]
    assert ids(Clip.objects.covered_by(REVIEW, at=minute(35))) == clip


def test_words_put_before_her_again_change_nothing_of_what_was_covered(vera_then):
    voice = consent.contributor_for(vera_then)
    with at(30):
        consent.request(voice, consent.texts("es"), by=vera_then, locale="es")

    assert voice.consent_events.last().kind == ConsentEvent.Kind.REQUESTED
    assert ids(Clip.objects.covered_by(TRAINING, at=minute(35))) == ids(Clip.objects)


def test_a_withdrawn_clip_was_covered_until_it_was_withdrawn(vera_then):
    clip = Clip.objects.get()
    with at(30):
        withdrawal.withdraw(clip, by=vera_then)
    with at(40):
        withdrawal.purge_due(clip.pk)

    covered = [ids(Clip.objects.covered_by(TRAINING, at=minute(n))) for n in (29, 30, 50)]
    assert covered == [{clip.pk}, set(), set()]


def test_a_withdrawn_clip_of_which_the_log_knows_nothing_was_never_covered(vera_then):
    clip = Clip.objects.get()
    withdrawal.withdraw(clip, by=vera_then)
    AuditEvent.objects.filter(act="clip.withdrawn").delete()

    assert ids(Clip.objects.covered_by(TRAINING, at=minute(25))) == set()


def test_a_licence_covers_from_its_grant_to_its_end_and_only_what_it_names(_stocked):
    with at(10):
        permission = granted(TRAINING)
    with at(20):
        clip = licensed_clip(permission)
    LicenceGrant.objects.update(ended_at=minute(30))

    covered = [ids(Clip.objects.covered_by(TRAINING, at=minute(n))) for n in (15, 20, 29, 30)]
    assert covered == [set(), {clip.pk}, {clip.pk}, set()]
    assert ids(Clip.objects.covered_by(REVIEW, at=minute(25))) == set()


def test_it_is_one_question_that_others_can_be_joined_to(vera_then, django_assert_num_queries):
    clips = ids(Clip.objects)
    then = Clip.objects.filter(language="en").covered_by(TRAINING, at=minute(25))

    with django_assert_num_queries(1):
        assert ids(Clip.objects.filter(pk__in=then.values("pk"))) == clips


# By chance

some_name = st.sampled_from(NAMES)
some_purposes = st.sets(st.sampled_from(PURPOSES))
acts = st.one_of(
    st.tuples(st.just("decides"), some_name, some_purposes),
    st.tuples(st.just("takes back"), some_name, st.sampled_from(PURPOSES)),
    st.tuples(st.just("reads"), some_name, st.sampled_from(["en", "es", "ar"])),
    st.tuples(st.just("gives"), some_name, st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("withdraws"), some_name, st.integers(0, 9)),
    st.tuples(st.just("licence"), st.just("-"), some_purposes),
    st.tuples(st.just("licence ends"), st.just("-"), st.none()),
)


def happens(act, person, what):
    """One act of a history; one that is refused changes nothing."""
    voice = person and consent.contributor_for(person)
    match act:
        case "decides" if REVIEW in what:
            said(person, *what)
        case "takes back":
            consent.withdraw(voice, what, by=person, locale="en")
        case "reads":
            consent.request(voice, consent.texts(what), by=person, locale=what)
        case "gives" if consent.covers(voice, REVIEW):
            announced = worlds.announced(what)
            intake.intake(uuid.uuid4(), contributor=voice, body=io.BytesIO(what), announced=announced, by=person)
        case "withdraws" if voice.clips.exists():
            clips = voice.clips.order_by("stored_at", "pk")
            withdrawal.withdraw(clips[what % len(clips)], by=person)
        case "licence" if not LicenceGrant.objects.exists():
            licensed_clip(granted(*what))
        case "licence ends":
            LicenceGrant.objects.filter(ended_at=None).update(ended_at=timezone.now())


def naively(purpose, moment):
    """The same, clip by clip and event by event."""
    withdrawn = {event.subject_id: event.at for event in AuditEvent.objects.filter(act="clip.withdrawn").order_by("at")}
    covered = set()
    for clip in Clip.objects.filter(stored_at__lte=moment):
        if withdrawn.get(str(clip.pk), moment + timedelta(1)) <= moment:
            continue
        allows = False
        for event in clip.contributor.consent_events.filter(purpose=purpose):
            if event.at <= moment and event.kind != "REQUESTED":
                allows = event.kind == "GIVEN"
        if licence := clip.licence:
            ended = licence.ended_at is not None and licence.ended_at <= moment
            allows = purpose in licence.purposes and licence.granted_at <= moment and not ended
        if allows:
            covered.add(clip.pk)
    return covered


@given(history=st.lists(st.tuples(acts, st.floats(1, 30)), max_size=20))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_what_was_covered_then_is_what_was_selected_then(db, history):
    with transaction.atomic():
        worlds.stocked()
        with at(0):
            people = {name: worlds.volunteer(name) for name in NAMES}
        now, selected = 1, {}
        for (act, name, what), minutes in history:
            now += minutes
            with at(now):
                happens(act, people.get(name), what)
            selected[now] = {purpose: ids(Clip.objects.covered_by(purpose)) for purpose in PURPOSES}

        for moment, then in selected.items():
            for purpose in PURPOSES:
                for shortly in (minute(moment), minute(moment) + timedelta(seconds=30)):
                    told = ids(Clip.objects.covered_by(purpose, at=shortly))
                    assert told == then[purpose] == naively(purpose, shortly)
        for voice in Contributor.objects.filter(licence=None):
            assert consent.current(voice) == consent.folded(voice)
            assert consent.broken_link(voice) is None
        transaction.set_rollback(True)
