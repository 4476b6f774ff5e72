"""What a 201 rests on, and the way back from every migration."""

from django.core.management import call_command
from django.db import connection


def test_sqlite_waits_for_the_disk(db):
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        pragmas = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}

    assert pragmas == {"synchronous": 2, "journal_mode": "wal"}


def test_every_migration_can_be_taken_back_and_made_again(transactional_db):
    rooms = ("training", "contributions", "registry", "audit")
    try:
        for room in rooms:
            call_command("migrate", room, "zero", verbosity=0)
        left = set(connection.introspection.table_names())
        assert not [table for table in left if table.startswith(tuple(f"{room}_" for room in rooms))]
    finally:
        call_command("migrate", verbosity=0)

    assert "contributions_clip" in connection.introspection.table_names()
