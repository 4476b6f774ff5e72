"""Which sentences are kept for the test."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contributions", "0014_voids")]

    operations = [
        migrations.CreateModel(
            name="SentenceSide",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=35)),
                ("sentence", models.CharField(max_length=60)),
                (
                    "split",
                    models.CharField(choices=[("train", "Train"), ("dev", "Dev"), ("test", "Test")], max_length=5),
                ),
                ("decided_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("language", "sentence"), name="a_sentence_has_one_side")
                ],
            },
        ),
    ]
