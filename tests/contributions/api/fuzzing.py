"""Requests that nobody would write by hand, drawn from the API's own schema and sent to it in this process."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SITE = "http://testserver"
METHOD_NOT_ALLOWED = 405
# Who knocks is our choice, and how long the body is the client's.
OURS = {"Content-Length", "Authorization", "Cookie"}


def operations() -> Iterator[Any]:
    """Every operation that the schema tells of."""
    told = SchemaGenerator().get_schema(request=None, public=True)
    for found in schemathesis.openapi.from_dict(told).get_all_operations():
        yield found.ok()


def knock_at(
    operation: Any, *, known: dict[str, list[str]], browser: Client, examples: int, modes: tuple[GenerationMode, ...]
) -> Counter[int]:
    """How often each status answered; raises where an answer is a fault of ours or is not as the schema says.

    `known` names values of parameters that lead somewhere: half of the requests take one. What was changed is undone.
    """
    seen: Counter[int] = Counter()

    def knock(case: Any, takes_known: bool, choice: int) -> None:
        for name, values in known.items():
            for asked in (case.path_parameters, case.query):
                if takes_known and name in (asked or {}):
                    asked[name] = values[choice % len(values)]
        # How many requests a token may make in a minute is remembered there.
        cache.clear()
        with transaction.atomic():
            answer = answered(case, browser)
            transaction.set_rollback(True)
        seen[answer.status_code] += 1
        # A part of the address that was left empty leads to another door, of which the schema tells elsewhere.
        is_elsewhere = answer.status_code == METHOD_NOT_ALLOWED
        case.validate_response(answer, checks=CHECKS[:1] if is_elsewhere else CHECKS)

    repeatable = settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    for mode in modes:
        drawn = given(operation.as_strategy(generation_mode=mode), st.booleans(), st.integers(0, 9))
        repeatable(drawn(knock))()
    return seen


def answered(case: Any, browser: Client) -> Response:
    """The site's answer to the request that the case describes, as if it had come over a wire."""
    asked = requests.Request(**case.as_transport_kwargs(base_url=SITE)).prepare()
    address = urlsplit(str(asked.url))
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
    answer = browser.generic(
        str(asked.method),
        address.path,
        body,
        content_type=asked.headers.get("Content-Type", ""),
        QUERY_STRING=address.query,
        headers={name: value for name, value in asked.headers.items() if name not in OURS},
    )
    return as_if_sent(answer, asked)


def as_if_sent(answer: HttpResponseBase, asked: requests.PreparedRequest) -> Response:
    """What Django answered, in the form in which schemathesis looks at answers."""
    headers = {name: [value] for name, value in answer.headers.items()}
    content = b"".join(answer) if answer.streaming else answer.content
    return Response(answer.status_code, headers, content, asked, elapsed=0, verify=False, message=answer.reason_phrase)
