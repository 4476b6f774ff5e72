"""Moderators and curators show a second factor before their pages open: set up, typed when signing in, guessed at."""

import re
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openempathic.accounts import invitations, second_factor, tokens
from openempathic.accounts.models import Scope, User
from openempathic.accounts.second_factor import codes
from tests import worlds
from tests.house import clip_doors, doors, test_doors
from tests.second_factors import (
    LETTERS,
    SHOWN,
    Clock,
    acts,
    code_of,
    in_another_process,
    secret_shown,
    set_up,
    sign_in,
    told,
)

ROLES = ("milo", "mona", "cleo")
EVERY = [*doors.rows(doors.DOORS), *doors.rows(clip_doors.CLIP_DOORS)]


@pytest.fixture(autouse=True)
def _required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_every_page_that_is_closed_to_otto_leads_moderators_to_set_up_a_second_factor(db):
    world = test_doors.made_world()
    closed = [row for row in EVERY if row["otto"] == "403"]
    asked = {
        ("{door} {subject} {method}".format(**row), name): test_doors.told(world, row, name, browser=Client())
        for row in closed
        for name in ROLES
        if row[name] != "403" and not row["door"].startswith("api:")
    }

    assert len(asked) > 50
    assert {door: answer for door, answer in asked.items() if answer != ">mfa_activate_totp"} == {}


def test_to_listen_and_to_report_moderators_show_one_and_other_listeners_none(db):
    world = test_doors.made_world()
    heard = [row for row in EVERY if row["door"].startswith("listen") or row["door"] == "clip-report"]
    asked = [row for row in heard if row["door"] != "listen-me"]
    milo = {(row["door"], row["method"]): test_doors.told(world, row, "milo", browser=Client()) for row in asked}
    otto = {test_doors.told(world, row, "otto", browser=Client()) for row in asked}

    assert len(milo) > 8
    assert {door: answer for door, answer in milo.items() if answer != ">mfa_activate_totp"} == {}
    assert ">mfa_activate_totp" not in otto


def test_nobody_elses_voice_is_heard_before(vera, milo, cleo):
    clip = test_doors.reviewable(worlds.stored_clip(vera))
    own = test_doors.reviewable(worlds.stored_clip(worlds.volunteer("ada")))
    test_doors.with_status(clip.pk, "DISPUTED")
    address = reverse("clip-audio", args=[clip.pk])
    milo_before, cleo_before, ada = Client(), Client(), Client()
    milo_before.force_login(milo)
    cleo_before.force_login(cleo)
    ada.force_login(own.contributor.user)

    assert milo_before.get(address).status_code in (302, 404)
    assert cleo_before.get(address).status_code in (302, 404)
    assert ada.get(reverse("clip-audio", args=[own.pk])).status_code == 200
    assert set_up(cleo)[0].get(address).status_code == 200


def test_contributors_are_asked_for_nothing(client, vera):
    client.force_login(vera)

    assert client.get(reverse("my-clips")).status_code == 200
    assert client.get(reverse("studio")).status_code == 302
    assert sign_in(vera)[1] == "/"


def test_a_moderators_token_does_what_a_contributors_does_and_no_more(vera, milo):
    clip = test_doors.reviewable(worlds.stored_clip(vera))
    test_doors.with_status(clip.pk, "DISPUTED")
    _token, word = tokens.make(name="program", scopes=Scope.values, days=30, by=milo)
    _browser, _secret, _codes = set_up(milo)
    program = Client(headers={"Authorization": f"Bearer {word}"})

    for door in ("api:clip", "api:clip-sound", "api:self-report"):
        assert program.get(reverse(door, args=[clip.pk])).status_code in (403, 404), door
    for door in ("listen", "moderate", "clip-audio", "moderate-clip", "clip-spectrogram"):
        named = [clip.pk] if "clip" in door else []
        assert program.get(reverse(door, args=named)).status_code == 302, door


def test_the_operator_may_switch_the_asking_off(client, settings, milo):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(milo)

    assert client.get(reverse("moderate")).status_code == 200


# Setting up.


def test_milo_is_led_to_set_one_up_and_on_to_where_he_was_going(milo):
    browser, _way = sign_in(milo)
    answer = browser.get(reverse("moderate"), {"language": "en"})
    assert answer.headers["Location"] == reverse("mfa_activate_totp")

    secret = secret_shown(browser)
    page = told(browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True))
    assert len(set(SHOWN.findall(page))) == 10
    assert f'href="{reverse("moderate")}?language=en"' in page
    assert browser.get(reverse("moderate")).status_code == 200


def test_the_first_curator_needs_a_link_and_a_phone_and_no_password(db):
    link = StringIO()
    call_command("first_curator", stdout=link)
    path = link.getvalue().split("/sign-in/")[1].strip()
    browser = Client()
    browser.post(f"/sign-in/{path}")

    assert browser.get(reverse("invitations")).headers["Location"] == reverse("mfa_activate_totp")
    secret = secret_shown(browser)
    browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert browser.get(reverse("mfa_view_recovery_codes")).status_code == 200
    assert browser.get(reverse("invitations")).status_code == 200


