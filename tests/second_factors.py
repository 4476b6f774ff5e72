"""Second factors as tests set them up: a password, the codes that an app would show, a clock that is turned."""

import re
import time
from datetime import UTC, datetime

import pytest
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openempathic.accounts.models import User
from openempathic.audit.models import AuditEvent

PASSWORD = "a long enough word"
LETTERS = re.compile(r'<p class="letters"[^>]*>\s*<code>([A-Z2-7 ]+)</code>')
SHOWN = re.compile(r"<li>\s*<code>(\d{8})</code>")


class Clock:
    """The time as codes see it, in a hand that turns it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr(auth.time, "time", lambda: self.now)
        monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(self.now, UTC))

    def turn(self, seconds: float) -> None:
        """So much later."""
        self.now += seconds


def code_of(secret: str, *, ahead: int = 0) -> str:
    """What the app shows, so many half minutes from now."""
    counter = int(auth.time.time()) // 30 + ahead
    return auth.format_hotp_value(auth.hotp_value(secret, counter))


def sign_in(person: User, *, then: str = "/") -> tuple[Client, str]:
    """A browser in which the person typed their password, and where it was led."""
    browser = Client()
    answer = browser.post(f"{reverse('account_login')}?next={then}", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser, answer.headers["Location"]


def secret_shown(browser: Client) -> str:
    """The letters on the page that sets an app up."""
    found = LETTERS.search(browser.get(reverse("mfa_activate_totp")).content.decode())
    assert found
    return found[1].replace(" ", "")


def set_up(person: User) -> tuple[Client, str, list[str]]:
    """A browser in which the person set up an app just now, the app's secret, and the recovery codes."""
    browser, _way = sign_in(person)
    secret = secret_shown(browser)
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain == [(reverse("mfa_view_recovery_codes"), 302)]
    return browser, secret, SHOWN.findall(answer.content.decode())


def in_another_process() -> None:
    """What one web process remembers, another does not."""
    cache.clear()


def told(answer: HttpResponse) -> str:
    """The page."""
    return answer.content.decode()


def acts() -> list[str]:
    """What the log holds about second factors, in order."""
    return [act for act in AuditEvent.objects.order_by("pk").values_list("act", flat=True) if "second" in act]
