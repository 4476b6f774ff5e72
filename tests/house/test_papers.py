"""What the repository says of itself, and what must never be in it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.house.sources import ROOT

# What is marked safe, which is not escaped: each with the reason why no stranger's words can be in it.
MARKED_SAFE = {
    # A form field's help, written by us or by Django's password validators, which make it a list.
    "frontend/templates/partials/field.html",
    # Our own Markdown: pages in plain words rendered with HTML switched off, consent texts by a reader that escapes.
    "contributions/views/plain_pages.py",
    "contributions/forms/contributing.py",
    # Datasheets, which papers.py wrote into the release, by the same reader that escapes.
    "contributions/views/datasets.py",
}
TRUSTING = re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off|\bmark_safe\b")

SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an access key of AWS": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a password in an address": re.compile(
        rb"\b(postgres(ql)?|rediss?|amqps?|https?)://[^/\s:@{}$<>]+:[^/\s@{}$<>]{6,}@"
    ),
}


def committed() -> list[Path]:
    """Every file that git keeps or would keep."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_the_readme_names_the_two_commands_that_everything_starts_with():
    readme = (ROOT / "README.md").read_text()

    assert re.search(r"^\./run$", readme, re.MULTILINE)
    assert re.search(r"^\./run test$", readme, re.MULTILINE)


def test_every_link_in_our_papers_leads_to_a_file():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_the_states_page_shows_the_tables_that_the_code_consults():
    call_command("draw_states", check=True)


@pytest.mark.parametrize("word", ["site", "test", "demo", "check", "audit", "fix", "bench", "faults", "soak", "help"])
def test_every_word_of_run_is_known_to_it(word):
    script = (ROOT / "run").read_text()

    assert re.search(rf"^{word}( \|[^)]*)?\)\s", script, re.MULTILINE)


def test_help_lists_the_words_and_an_unknown_word_is_refused():
    told = subprocess.run(["./run", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    refused = subprocess.run(["./run", "sing"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "./run test" in told.stdout
    assert refused.returncode == 1
    assert "No such word: sing" in refused.stderr


def test_nothing_is_marked_safe_but_what_we_wrote_ourselves():
    shown = [path for path in committed() if path.suffix in {".py", ".html", ".txt"} and "tests" not in path.parts]

    assert {str(path.relative_to(ROOT)) for path in shown if TRUSTING.search(path.read_text())} == MARKED_SAFE


def test_no_page_runs_a_script_or_a_style_written_into_it():
    inline = re.compile(r"\son[a-z]+\s*=\s*[\"']|\sstyle\s*=\s*[\"']|javascript:", re.IGNORECASE)
    pages = [path for path in committed() if path.suffix == ".html" and "templates" in path.parts]

    assert [str(path) for path in pages if inline.search(path.read_text())] == []


def test_no_secret_is_in_git():
    found = [
        f"{path.relative_to(ROOT)}: {kind}"
        for path in committed()
        if path.stat().st_size < 1_000_000
        for kind, pattern in SECRETS.items()
        if pattern.search(path.read_bytes())
    ]

    assert found == []


def test_nothing_the_site_keeps_for_itself_is_in_git():
    kept = subprocess.run(
        ["git", "ls-files", "var", ".venv", "node_modules"], cwd=ROOT, capture_output=True, check=True
    )

    assert kept.stdout == b""


def test_no_file_of_code_is_longer_than_a_person_reads():
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in committed()
        if path.suffix in {".py", ".js", ".css"} and "migrations" not in path.parts
        if (lines := path.read_text().count("\n")) > 400
    ]

    assert long == []


def test_the_constraints_pin_plain_versions_that_every_machine_can_find():
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]

    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin)] == []


def test_every_dependency_has_a_line_that_says_why():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    names = {re.split(r"[\[<>=,;\s]", line)[0] for line in wanted} - {"openempathic"}
    names |= set(json.loads((ROOT / "package.json").read_text())["devDependencies"])
    page = (ROOT / "docs/decisions/0004-dependencies.md").read_text()
    told = set(re.findall(r"^\| ([@\w][^ |]*) \| (?!why)", page, re.MULTILINE))

    assert told == names


def test_the_operators_guide_names_every_setting_and_no_other():
    read = re.compile(
        r"\b(?:env(?:\.\w+)?|environ(?:\.get)?|get|getenv)[(\[]\s*\"([A-Z][A-Z_]+)\"|environment_variable=\"(\w+)\""
    )
    code = "\n".join(path.read_text() for path in (ROOT / "platform/openempathic").rglob("*.py"))
    asked = {name for pair in read.findall(code) for name in pair if name} - {"DJANGO_SETTINGS_MODULE"}
    guide = (ROOT / "docs/guides/operator.md").read_text()
    named = set(re.findall(r"`([A-Z][A-Z_]{3,})`", " ".join(re.findall(r"^\| (`.*?) \|", guide, re.MULTILINE))))

    assert named == asked
