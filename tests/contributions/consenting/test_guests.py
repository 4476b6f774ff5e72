"""Guests: a voice without an account, the code that is all they hold, and what an account may claim."""

from datetime import timedelta

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import timezone

from contributions.consenting import consent, guests
from contributions.leaving import farewell, withdrawal
from contributions.listening import ratings
from contributions.models import Clip, Contributor, Purpose, Release
from contributions.models.contributor import Split
from contributions.releasing import selection
from tests import worlds
from tests.house.test_doors import enter

pytestmark = pytest.mark.django_db
NOW = timezone.now


@pytest.fixture
def gina(_stocked):
    return worlds.guest()


def test_a_code_opens_the_guests_own_voice_however_it_was_written_down(gina):
    code = guests.code_of(gina)

    for written in (code, code.lower(), code.replace("-", " "), code.replace("O", "0"), f"  {code}\n"):
        assert guests.admit(written, now=NOW()) == gina


def test_no_letter_of_a_code_can_be_changed(gina):
    code = guests.code_of(gina)

    for at, letter in enumerate(code):
        if letter != "-":
            forged = code[:at] + ("A" if letter != "A" else "B") + code[at + 1 :]
            with pytest.raises(guests.NotAdmitted):
                guests.admit(forged, now=NOW())


@pytest.mark.parametrize("words", ["", "hello", "A" * 48, "A" * 8000, "ä€", "../../etc"])
def test_what_is_no_code_is_refused_with_words(gina, words):
    with pytest.raises(guests.NotAdmitted) as refusal:
        guests.admit(words, now=NOW())

    assert "not a code of this site" in refusal.value.message


def test_a_code_of_another_site_opens_nothing_here(gina, settings):
    code = guests.code_of(gina)
    settings.SIGNING_KEY = "another site's key"

    with pytest.raises(guests.NotAdmitted):
        guests.admit(code, now=NOW())


def test_a_new_code_ends_the_old_one(gina):
    old = guests.code_of(gina)
    renewed = guests.renew(gina, by=gina.actor)

    assert guests.admit(guests.code_of(renewed), now=NOW()) == gina
    with pytest.raises(guests.CodeReplaced):
        guests.admit(old, now=NOW())


def test_a_code_expires_with_the_clips_that_it_opens_and_a_visit_puts_that_off(gina, client):
    late = NOW() + timedelta(days=site.RETENTION_DAYS, seconds=1)

    with pytest.raises(guests.CodeExpired):
        guests.admit(guests.code_of(gina), now=late)
    Contributor.objects.filter(pk=gina.pk).update(last_interaction_at=NOW() - timedelta(days=site.RETENTION_DAYS - 1))
    enter(client, gina)
    client.get(reverse("my-clips"))
    gina.refresh_from_db()
    assert guests.expires_at(gina) > NOW() + timedelta(days=site.RETENTION_DAYS - 1)


def test_a_stranger_goes_on_as_a_guest_and_is_shown_the_code_before_the_studio(client, _stocked):
    asked = client.get(reverse("consent"), follow=True)
    assert asked.redirect_chain[0][0].startswith(reverse("take-part"))

    assert client.post(reverse("take-part"), {"next": reverse("consent")}).url == reverse("consent")
    texts = consent.texts("en")
    answers = {f"shown_{text.purpose}": f"{text.pk}:{text.sha256}" for text in texts}
    answered = client.post(
        reverse("consent"), answers | {"is_adult": "on", f"given_{Purpose.STORE_AND_REVIEW}": "on"}, follow=True
    )

    gina = Contributor.objects.get()
    assert guests.code_of(gina) in answered.content.decode()
    assert guests.code_of(gina) in client.get(reverse("guest-code-file")).content.decode()
    # Shown once on the way: after that the studio is next.
    assert client.post(reverse("consent"), answers | {"is_adult": "on", "given_STORE_AND_REVIEW": "on"}).url != (
        reverse("guest-code")
    )


def test_where_a_guest_is_sent_next_is_a_page_of_this_site(client, _stocked):
    answer = client.post(reverse("take-part"), {"next": "https://elsewhere.example/"})

    assert answer.url == reverse("choose-language")


def test_with_the_code_alone_a_guest_lists_hears_and_withdraws(gina, client):
    clip = worlds.screened_clip(gina)

    opened = client.post(reverse("guest"), {"code": guests.code_of(gina)}, follow=True)
    assert clip.transcript in opened.content.decode()
    assert client.get(reverse("clip-audio", args=[clip.pk])).status_code == 200
    client.post(reverse("withdrawal", args=[clip.pk]))

    clip.refresh_from_db()
    assert clip.status == Clip.Status.WITHDRAWN
    assert client.get(reverse("clip-audio", args=[clip.pk])).status_code == 404
    withdrawal.purge_due(clip.pk)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.PURGED


def test_a_wrong_code_gets_a_clear_answer_and_opens_nothing(client, _stocked):
    answer = client.post(reverse("guest"), {"code": "AAAAAA-AAAAAA"})

    assert answer.status_code == 422
    assert "not a code of this site" in answer.content.decode()
    assert guests.SESSION_KEY not in client.session


def test_a_session_ends_with_its_code(gina, client):
    enter(client, gina)
    guests.renew(gina, by=gina.actor)

    assert client.get(reverse("my-clips")).url.startswith(reverse("take-part"))


def test_the_session_key_changes_when_a_guest_comes_in(gina, client):
    client.get(reverse("take-part"))
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies[site.SESSION_COOKIE_NAME] = before

    client.post(reverse("guest"), {"code": guests.code_of(gina)})

    assert client.session.session_key != before


