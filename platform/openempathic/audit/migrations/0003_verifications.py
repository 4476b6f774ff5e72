from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_sealed_batches'),
    ]

    operations = [
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verified_at', models.DateTimeField()),
                ('broken_count', models.PositiveIntegerField()),
                ('sha256', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
    ]
