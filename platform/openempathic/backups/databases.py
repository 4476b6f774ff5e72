"""The database at one moment, as a file, and back: SQLite by its online backup, PostgreSQL by pg_dump."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from openempathic import durable
from openempathic.backups.faults import Broken, ProgramMissing

FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


@dataclass(frozen=True)
class Dump:
    """A database in a file: the vendor's name, and how many rows each table had at that moment."""

    path: Path
    vendor: str
    rows: dict[str, int]


def dump(folder: Path) -> Dump:
    """Write the site's database, as it was at one moment, into a file in the folder; writers need not wait."""
    path = folder / FILES[connection.vendor]
    rows = (dump_sqlite if connection.vendor == "sqlite" else dump_postgresql)(path)
    return Dump(path, connection.vendor, rows)


def load(path: Path, *, over: bool) -> None:
    """Put the file's database in the place of the site's, all of it or nothing."""
    if connection.vendor == "sqlite":
        load_sqlite(path)
    else:
        load_postgresql(path, over=over)


def is_empty() -> bool:
    """Whether the site's database has no table yet."""
    return not connection.introspection.table_names()


def counted() -> dict[str, int]:
    """How many rows each table has now, but what a restore itself writes."""
    with connection.cursor() as cursor:
        return count_rows(cursor, connection.introspection.table_names(cursor))


def count_rows(cursor: Any, tables: list[str]) -> dict[str, int]:
    """The rows of each table, as the cursor's transaction sees them."""
    rows = {}
    for table in sorted(tables):
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
        rows[table] = cursor.fetchone()[0]
    return rows


def dump_sqlite(path: Path) -> dict[str, int]:
    """Copy the pages in one step, which in WAL stops no writer, and look whether they hold together."""
    source = sqlite3.connect(address(sqlite_path(), "ro"), uri=True, timeout=60)
    with closing(source), closing(sqlite3.connect(path)) as target:
        source.backup(target)
        # One file, which needs no log beside it.
        target.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = target.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise Broken([f"the site's own database, as SQLite says: {verdict}"])
        found = target.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return count_rows(target.cursor(), [name for (name,) in found])


def load_sqlite(path: Path) -> None:
    """Copy the pages into the site's file in one transaction of SQLite, durably."""
    connection.close()
    to = sqlite_path()
    source = sqlite3.connect(address(path, "ro"), uri=True)
    with closing(source), closing(sqlite3.connect(to, timeout=60)) as target:
        target.execute("PRAGMA synchronous=FULL")
        source.backup(target)
    durable.sync_folder(to.parent)


def sqlite_path() -> Path:
    """The site's own file."""
    return Path(str(connection.settings_dict["NAME"]))


def address(path: Path, mode: str) -> str:
    """The file, as SQLite is told to open it and not to make it."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def dump_postgresql(path: Path) -> dict[str, int]:
    """Count and dump within one snapshot."""
    with snapshot() as (name, rows), path.open("wb") as file:
        run("pg_dump", "--format=custom", f"--snapshot={name}", *OURS, output=file)
    return rows


@contextmanager
def snapshot() -> Iterator[tuple[str, dict[str, int]]]:
    """A snapshot that others may share for as long as this lasts, and the rows it shows."""
    import psycopg

    with psycopg.connect(**connection.get_connection_params(), autocommit=False) as other, other.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone() or ("",)
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        yield name, count_rows(cursor, [table for (table,) in cursor.fetchall()])


def load_postgresql(path: Path, *, over: bool) -> None:
    """Restore in one transaction: a database that is half there would serve half the consents."""
    connection.close()
    clean = ("--clean", "--if-exists") if over else ()
    run("pg_restore", "--single-transaction", "--exit-on-error", *clean, *OURS, file=path)


# Whoever restores need not be called as whoever was backed up.
OURS = ("--no-owner", "--no-privileges")


def run(program: str, *words: str, file: Path | None = None, output: Any = subprocess.DEVNULL) -> None:
    """Run one of PostgreSQL's programs on the site's database, and a file; no other process sees the password."""
    found = shutil.which(program)
    if found is None:
        raise ProgramMissing(
            f"{program} is not installed here, and PostgreSQL cannot be backed up or restored without it. Install its "
            "client programs, of the server's version or newer; the image's target `backups` has them."
        )
    given = connection.get_connection_params()
    done = subprocess.run(  # noqa: S603 - our own words
        [found, *words, f"--dbname={reach(given)}", *([str(file)] if file else [])],
        env={**os.environ, "PGPASSWORD": str(given.get("password", "")), "PGCONNECT_TIMEOUT": "30"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise ProgramMissing(f"{program} failed: {done.stderr.decode(errors='replace').strip()[-1000:]}")


def reach(given: dict[str, Any]) -> str:
    """How to reach the database, without the password."""
    from psycopg.conninfo import make_conninfo

    known = ("host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")
    return make_conninfo(**{name: given[name] for name in known if given.get(name)})
