import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("training", "0002_schedule"),
    ]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="approval",
            field=models.CharField(
                blank=True,
                choices=[("WAITING", "Waiting for a curator"), ("GIVEN", "Approved"), ("REFUSED", "Refused")],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="approval_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="verdict",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
