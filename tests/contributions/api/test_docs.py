"""The schema is sound and whole, and the page drawn from it tells everything to anybody."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from contributions.api import docs
from openempathic.accounts.models import Scope
from tests.contributions.api.test_scopes import ROWS

UPLOAD_HEADERS = {"Content-Digest", "X-Clip-Language", "X-Clip-Prompt", "X-Clip-Style", "X-Clip-Capture"}


@pytest.fixture
def schema(client, db):
    return client.get(reverse("api-schema")).json()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_schema_is_valid_and_drawn_without_a_warning(capsys):
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)

    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json")
    assert "warning" not in capsys.readouterr().err.lower()


def test_it_is_openapi_3_1_for_anybody(schema):
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"].keys() == {"token", "session"}


def test_every_operation_says_what_it_does_with_which_scope_and_why_not(schema):
    told = list(operations(schema))

    assert len(told) == len(ROWS)
    for path, method, operation in told:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert {"401", "403", "429"} <= operation["responses"].keys(), where
        assert any(status < "300" for status in operation["responses"]), where
        assert {"session": []} in operation["security"], where
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}
                assert answer["description"], where
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{where} {parameter['name']}"


def test_the_scopes_it_names_are_those_that_the_doors_ask_for(schema):
    said = {
        (operation["operationId"], scope)
        for _path, _method, operation in operations(schema)
        for each in operation["security"]
        for scope in each.get("token", [])
    }

    assert {scope for _name, scope in said} == set(Scope.values)
    assert sorted(scope for _name, scope in said) == sorted(row[2] for row in ROWS if row[2] != "any")


def test_the_headers_of_an_upload_are_told(schema):
    upload = schema["paths"]["/api/v1/clips/{clip_id}/"]["put"]
    headers = {each["name"]: each.get("required", False) for each in upload["parameters"] if each["in"] == "header"}

    assert headers.keys() == UPLOAD_HEADERS
    assert {name for name, is_required in headers.items() if is_required} == {"Content-Digest", "X-Clip-Language"}
    assert "audio/*" in upload["requestBody"]["content"]


def test_the_page_has_every_operation_with_a_form_and_no_foreign_script(client, db):
    answer = client.get(reverse("api-docs"))
    page = answer.content.decode()

    for _door, method, _scope, _answer in ROWS:
        assert f'data-method="{method}"' in page
    assert page.count("<api-try") == len(ROWS)
    assert "swagger" not in page.lower()
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    # Every script is a file of ours or carries the page's own nonce: nothing else may run.
    assert all("src=" in tag or "nonce=" in tag for tag in re.findall(r"<script[^>]*>", page))
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(("language", "words"), [("es", "Retirar una grabación"), ("ar", "سحب تسجيل واحد")])
def test_the_page_speaks_the_readers_language(db, language, words):
    docs.operations.cache_clear()
    english = Client().get(reverse("api-docs")).content.decode()
    other = Client().get(reverse("api-docs"), headers={"Accept-Language": language}).content.decode()

    assert "Withdraw one clip" in english
    assert words in other
    assert "Withdraw one clip" not in other


def test_a_field_that_the_page_works_out_itself_is_not_asked_for(client, db):
    page = client.get(reverse("api-docs")).content.decode()

    assert 'name="X-Clip-Language"' in page
    assert 'name="Content-Digest"' not in page
