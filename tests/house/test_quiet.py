"""What nobody may learn from this site: from its logs, from an address of its store, from a page over http."""

import base64
import hashlib
import json
import logging
import re
import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings as site
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse

from contributions import tasks
from contributions.consenting import consent, guests
from contributions.models import Clip, Purpose
from openempathic.accounts.models import User
from tests import worlds
from tests.house.sources import ROOT

ADDRESS, PASSWORD, WRONG = "nadia.novak@people.example", "a long enough word of hers", "not quite her word"
IP, FORWARDED = "198.51.100.77", "203.0.113.91"
SOUND = worlds.ANGER.read_bytes()


class Everything(logging.Handler):
    """Keeps every line of every logger, as it would be written, tracebacks too."""

    def __init__(self) -> None:
        super().__init__(level=logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing is too small."""
        self.lines.append(f"{self.format(record)} {record.args!r}")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every line that is logged meanwhile, at the level of a site."""
    root, kept = logging.getLogger(), Everything()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield kept.lines
    root.removeHandler(kept)
    root.setLevel(before)


def test_no_line_of_a_whole_stay_names_the_person_the_password_the_code_or_the_machine(_stocked, lines, settings):
    settings.PROXIES = 1
    nadia = Client(REMOTE_ADDR=IP, HTTP_X_FORWARDED_FOR=FORWARDED, raise_request_exception=False)
    nadia.post(reverse("account_signup"), {"email": ADDRESS, "password1": PASSWORD})
    nadia.post(reverse("account_logout"))
    for _ in range(7):
        nadia.post(reverse("account_login"), {"login": ADDRESS, "password": WRONG})
    nadia.post(reverse("account_reset_password"), {"email": ADDRESS})
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = nadia.get(link, follow=True).request["PATH_INFO"]
    nadia.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert "_auth_user_id" in nadia.session

    nadia.post(reverse("choose-language"), {"language": "en"})
    person = User.objects.get(email=ADDRESS)
    given = {"given": set(Purpose.values), "shown": consent.texts("en"), "locale": "en", "is_adult": True}
    consent.decide(consent.contributor_for(person), by=person, **given)
    answer = nadia.put(reverse("api:clip", args=[uuid.uuid4()]), SOUND, content_type="audio/wav", headers=announced())
    assert answer.status_code == 201, answer.content
    tasks.screen(clip_id=str(Clip.objects.get().pk))
    b"".join(nadia.post(reverse("export")))
    nadia.put(reverse("api:clip", args=[uuid.uuid4()]), b"no sound", content_type="audio/wav", headers=announced())
    nadia.post(reverse("account_login"), {"login": [ADDRESS, "\x00"], "password": "\x00"})
    nadia.post(reverse("delete-account"), {"password": WRONG})
    nadia.post(reverse("delete-account"), {"password": PASSWORD})
    assert not User.objects.filter(email=ADDRESS).exists()

    gina, guest = Client(REMOTE_ADDR=IP, HTTP_X_FORWARDED_FOR=FORWARDED), guests.welcome()
    code = guests.code_of(guest)
    for typed in (code[:-1] + "A", code):
        gina.post(reverse("guest"), {"code": typed})
    assert gina.get(reverse("guest-code")).status_code == 200

    token = link.rstrip("/").rpartition("/")[2]
    secret = [ADDRESS, "nadia", PASSWORD, WRONG, IP, FORWARDED, code, code.replace("-", ""), token]
    told = "\n".join(lines)
    assert len(lines) > 15
    assert [word for word in secret if word.lower() in told.lower()] == []


def announced() -> dict[str, str]:
    """The headers of an upload."""
    digest = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()
    capture = base64.urlsafe_b64encode(json.dumps({}).encode()).decode()
    return {"Content-Digest": f"sha-256=:{digest}:", "X-Clip-Language": "en", "X-Clip-Capture": capture}


def test_addresses_of_the_store_itself_are_given_for_files_of_releases_alone():
    rooms = [ROOT / name for name in ("contributions", "training", "platform")]
    calls = {
        str(path.relative_to(ROOT))
        for room in rooms
        for path in room.rglob("*.py")
        if re.search(r"storage\.signed_url\(|generate_presigned", path.read_text())
    }
    served = {
        str(path.relative_to(ROOT))
        for room in rooms
        for path in room.rglob("*.py")
        if re.search(r"\bfiles\.served\(|from contributions\.api\.files import", path.read_text())
    }

    # The store's own, and the one view of files; and who calls that view's part.
    assert calls == {"contributions/api/files.py", "platform/openempathic/storage/s3.py"}
    assert served == {"contributions/api/releases.py", "contributions/views/datasets.py"}


def test_a_site_with_https_leads_there_and_keeps_browsers_and_cookies_on_it(_stocked):
    strict = {
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }
    with override_settings(**strict):
        led = Client().get(reverse("home"))
        page = Client().get(reverse("account_login"), secure=True)
        browser = Client()
        browser.post(reverse("take-part"), secure=True)

    assert (led.status_code, led.headers["Location"]) == (301, "https://testserver/")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert page.cookies["csrftoken"]["secure"]
    session = browser.cookies[site.SESSION_COOKIE_NAME]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")


def test_the_middleware_asks_every_form_where_it_comes_from():
    excused = {
        str(path.relative_to(ROOT))
        for room in ("contributions", "training", "platform")
        for path in (ROOT / room).rglob("*.py")
        if "csrf_exempt" in path.read_text()
    }

    assert "django.middleware.csrf.CsrfViewMiddleware" in site.MIDDLEWARE
    # Each looks by itself, later: the page to try CLARA on before it reads a sound, and letters' one-click links.
    assert excused == {f"contributions/views/{name}.py" for name in ("trying", "unsubscribing")}
