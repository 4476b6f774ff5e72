"""What people and programs are told when something breaks, and the number by which it is found in the log."""

import json
import re

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.test import Client, RequestFactory

from contributions.views import home
from openempathic import logs, mishaps
from openempathic.logs import JSONLine
from openempathic.visits import KEY

SECRET = "secret of vera@example.org"


def number_in(answer):
    """The number on the page, which is the header's too."""
    (shown,) = re.findall(r'<code translate="no">([0-9a-f]{32})</code>', answer.content.decode())
    assert answer.headers["X-Request-ID"] == shown
    return shown


@pytest.fixture
def breaks(monkeypatch):
    """Let the first page, or what a program asks for, raise this; visitors do not."""

    def breaking(fault):
        def broken(*_args, **_named):
            raise fault

        monkeypatch.setattr(home, "render", broken)
        return Client(raise_request_exception=False)

    return breaking


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "status", "heading"),
    [
        (ValueError(SECRET), 500, "Bei uns ist etwas kaputtgegangen"),
        (OperationalError(SECRET), 503, "Wir sind gleich wieder da"),
        (RequestDataTooBig(SECRET), 413, "Das ist mehr, als wir annehmen"),
    ],
)
def test_a_fault_has_a_page_in_the_readers_language_with_its_number(breaks, fault, status, heading, caplog):
    visitor = breaks(fault)

    answer = visitor.get("/", headers={"Accept-Language": "de"})

    page = answer.content.decode()
    assert (answer.status_code, heading in page) == (status, True)
    assert '<html lang="de"' in page
    assert SECRET not in page
    assert "Traceback" not in page
    number_in(answer)
    lines = [JSONLine().format(record) for record in caplog.records]
    assert not any("vera@example.org" in line for line in lines)


@pytest.mark.django_db
def test_the_number_on_the_page_finds_the_fault_in_the_log(breaks, capsys):
    visitor = breaks(ValueError(SECRET))
    handler = logs.logging.StreamHandler()
    handler.setFormatter(JSONLine())
    root = logs.logging.getLogger()
    root.addHandler(handler)
    try:
        number = number_in(visitor.get("/"))
    finally:
        root.removeHandler(handler)

    told = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    about_it = [line for line in told if line.get("request_id") == number]
    assert any("ValueError" in line.get("exception", "") for line in about_it)


@pytest.mark.django_db
def test_a_page_that_is_not_there_has_its_number_too(client):
    answer = client.get("/nothing/")

    assert answer.status_code == 404
    number_in(answer)


def test_the_page_of_a_fault_asks_no_database():
    """Without the mark that lets a test ask one."""
    answer = mishaps.broken(RequestFactory().get("/"))

    assert (answer.status_code, "Something broke on our side" in answer.content.decode()) == (500, True)


@pytest.mark.parametrize(("fault", "status", "code"), [(ValueError, 500, "broken"), (OperationalError, 503, "away")])
def test_a_program_reads_json(fault, status, code):
    request = RequestFactory().get("/api/v1/facts/")
    request.META[KEY] = "a-number"
    try:
        raise fault
    except fault:
        answer = mishaps.broken(request)

    told = json.loads(answer.content)
    assert (answer.status_code, told["code"], told["request_id"]) == (status, code, "a-number")
