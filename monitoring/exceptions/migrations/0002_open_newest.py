"""The open ones, newest first, with what is summed above them: one small index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exceptions", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="exceptionitem",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "retrying"])),
                fields=["-id"],
                include=("retailer_id", "state", "error_class", "currency", "value", "opened_at"),
                name="exception_open_newest",
            ),
        ),
    ]