def test_the_picture_holds_the_secret_and_names_the_site(milo, settings):
    settings.SITE_URL = "https://voices.example"
    browser, _way = sign_in(milo)
    page = told(browser.get(reverse("mfa_activate_totp")))
    secret = LETTERS.search(page)[1].replace(" ", "")

    address = re.search(r'href="(otpauth://[^"]+)"', page)[1]
    assert f"secret={secret}" in address
    assert "issuer=Open%20Empathic%20%28voices.example%29" in address
    assert "milo%40example.org" in address
    assert 'src="data:image/svg+xml;base64,' in page


def test_a_wrong_first_code_keeps_the_same_picture(milo):
    browser, _way = sign_in(milo)
    secret = secret_shown(browser)
    wrong = f"{(int(code_of(secret)) + 1) % 10**6:06}"
    answer = browser.post(reverse("mfa_activate_totp"), {"code": wrong})

    assert LETTERS.search(told(answer))[1].replace(" ", "") == secret
    assert not Authenticator.objects.exists()


def test_otto_confirms_his_address_before_he_locks_somebody_out_of_it(otto):
    otto.emailaddress_set.create(email=otto.email, primary=True, verified=False)
    browser, _way = sign_in(otto)
    refused = browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret_shown(browser))})
    assert "confirm your e-mail address" in told(refused)

    otto.emailaddress_set.update(verified=True)
    set_up(otto)
    assert second_factor.is_set_up_by(otto)


# Signing in.


def test_milo_signs_in_with_his_password_and_a_code(milo, clock):
    _browser, secret, _codes = set_up(milo)
    clock.turn(60)
    browser, way = sign_in(milo, then="/moderate/")
    assert way == reverse("mfa_authenticate")
    assert browser.get(reverse("moderate")).headers["Location"].startswith(reverse("account_login"))

    answer = browser.post(way, {"code": code_of(secret)})
    assert answer.headers["Location"] == "/moderate/"
    assert browser.get("/moderate/").status_code == 200


def test_a_code_opens_once_and_no_earlier_one_after_it(milo, clock):
    _browser, secret, _codes = set_up(milo)
    clock.turn(120)
    used, earlier = code_of(secret), code_of(secret, ahead=-1)
    first, second, third = (sign_in(milo)[0] for _ in range(3))
    way = reverse("mfa_authenticate")

    assert first.post(way, {"code": used}).status_code == 302
    in_another_process()
    assert "used already" in told(second.post(way, {"code": used}))
    assert "used already" in told(third.post(way, {"code": earlier}))


@pytest.mark.parametrize("ahead", [-3, 3, 2880])
def test_a_code_of_another_time_opens_nothing(milo, clock, ahead):
    _browser, secret, _codes = set_up(milo)
    browser, way = sign_in(milo)

    assert browser.post(way, {"code": code_of(secret, ahead=ahead)}).status_code == 200
    assert "_auth_user_id" not in browser.session


def test_guessing_ends_after_five_whichever_process_is_asked(milo, clock):
    _browser, secret, _codes = set_up(milo)
    clock.turn(600)
    for _ in range(codes.TRIES):
        in_another_process()
        browser, way = sign_in(milo)
        assert browser.post(way, {"code": "000000"}).status_code == 200

    in_another_process()
    assert "Too many wrong codes" in told(browser.post(way, {"code": code_of(secret)}))
    clock.turn(codes.TRIES_SECONDS + 1)
    in_another_process()
    assert browser.post(way, {"code": code_of(secret)}).status_code == 302


def test_who_guesses_slowly_is_stopped_by_the_day(milo, clock):
    _browser, _secret, _codes = set_up(milo)
    for _ in range(codes.TRIES_A_DAY):
        codes.count_try(milo, at=timezone.now())
        clock.turn(codes.TRIES_SECONDS)
    with pytest.raises(codes.TooManyTries):
        codes.count_try(milo, at=timezone.now())

    clock.turn(codes.DAY_SECONDS)
    codes.count_try(milo, at=timezone.now())


def test_a_recovery_code_opens_once(milo):
    _browser, _secret, kept = set_up(milo)
    browser, way = sign_in(milo)
    assert browser.post(way, {"code": kept[3]}).status_code == 302
    assert browser.get(reverse("moderate")).status_code == 200

    again, way = sign_in(milo)
    assert again.post(way, {"code": kept[3]}).status_code == 200
    assert acts() == [*["second_factor.set_up"] * 2, "second_factor.recovery_code_used", "second_factor.refused"]


def test_a_session_of_before_has_shown_nothing(milo, clock):
    before, _way = sign_in(milo)
    _browser, secret, _codes = set_up(milo)
    clock.turn(60)
    answer = before.get(reverse("moderate"))
    assert answer.headers["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fmoderate%2F"

    confirmed = before.post(reverse("mfa_reauthenticate"), {"code": code_of(secret), "next": "/moderate/"})
    assert confirmed.headers["Location"] == "/moderate/"
    assert before.get(reverse("moderate")).status_code == 200


def test_a_one_time_link_is_no_way_around_it(cleo):
    set_up(cleo)
    browser = Client()
    browser.post(reverse("sign-in", args=[invitations.sign_in_word(User.objects.get(pk=cleo.pk))]))

    assert browser.get(reverse("runs")).headers["Location"].startswith(reverse("mfa_reauthenticate"))
