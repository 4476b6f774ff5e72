"""What nobody would send: drawn from the API's own schema, and put into every field of every form, as each person.

Whatever comes, no answer is a fault of ours (5xx), and none of the API's says other than its schema. `./run test` sends
a little of it, always the same; with OE_EVERY thousands, and OE_FUZZ says how many for each door.
"""

import os
import re
from collections import Counter
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from openempathic.accounts import limits, tokens
from openempathic.accounts.models import Scope
from tests.contributions.api import fuzzing
from tests.forms import EVERY
from tests.house import test_doors
from tests.house.clip_doors import CLIP_DOORS
from tests.house.doors import DOORS, SENT, rows
from tests.house.sources import ROOT
from tests.house.test_doors import PEOPLE, World, address_of, enter

pytestmark = pytest.mark.django_db
# Theirs: one world for all, and storage of its own.
world, _own_storage = test_doors.world, test_doors._own_storage
EXAMPLES = int(os.environ.get("OE_FUZZ", "40" if EVERY else "1"))
ERROR = 500
# What is said on purpose: at the page to try CLARA on nobody listens here.
AWAY = 503

HOSTILE = (
    "",
    "\x00",
    "a\x00b",
    "x" * 70_000,
    "\u202e\u2066right to left\u2069",
    "\ud800",
    "\ufeff\u200b",
    "😀" * 300,
    "-1",
    "0",
    "1e309",
    "NaN",
    "9" * 400,
    "2026-13-45",
    "99999-01-01T00:00:00Z",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{{ 7 * 7 }}%s%(name)s",
    "../../../etc/passwd",
    "http://[::1",
    "//elsewhere.example/",
    "null",
    "[]",
    '{"a": {"b": []}}',
    "00000000-0000-0000-0000-000000000000",
    "on",
    "\r\nSet-Cookie: a=b",
)
# What forms and views ask a POST for, wherever they do.
ASKED_FOR = re.compile(r"POST\.get(?:list)?\(\s*[\"'](\w+)[\"']|^    (\w+)(?:: \w+)? = forms\.\w+\(", re.MULTILINE)
INPUT = re.compile(r"<(?:input|select|textarea|button)\b[^>]*\bname=\"([^\"]+)\"")


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of forms from one address are the point here."""
    monkeypatch.setattr(limits, "address_of", lambda _request: "")


def names_everywhere() -> list[str]:
    """Every name that some form or view reads."""
    sources = [path for room in ("contributions", "training", "platform") for path in (ROOT / room).rglob("*.py")]
    found = [name for path in sources for pair in ASKED_FOR.findall(path.read_text()) for name in pair if name]
    return sorted({*found, "next", "email", "login", "password", "password1"})


EVERY_NAME = names_everywhere()
VALUES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.integers().map(str))
FORMS = [row for row in rows(DOORS) + rows(CLIP_DOORS) if row["method"] == "POST"]


def fields_of(world: World, row: dict[str, str], name: str) -> list[str]:
    """The names of the fields that the person sees on the door's own page, where it has one."""
    browser = Client(raise_request_exception=False)
    with transaction.atomic():
        enter(browser, world.people[name])
        page = browser.get(address_of(row["door"], world.subjects[row["subject"]]))
        transaction.set_rollback(True)
    shown = INPUT.findall(page.content.decode()) if not page.streaming else []
    return sorted({*shown, *SENT.get(row["door"], {})})


def sent(world: World, row: dict[str, str], name: str, fields: dict[str, list[Any]]) -> int:
    """The status that the form answers; what it changed is undone."""
    browser = Client(raise_request_exception=False)
    with transaction.atomic():
        enter(browser, world.people[name])
        answer = browser.post(address_of(row["door"], world.subjects[row["subject"]]), fields)
        transaction.set_rollback(True)
    return answer.status_code


def test_no_form_breaks_whatever_is_put_into_it(world, capsys):
    answers: Counter[int] = Counter()
    broken: list[tuple[str, str, Any]] = []
    for number, row in enumerate(FORMS):
        # Curators pass most doors: every other form is theirs.
        some = [PEOPLE[number // 2 % len(PEOPLE)] if number % 2 else "cleo"]
        for turn, name in enumerate(PEOPLE if EVERY else some):
            own = fields_of(world, row, name)
            for fields in drawn_from(forms(own), number * len(PEOPLE) + turn):
                status = sent(world, row, name, fields)
                answers[status] += 1
                if status >= ERROR and (row["door"], status) != ("try", AWAY):
                    broken.append((f"{row['door']} {row['subject']} {row.get('status', '')}", name, fields))

    tell(capsys, "forms", answers)
    assert broken == []


def forms(own: list[str]) -> st.SearchStrategy[dict[str, list[Any]]]:
    """Some fields of the door's own and some of others, each once or more; now and then a file where words belong."""
    names = st.sampled_from(own) | st.sampled_from(EVERY_NAME) if own else st.sampled_from(EVERY_NAME)
    files = st.builds(SimpleUploadedFile, st.just("../a\x00.wav"), st.binary(max_size=60))
    return st.dictionaries(names, st.lists(VALUES.map(as_sent) | files, min_size=1, max_size=3), min_size=1, max_size=8)


def as_sent(value: str) -> str:
    """Half of a surrogate pair is no UTF-8: its bytes are sent as they are."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass").decode("latin-1")
    return value


def drawn_from(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """So many examples, the same at every run."""
    seen: list[Any] = []

    def keep(drawn: Any) -> None:
        seen.append(drawn)

    quiet = settings(max_examples=EXAMPLES + 1, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    seed(number)(quiet(given(strategy)(keep)))()
    # The first is the simplest one, which says little.
    return seen[-EXAMPLES:]


def test_the_api_answers_as_its_schema_says_whatever_is_asked(world, capsys):
    vera = world.people["vera"]
    _token, word = tokens.make(name="fuzz", scopes=Scope.values, days=30, by=vera)
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {word}"})
    known = {
        "clip_id": [str(world.subjects[name]["clip_id"]) for name in ("vera's-clip", "milo's-clip")],
        "voice": [str(vera.contributor.pk)],
        "purpose": ["TRAIN_MODELS"],
        **{name: [str(value)] for name, value in world.subjects["a-shard"].items()},
    }
    answers: Counter[int] = Counter()
    for number, operation in enumerate(fuzzing.operations()):
        for browser in (program, Client(raise_request_exception=False)) if EVERY else (program,):
            modes = fuzzing.MODES if EVERY else fuzzing.MODES[number % 2 :][:1]
            answers += fuzzing.knock_at(operation, known=known, browser=browser, examples=EXAMPLES + 1, modes=modes)

    tell(capsys, "API", answers)


def tell(capsys: pytest.CaptureFixture[str], what: str, answers: Counter[int]) -> None:
    """How many requests were tried, and how they were answered."""
    told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    with capsys.disabled():
        print(f"\n{what}: {answers.total()} requests tried, of these {told}")  # noqa: T201
