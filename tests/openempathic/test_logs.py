"""What the log says and never says, and the number that every request gets."""

import json
import logging
import re

import pytest

from openempathic import logs
from openempathic.logs import JSONLine, PlainLine

SECRETS = [
    "vera@example.org",
    "198.51.100.7",
    "2001:db8::17",
    "hunter2hunter2",
    "oe_Zm9vYmFyYmF6cXV4cXV1eA",
]


def line_of(caplog, form=JSONLine):
    """The last line as the formatter writes it."""
    return form().format(caplog.records[-1])


def record(message, *words, **named):
    made = logging.LogRecord("somebody", logging.INFO, __file__, 1, message, words, None)
    made.__dict__.update(named)
    return made


def test_a_line_says_what_it_is_about_and_no_longer_when_that_is_over():
    with logs.about(request_id="abc", clip_id=None):
        logs.add(run_id=7)
        inside = json.loads(JSONLine().format(record("in it")))
    outside = json.loads(JSONLine().format(record("after it")))

    assert inside | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "somebody",
        "message": "in it",
        "request_id": "abc",
        "run_id": "7",
    }
    assert not set(logs.FACTS) & outside.keys()


def test_no_line_holds_an_address_a_password_or_a_token():
    told = (
        "vera@example.org came from 198.51.100.7 and [2001:db8::17]:443 to postgres://"
        "oe:hunter2hunter2@db/x "
        "with Bearer hunter2hunter2 and oe_Zm9vYmFyYmF6cXV4cXV1eA, ?token=hunter2hunter2&a=1"
    )
    try:
        raise ValueError(told)
    except ValueError as fault:
        made = record("%s", told, exc_info=(type(fault), fault, fault.__traceback__))

    for form in (JSONLine, PlainLine):
        line = form().format(made)
        assert [secret for secret in SECRETS if secret in line] == []
        assert "ValueError" in line


@pytest.mark.parametrize(
    "harmless",
    ["Listening at: http://127.0.0.1:8000 (12)", "screening@web-1.inside ready.", "at 12:34:56, version 1.2.3"],
)
def test_what_is_nobodys_stays(harmless):
    assert logs.scrubbed(harmless) == harmless


def test_a_person_at_a_terminal_reads_words():
    with logs.about(clip_id="c1"):
        line = PlainLine().format(record("Heard %s", "it"))

    assert re.fullmatch(r"\S+ INFO somebody Heard it clip_id=c1", line)


@pytest.mark.parametrize(
    ("asked", "is_terminal", "is_json"),
    [("", True, False), ("", False, True), ("text", False, False), ("json", True, True)],
)
def test_the_form_is_the_terminals_unless_it_is_asked_for(asked, is_terminal, is_json, monkeypatch):
    monkeypatch.setenv("OE_LOG_FORMAT", asked)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)

    assert logs.is_json() is is_json


@pytest.mark.django_db
def test_each_request_has_a_number_and_a_line_without_its_address(client, caplog):
    caplog.set_level(logging.INFO, logger="openempathic.visits")

    answer = client.get("/sign-in/a-secret-word/?who=vera@example.org", REMOTE_ADDR="198.51.100.7")
    told = json.loads(line_of(caplog))

    assert (told["method"], told["route"], told["status"]) == ("GET", "sign-in", answer.status_code)
    assert "a-secret-word" not in caplog.text
    assert "198.51.100.7" not in caplog.text
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("proxies", "brought", "is_kept"),
    [
        (1, "0123-abcd-4567", True),
        (0, "0123-abcd-4567", False),
        (1, "short", False),
        (1, "198.51.100.7\t<script>", False),
    ],
)
def test_only_a_proxys_plain_number_is_taken(client, settings, proxies, brought, is_kept):
    settings.PROXIES = proxies

    answer = client.get("/healthz", headers={"X-Request-ID": brought})

    assert (answer.headers["X-Request-ID"] == brought) is is_kept


@pytest.mark.django_db
def test_who_asks_how_we_are_is_not_told_of(client, caplog):
    caplog.set_level(logging.INFO, logger="openempathic.visits")

    client.get("/healthz")
    client.get("/readyz")

    assert caplog.records == []
