"""`among`: the rows whose number is in a long list, asked with one value in place of one for each number.

Django writes an `in` of a thousand numbers as a thousand values, which takes longer than the answer. It is said of the
number itself: `Clip.objects.filter(pk__among=ids)`, `Rating.objects.filter(clip__pk__among=ids)`.
Importing this module teaches it to Django.
"""

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup, UUIDField
from django.db.models.sql.compiler import SQLCompiler


@UUIDField.register_lookup
class Among(Lookup):
    """Whether a UUID is one of these UUIDs."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """A list in JSON, of UUIDs as Django keeps them there: 32 digits."""
        column, values = self.process_lhs(compiler, connection)
        numbers = json.dumps([pk.hex for pk in self.rhs])
        return f"{column} IN (SELECT value FROM json_each(%s))", [*values, numbers]  # noqa: S608

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """An array."""
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::uuid[])", [*values, list(self.rhs)]
