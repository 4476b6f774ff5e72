"""The page on which a person reads what programs can do here, and tries it: drawn from the schema, by ourselves."""

from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from openempathic.accounts.models import Scope

METHODS = ("get", "put", "post", "delete")
PLACES = ("path", "query", "header")
JSON = "application/json"
# What the page works out by itself from the file that is chosen.
COMPUTED = ("Content-Digest",)


@dataclass(frozen=True)
class Field:
    """One thing to say with a request."""

    name: str
    place: str
    description: str
    is_required: bool
    choices: list[str]
    is_computed: bool


@dataclass(frozen=True)
class Answer:
    """One status that may come back."""

    status: str
    description: str
    is_refusal: bool


@dataclass(frozen=True)
class Operation:
    """One method at one address."""

    name: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    scope_label: str
    fields: list[Field]
    takes_sound: bool
    takes_words: bool
    answers: list[Answer]

    @property
    def curl(self) -> str:
        """The same as a command; the words in braces are yours to fill in."""
        lines = ['curl --header "Authorization: Bearer $TOKEN"']
        if self.method != "get":
            lines.append(f"--request {self.method.upper()}")
        lines += [f'--header "{each.name}: ..."' for each in self.fields if each.place == "header" and each.is_required]
        if self.takes_sound:
            lines += ['--header "Content-Type: audio/wav"', "--data-binary @take.wav"]
        if self.takes_words:
            lines += ['--header "Content-Type: application/json"', "--data @words.json"]
        return " \\\n  ".join([*lines, f"{settings.SITE_URL}{self.path}"])


@never_cache
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every operation, for anybody to read; what is sent from here acts on the reader's own voice."""
    told = operations(get_language() or "en")
    groups = [(title(tag), list(group)) for tag, group in groupby(told, key=lambda each: each.tag)]
    return render(request, "api/docs.html", {"groups": groups})


def title(tag: str) -> str:
    """What a group of operations is called."""
    return {"clips": _("Clips"), "consents": _("Consent"), "me": _("You"), "releases": _("Datasets")}[tag]


@cache
def operations(language: str) -> list[Operation]:
    """Every operation of the schema, in the words of the language, which is the one that is active; read once."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found = [
        operation(method, path, schema["paths"][path][method])
        for path in schema["paths"]
        for method in METHODS
        if method in schema["paths"][path]
    ]
    return sorted(found, key=lambda each: each.tag)


def operation(method: str, path: str, said: dict[str, Any]) -> Operation:
    """One entry of the schema."""
    wanted = next((scopes for each in said["security"] for scopes in each.values() if scopes), [""])[0]
    return Operation(
        name=said["operationId"],
        tag=said["tags"][0],
        method=method,
        path=path,
        summary=said["summary"],
        description=said["description"],
        scope=wanted,
        scope_label=str(Scope(wanted).label) if wanted else "",
        fields=sorted(map(field, said.get("parameters", [])), key=lambda each: PLACES.index(each.place)),
        takes_sound=is_sent(said) and not is_sent(said, JSON),
        takes_words=is_sent(said, JSON),
        answers=[
            Answer(status, answer.get("description", ""), is_refusal=status >= "400")
            for status, answer in sorted(said["responses"].items())
        ],
    )


def is_sent(said: dict[str, Any], kind: str = "") -> bool:
    """Whether something is sent with the request, of that kind if one is named."""
    return any(kind in each for each in said.get("requestBody", {}).get("content", {}))


def field(said: dict[str, Any]) -> Field:
    """One parameter of the schema."""
    return Field(
        name=said["name"],
        place=said["in"],
        description=said.get("description", ""),
        is_required=said.get("required", False),
        choices=said["schema"].get("enum", []),
        is_computed=said["name"] in COMPUTED,
    )
