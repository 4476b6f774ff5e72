from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.utils import timezone


def fill(apps: Any, schema_editor: Any) -> None:
    """Number what was published so far in its order; who was champion, was since it was published."""
    checkpoints = apps.get_model("registry", "Checkpoint").objects
    published = checkpoints.filter(status__in=["CHAMPION", "PREVIOUS", "RETRACTED"])
    for number, pk in enumerate(published.order_by("published_at", "pk").values_list("pk", flat=True), start=1):
        checkpoints.filter(pk=pk).update(number=number, crowned_at=F("published_at"))


def keep(apps: Any, schema_editor: Any) -> None:
    """The columns go; nothing else was changed."""


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_seed_head")]

    operations = [
        migrations.AlterField("checkpoint", "published_at", models.DateTimeField(default=timezone.now)),
        migrations.AddField("checkpoint", "number", models.PositiveIntegerField(blank=True, null=True, unique=True)),
        migrations.AddField("checkpoint", "signature", models.TextField(blank=True, default="")),
        migrations.AddField("checkpoint", "announced_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "crowned_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "retracted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "retracted_reason", models.CharField(blank=True, default="", max_length=400)),
        migrations.AddField("checkpoint", "past_limit_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "delisted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "refused_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("checkpoint", "refused_reason", models.CharField(blank=True, default="", max_length=400)),
        migrations.RunPython(fill, keep),
    ]
