"""What every process of the site says, in one form: a JSON line for a machine, or a plain one for a person.

Each line carries what it is about (FACTS), also where whoever writes it knows nothing of that: `about()` says it for
all that happens inside. A line never holds an address of a person or of a machine, a password or a token: what has
slipped into its words is crossed out. What this does not know: names of people, and secrets in a form we never gave.
OE_LOG_FORMAT (`text`, `json`) and OE_LOG_LEVEL choose; without the first it is text on a terminal, else JSON.
"""

import ipaddress
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# What a line is about.
FACTS = ("request_id", "clip_id", "run_id", "task_id")
# What the line of one request tells besides.
OF_A_REQUEST = ("method", "route", "status", "milliseconds")

_about: ContextVar[dict[str, str]] = ContextVar("about")

CROSSED_OUT = "[…]"
# Those of a mailbox; names of our workers (screening@host) look alike and are none.
MAILBOX = re.compile(r"\b(?!(?:celery|ear|prelabelling|screening|trainer|worker)@)[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
USER_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")
# Our own tokens, what follows Bearer, and what is given a name that tells.
TOKEN = re.compile(
    r"\boe_[\w-]{16,}|(?<=Bearer )\S+"
    r"|(?i:(?<=password=)|(?<=passwd=)|(?<=secret=)|(?<=token=)|(?<=signature=))[^\s&'\"]+"
)
MAYBE_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d+){0,3})(?![\w])"
)


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Whatever is logged inside is about these; an empty fact says nothing."""
    token = _about.set(_about.get({}) | _told(facts))
    try:
        yield
    finally:
        _about.reset(token)


def add(**facts: object) -> None:
    """Whatever is logged from here on, until the `about()` around us ends, is about these too."""
    _about.set(_about.get({}) | _told(facts))


def facts() -> dict[str, str]:
    """What is known here and now of what we are about."""
    return dict(_about.get({}))


def _told(facts: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items() if name in FACTS and value not in (None, "")}


def scrubbed(text: str) -> str:
    """The text without addresses of people and machines, passwords and tokens; our own machine's address stays."""
    text = USER_IN_ADDRESS.sub(CROSSED_OUT, text) if "://" in text else text
    text = MAILBOX.sub(CROSSED_OUT, text) if "@" in text else text
    return MAYBE_IP.sub(_without_ip, TOKEN.sub(CROSSED_OUT, text))


def _without_ip(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0].removesuffix(":"))
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else CROSSED_OUT


class Line(logging.Formatter):
    """What both forms share: what is told of a record, scrubbed, with its exception."""

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record by name, in the order of reading; what is empty is left out."""
        about = {**facts(), **_told({name: getattr(record, name, None) for name in FACTS})}
        request = {name: getattr(record, name, None) for name in OF_A_REQUEST}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(message_of(record)),
            **about,
            **request,
            "exception": scrubbed(self.formatException(record.exc_info)) if record.exc_info else None,
        }
        return {name: value for name, value in line.items() if value is not None}


class JSONLine(Line):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        return json.dumps(self.told(record), ensure_ascii=False)


class PlainLine(Line):
    """Words for somebody at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and its exception below."""
        line = self.told(record)
        head = [line.pop(name) for name in ("time", "level", "logger", "message")]
        exception = line.pop("exception", "")
        rest = [f"{name}={value}" for name, value in line.items() if name in FACTS or name == "milliseconds"]
        return " ".join([*head, *rest]) + (f"\n{exception}" if exception else "")


def message_of(record: logging.LogRecord) -> str:
    """The record's message; Django's lines about a request name the route, since an address may be a secret itself."""
    message = record.getMessage()
    request = getattr(record, "request", None)
    if request is None or not hasattr(request, "path"):
        return message
    return message.replace(request.path, route_of(request))


def route_of(request: Any) -> str:
    """The name of the door that a request came to; never its address, which may hold a token or a code."""
    if (match := getattr(request, "resolver_match", None)) is None:
        return "nowhere"
    return str(match.view_name or "unnamed")


def is_json() -> bool:
    """Whether this process speaks JSON: as OE_LOG_FORMAT says, else wherever nobody sits before it."""
    form = os.environ.get("OE_LOG_FORMAT", "")
    return form == "json" or (form != "text" and not sys.stderr.isatty())


def configuration() -> dict[str, Any]:
    """What logging.config.dictConfig wants: every line of every library through the one formatter, to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JSONLine if is_json() else PlainLine}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": os.environ.get("OE_LOG_LEVEL", "INFO")},
        "loggers": {
            # That a worker is ready is news; that it swept, every two seconds, is not.
            "celery": {"level": "WARNING"},
            "celery.apps.worker": {"level": "INFO"},
            # Our own line tells of every 404; of what broke Django tells how.
            "django.request": {"level": "ERROR"},
            # Gunicorn would write in a form of its own.
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        },
    }
