from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_checkpoint_withdrawn_marked")]

    operations = [
        migrations.AlterField(
            "checkpoint",
            "status",
            models.CharField(
                choices=[
                    ("CANDIDATE", "Candidate"),
                    ("CHAMPION", "Champion"),
                    ("PREVIOUS", "Previous"),
                    ("RETRACTED", "Retracted"),
                    ("SEED", "Seed"),
                ],
                default="CANDIDATE",
                max_length=12,
            ),
        ),
        migrations.AddField("checkpoint", "sure_from", models.FloatField(default=0.0)),
    ]