def test_a_guest_ends_everything_and_the_code_opens_nothing(gina, client):
    clip = worlds.stored_clip(gina)
    code = guests.code_of(gina)
    enter(client, gina)

    told = client.post(reverse("delete-account")).content.decode()

    clip.refresh_from_db()
    assert clip.status == Clip.Status.WITHDRAWN
    assert "Everything is taken back" in told
    with pytest.raises(guests.CodeEnded):
        guests.admit(code, now=NOW())
    gina.refresh_from_db()
    assert not any(consent.current(gina).values())


def test_an_account_without_a_voice_takes_the_guests_for_its_own(gina):
    clip, code = worlds.stored_clip(gina), guests.code_of(gina)
    vera = worlds.person("vera")
    consent.contributor_for(vera)

    guests.claim(gina, by=vera)

    assert consent.contributor_for(vera) == gina
    clip.refresh_from_db()
    withdrawal.withdraw(clip, by=vera)
    with pytest.raises(guests.CodeClaimed):
        guests.admit(code, now=NOW())


def test_an_account_with_a_voice_has_the_guests_beside_it(gina, client):
    hers, clip = worlds.volunteer("vera"), worlds.stored_clip(gina)
    own = worlds.stored_clip(hers, b"another take")
    client.force_login(hers)

    asked = client.post(reverse("guest"), {"code": guests.code_of(gina)}).content.decode()
    assert "Make these clips yours?" in asked
    client.post(reverse("guest-claim"), {"code": guests.code_of(gina)})

    page = client.get(reverse("my-clips")).content.decode()
    assert str(clip.pk) in page
    assert str(own.pk) in page
    gina.refresh_from_db()
    assert client.get(reverse("receipt"), {"voice": str(gina.pk)}).status_code == 200
    assert client.post(reverse("export"), {"voice": str(gina.pk)}).status_code == 200
    client.post(reverse("withdrawal-of-all"))
    assert not Clip.objects.live().exists()


def test_a_claimed_voice_follows_what_its_owner_answers_and_leaves_with_the_account(gina):
    vera = worlds.volunteer("vera")
    clip = worlds.stored_clip(gina)
    guests.claim(gina, by=vera)
    gina.refresh_from_db()

    farewell.delete_account(vera, locale="en")

    clip.refresh_from_db()
    gina.refresh_from_db()
    assert clip.status == Clip.Status.WITHDRAWN
    assert gina.actor is None
    assert not any(consent.current(gina).values())


def test_unticking_a_purpose_takes_it_back_for_the_claimed_voice_too(gina, client):
    vera = worlds.volunteer("vera")
    guests.claim(gina, by=vera)
    client.force_login(vera)

    client.post(reverse("purpose-withdrawal", args=[Purpose.TRAIN_MODELS]))

    assert not consent.covers(gina, Purpose.TRAIN_MODELS)
    assert not consent.covers(consent.contributor_for(vera), Purpose.TRAIN_MODELS)


def test_a_voice_is_claimed_once(gina):
    vera, otto = worlds.volunteer("vera"), worlds.volunteer("otto")
    guests.claim(gina, by=vera)

    with pytest.raises(guests.CodeClaimed):
        guests.claim(gina, by=otto)


def test_milo_cannot_claim_what_he_judged(gina, milo):
    worlds.accepted_clip(gina, by=milo)

    with pytest.raises(guests.NotClaimable):
        guests.claim(gina, by=milo)


def test_milo_is_not_offered_the_clips_he_claimed(gina, milo):
    worlds.screened_clip(gina)
    consent.contributor_for(milo)
    worlds.guest()
    guests.claim(gina, by=milo)

    assert ratings.open_turn(milo) is None


def test_one_person_is_one_speaker_and_never_on_two_sides(gina, milo):
    vera = worlds.volunteer("vera")
    own = worlds.accepted_clip(vera, by=milo)
    given = worlds.accepted_clip(gina, by=milo, emotion="sadness")
    guests.claim(gina, by=vera)
    Contributor.objects.filter(user=vera).update(split=Split.TRAIN)

    Contributor.objects.filter(pk=gina.pk).update(split=Split.TRAIN)
    with selection.select(Release.Kind.TRAINING) as together:
        clips = list(together.in_order())
    assert {clip.clip for clip in clips} == {own.pk, given.pk}
    assert len({clip.speaker for clip in clips}) == 1

    Contributor.objects.filter(pk=gina.pk).update(split=Split.TEST)
    with selection.select(Release.Kind.TRAINING) as apart:
        assert [clip.clip for clip in apart.in_order()] == [own.pk]
        assert apart.left_out["on_another_side"] == 1


def test_takes_that_two_guests_left_on_one_device_are_told_apart(gina, client):
    session_of = {}
    for guest in (gina, worlds.guest()):
        enter(client, guest)
        client.post(reverse("choose-language"), {"language": "en"})
        session_of[guest.pk] = client.get(reverse("studio")).content.decode()

    assert all(f'data-voices="{pk}"' in page for pk, page in session_of.items())


def test_the_code_is_in_no_page_of_anybody_else_and_behind_the_number_sign_of_the_link(gina, client):
    enter(client, gina)

    assert f"/guest/#{guests.code_of(gina)}" in client.get(reverse("guest-code-file")).content.decode()
    assert "no-store" in client.get(reverse("guest-code")).headers["Cache-Control"]


@pytest.mark.parametrize("wanted", ["null", "-1", "x" * 5000, "a\r\nSet-Cookie: a=b"])
def test_a_way_that_is_no_address_breaks_nothing(client, _stocked, wanted):
    answer = client.post(reverse("take-part"), {"next": wanted})

    assert answer.status_code == 302
    assert "a" not in answer.cookies
