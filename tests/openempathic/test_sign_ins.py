"""Wrong passwords, right ones, and the ways back in: who is kept out, for how long, and who never is."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openempathic.accounts import adapter, tokens
from openempathic.accounts.limited_doors import BY_ADDRESS
from openempathic.accounts.models import ApiToken, Scope, User
from tests.second_factors import PASSWORD

HERE, THERE = "198.51.100.7", "203.0.113.9"
NEW_PASSWORD = "another long enough word"


def sign_in(person, password=PASSWORD, *, address=HERE, browser=None):
    """Whether the password let the person in."""
    browser = browser or Client()
    typed = {"login": getattr(person, "email", person), "password": password}
    browser.post(reverse("account_login"), typed, REMOTE_ADDR=address)
    return "_auth_user_id" in browser.session


def guess(person, times, *, address=HERE):
    for number in range(times):
        assert not sign_in(person, f"guess {number}", address=address)


def later(monkeypatch, **ahead):
    """From now on it is so much later."""
    then = timezone.now() + timedelta(**ahead)
    monkeypatch.setattr(timezone, "now", lambda: then)


def test_after_five_guesses_the_right_password_waits_too_and_longer_each_time(otto, monkeypatch):
    guess(otto, adapter.PAIR.count)
    assert not sign_in(otto)

    later(monkeypatch, seconds=adapter.PAIR.seconds)
    guess(otto, adapter.PAIR.count)
    later(monkeypatch, seconds=adapter.PAIR.seconds)
    assert not sign_in(otto)
    later(monkeypatch, seconds=adapter.PAIR.seconds)
    assert sign_in(otto)


def test_who_guesses_elsewhere_keeps_nobody_out_here(otto):
    guess(otto, adapter.PAIR.count + 1, address=THERE)

    assert sign_in(otto)


def test_a_right_password_makes_up_for_the_wrong_ones_before_it(otto):
    for _ in range(3):
        guess(otto, adapter.PAIR.count - 1)
        assert sign_in(otto)


def test_whoever_has_an_account_of_their_own_guesses_no_longer_at_anothers(otto, vera):
    guess(otto, adapter.PAIR.count - 1)
    assert sign_in(vera)
    guess(otto, 1)

    assert not sign_in(otto)


def test_one_address_guesses_at_so_many_accounts_and_a_class_behind_it_signs_in(vera, monkeypatch):
    monkeypatch.setattr(adapter, "ADDRESS", adapter.Limit("few", count=4, seconds=3600))
    for _ in range(6):
        assert sign_in(vera)
    for number in range(4):
        guess(f"nobody-{number}@example.org", 1)

    assert not sign_in(vera)
    assert sign_in(vera, address=THERE)


def test_guesses_from_everywhere_keep_the_owner_out_of_one_way_only(otto, monkeypatch):
    monkeypatch.setattr(adapter, "ACCOUNT", adapter.Limit("few", count=4, seconds=86_400))
    for number in range(4):
        guess(otto, 1, address=f"192.0.2.{number}")
    assert not sign_in(otto)

    browser = reset_by_mail(otto)
    assert "_auth_user_id" in browser.session
    assert sign_in(User.objects.get(pk=otto.pk), NEW_PASSWORD)


def reset_by_mail(person):
    """A browser in which the person set a new password by the link of a letter."""
    browser = Client()
    browser.post(reverse("account_reset_password"), {"email": person.email}, REMOTE_ADDR=HERE)
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = browser.get(link, follow=True).request["PATH_INFO"]
    browser.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, REMOTE_ADDR=HERE)
    return browser


def test_a_mailbox_gets_so_many_letters_of_a_kind_whoever_asks(otto):
    for number in range(8):
        Client().post(reverse("account_reset_password"), {"email": otto.email}, REMOTE_ADDR=f"192.0.2.{number}")

    assert len(mail.outbox) == adapter.LETTERS.count


@pytest.mark.parametrize("door", ["account_signup", "take-part", "guest", "account_reset_password"])
def test_a_door_opens_so_often_for_one_address_and_goes_on_opening_for_others(db, monkeypatch, door):
    monkeypatch.setitem(BY_ADDRESS, door, adapter.Limit("few", count=2, seconds=60))
    sent = [Client().post(reverse(door), {}, REMOTE_ADDR=HERE) for _ in range(3)]

    assert [answer.status_code == 429 for answer in sent] == [False, False, True]
    assert int(sent[-1].headers["Retry-After"]) in range(50, 62)
    assert Client().post(reverse(door), {}, REMOTE_ADDR=THERE).status_code != 429
    assert Client().get(reverse(door), REMOTE_ADDR=HERE).status_code == 200


def test_no_other_site_spends_what_is_ours(db, monkeypatch):
    monkeypatch.setitem(BY_ADDRESS, "guest", adapter.Limit("few", count=1, seconds=60))
    for _ in range(3):
        assert Client(enforce_csrf_checks=True).post(reverse("guest"), {}, REMOTE_ADDR=HERE).status_code == 403

    assert Client().post(reverse("guest"), {}, REMOTE_ADDR=HERE).status_code != 429


# What changes with a password and with a role.


def test_a_new_password_ends_every_other_session_and_every_token(vera):
    here, there = Client(), Client()
    assert sign_in(vera, browser=here)
    assert sign_in(vera, browser=there)
    _token, word = tokens.make(name="program", scopes=[Scope.CLIPS_READ], days=30, by=vera)
    before = here.session.session_key

    typed = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    told = here.post(reverse("account_change_password"), typed, follow=True)

    assert here.session.session_key != before
    assert here.get(reverse("my-clips")).status_code == 200
    assert there.get(reverse("my-clips")).status_code == 302
    assert ApiToken.objects.get().revoked_at is not None
    assert "Your tokens ended" in told.content.decode()
    program = Client(headers={"Authorization": f"Bearer {word}"})
    assert program.get(reverse("api:clips")).status_code == 401


def test_a_password_set_by_mail_ends_them_too(vera):
    there = Client()
    sign_in(vera, browser=there)
    tokens.make(name="program", scopes=[Scope.CLIPS_READ], days=30, by=vera)
    reset_by_mail(vera)

    assert there.get(reverse("my-clips")).status_code == 302
    assert ApiToken.objects.get().revoked_at is not None


def test_signing_in_and_a_new_role_change_the_key_of_the_session(otto, cleo):
    from openempathic.accounts import invitations

    browser = Client()
    browser.get(reverse("take-part"))
    browser.post(reverse("take-part"))
    keys = [browser.session.session_key]
    sign_in(otto, browser=browser)
    keys.append(browser.session.session_key)
    _invitation, word = invitations.invite(otto.email, role="MODERATOR", by=cleo)
    browser.post(reverse("invitation", args=[word]))
    keys.append(browser.session.session_key)

    assert len(set(keys)) == 3
    assert browser.session["_auth_user_id"] == str(otto.pk)
    assert User.objects.get(pk=otto.pk).is_moderator


def test_a_second_factor_is_asked_of_who_comes_by_mail_too(milo, settings):
    from tests.second_factors import set_up

    settings.SECOND_FACTOR_REQUIRED = True
    set_up(milo)
    browser = reset_by_mail(milo)

    assert "_auth_user_id" not in browser.session


def test_passwords_are_hashed_as_owasp_asks():
    from django.contrib.auth.hashers import Argon2PasswordHasher

    # At least 19 MiB of memory, two passes, one thread (OWASP, Password Storage Cheat Sheet).
    ours = Argon2PasswordHasher()
    assert ours.memory_cost >= 19 * 1024
    assert ours.time_cost >= 2
    assert "$argon2id$" in ours.encode("word", "a" * 22)
