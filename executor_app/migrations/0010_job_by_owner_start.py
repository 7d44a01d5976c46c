from django.db import migrations, models

from ._indexes import AddIndexUnlocked


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("executor_app", "0009_job_by_worker_and_policy"),
    ]

    operations = [
        AddIndexUnlocked(
            model_name="job",
            index=models.Index(
                fields=["owner_key"], name="job_by_owner_start", opclasses=["varchar_pattern_ops"]
            ),
        ),
    ]
