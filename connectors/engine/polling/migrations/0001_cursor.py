import django.db.models.functions.datetime
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("retailer_id", models.BigIntegerField()),
                ("connection_id", models.BigIntegerField()),
                ("stream", models.TextField()),
                ("state", models.JSONField(default=dict)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("token", models.BigIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("failures", models.IntegerField(default=0)),
                ("failed_at", models.DateTimeField(null=True)),
                ("error_class", models.TextField(blank=True, default="")),
                ("error", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "polling_cursor",
                "indexes": [models.Index(fields=["due_at"], name="cursor_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("connection_id", "stream"), name="cursor_once")
                ],
            },
        ),
        RetailerIsolation("polling_cursor"),
    ]
