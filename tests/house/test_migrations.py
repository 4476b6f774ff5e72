"""A migration only adds, so that the processes of the version before go on working beside the next one's."""

from collections.abc import Iterator

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

OURS = ("accounts", "audit", "backups", "contributions", "registry", "training")
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.AlterField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
    migrations.RunSQL,
)
# The last of each room that no site ran without: up to these the software was begun, and nobody had to wait.
BEGUN = {"accounts": 5, "audit": 4, "backups": 1, "contributions": 18, "registry": 4, "training": 4}
# What is not additive and may stand, each with the reason why nobody notices.
ALLOWED: dict[str, str] = {}


def not_additive() -> Iterator[str]:
    """Every operation that a process of the version before could stumble over."""
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in OURS and int(name[:4]) > BEGUN[app]:
            for operation in migration.operations:
                if fault := fault_of(operation):
                    yield f"{app}.{name}: {fault}"


def fault_of(operation: migrations.operations.base.Operation) -> str:
    """What is wrong with it, in few words; empty where it only adds."""
    if isinstance(operation, TAKES_AWAY):
        return operation.describe()
    # Django takes the default out of the database again once the column is filled: whoever does not know the column
    # then inserts nothing there, and is refused.
    if isinstance(operation, migrations.AddField) and not operation.field.many_to_many:
        field = operation.field
        if not field.null and not field.has_db_default():
            return f"{operation.describe()} without null or db_default"
    return ""


FLAG = models.BooleanField(default=False)


@pytest.mark.parametrize(
    ("operation", "is_fine"),
    [
        (migrations.AddField("clip", "note", models.TextField(null=True)), True),
        (migrations.AddField("clip", "is_loud", models.BooleanField(db_default=False)), True),
        (migrations.AddField("clip", "friends", models.ManyToManyField("contributions.Clip")), True),
        (migrations.CreateModel("whisper", [("id", models.BigAutoField(primary_key=True)), ("is_loud", FLAG)]), True),
        (migrations.AddIndex("clip", models.Index(fields=["status"], name="by_status")), True),
        (migrations.AddField("clip", "is_loud", FLAG), False),
        (migrations.RemoveField("clip", "note"), False),
        (migrations.RenameField("clip", "note", "remark"), False),
        (migrations.AlterField("clip", "note", models.TextField()), False),
        (migrations.RunSQL("DROP TABLE clip", reverse_sql=""), False),
    ],
)
def test_what_the_version_before_would_stumble_over_is_told_from_what_it_would_not(operation, is_fine):
    assert (fault_of(operation) == "") is is_fine


def test_a_migration_only_adds_unless_a_reason_stands_here():
    assert sorted(set(not_additive()) ^ ALLOWED.keys()) == []


@pytest.mark.parametrize("app", OURS)
def test_every_migration_can_be_undone(app):
    loader = MigrationLoader(None)
    stuck = [
        f"{name}: {operation.describe()}"
        for (label, name), migration in loader.disk_migrations.items()
        if label == app
        for operation in migration.operations
        if not operation.reversible
    ]

    assert stuck == []
