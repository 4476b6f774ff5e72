"""Write docs/states.md: every room's table of legal moves, as a diagram and as sentences."""

from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from openempathic.moves import MoveTable, mermaid

PAGE = Path(settings.BASE_DIR) / "docs" / "states.md"

HEADING = """# States

Written by `./run fix` from the tables of legal moves that the code itself consults; `./run check` compares them.
Anyone may read it, nobody edits it.
"""


class Command(BaseCommand):
    """Draw the tables, or say whether the page still shows them."""

    help = "Write docs/states.md from the tables of legal moves; --check only compares."
    # Drawing needs the tables alone, and must work while an address elsewhere is broken.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--check changes nothing and fails where the page is old."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: object) -> None:
        """Write the page, or raise CommandError where it differs from the tables."""
        page = drawn()
        if not check:
            PAGE.write_text(page)
        elif not PAGE.exists() or PAGE.read_text() != page:
            raise CommandError("docs/states.md is not what the tables say: ./run fix writes it again.")


def drawn() -> str:
    """The whole page, from the tables of every installed room."""
    return "\n".join([HEADING, *(section(table) for table in tables())])


def tables() -> Iterator[MoveTable]:
    """The table of each room that has a `states` module; rooms are asked for by name, since none imports all."""
    for room in apps.get_app_configs():
        name = f"{room.name}.states"
        if find_spec(name) is not None:
            yield import_module(name).TABLE


def section(table: MoveTable) -> str:
    """One table as a diagram and as a list of who moves what when."""
    rows = [f"| {move.source} | {move.target} | {move.who} | {move.when} |" for move in table.moves]
    heading = f"## {table.name.replace('_', ' ').capitalize()}\n\n```mermaid\n{mermaid(table)}```\n\n"
    return heading + "\n".join(["| from | to | who | when |", "| --- | --- | --- | --- |", *rows]) + "\n"
