from django.db import migrations, models

from ._indexes import AddIndexUnlocked


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("executor_app", "0008_may_type"),
    ]

    operations = [
        AddIndexUnlocked(
            model_name="job",
            index=models.Index(fields=["worker", "-created_at"], name="job_by_worker"),
        ),
        AddIndexUnlocked(
            model_name="job",
            index=models.Index(fields=["policy", "-created_at"], name="job_by_policy"),
        ),
    ]
