from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.AddField("checkpoint", "withdrawn_marked", models.PositiveIntegerField(default=0)),
    ]
