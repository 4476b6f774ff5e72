"""Taking turns at something that has no row to lock."""

from uuid import UUID

from django.db import connection, transaction


def take_turn(key: UUID) -> None:
    """Until this transaction ends nobody else takes a turn at the key; waits for whoever has one.

    SQLite has one writer at a time anyway, from the transaction's first moment.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A turn lasts as long as a transaction: open one first.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # PostgreSQL's number has 64 bits and a sign; the version and variant of a UUID tell nothing.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key.int >> 65])
