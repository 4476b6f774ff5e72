"""Clock and chance of a history: both are told, neither is read, so that a history told again is the same."""

import os
import random
import uuid
from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.db.models import DateTimeField, Value
from django.db.models.functions import Now
from django.utils import timezone

# Later than every consent text of the data files.
BEGINNING = datetime(2030, 1, 1, 12, tzinfo=UTC)
# No two acts happen at one moment: what stood between them can be asked for.
TICK = timedelta(microseconds=1)


class Fate:
    """The one clock and the one source of numbers while histories are told."""

    def __init__(self) -> None:
        self.at = BEGINNING
        self.chance = random.Random(0)

    def begin(self, *, at: datetime, seed: int) -> None:
        """Set the clock, and draw other numbers than other histories."""
        self.at = at
        self.chance = random.Random(seed)

    def now(self) -> datetime:
        """The next moment."""
        self.at += TICK
        return self.at

    def number(self) -> uuid.UUID:
        """The next random number."""
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)

    def rules(self, monkeypatch) -> None:
        """Let the site and its database ask this clock, and no disk be waited for: no history cuts the power."""

        def now_in_sql(_now, compiler, _connection, **_context):
            return compiler.compile(Value(self.now(), output_field=DateTimeField()))

        monkeypatch.setattr(timezone, "now", self.now)
        for name in ("as_sql", "as_sqlite", "as_postgresql"):
            monkeypatch.setattr(Now, name, now_in_sql, raising=False)
        for model in apps.get_models():
            for field in model._meta.fields:
                # A column's default remembers the function itself, not where it was found.
                if isinstance(field, DateTimeField) and field.has_default():
                    monkeypatch.setattr(field, "_get_default", self.now)
        monkeypatch.setattr(uuid, "uuid4", self.number)
        monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
