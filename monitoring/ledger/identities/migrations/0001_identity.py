from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("retailer_id", models.BigIntegerField()),
                ("object_type", models.TextField()),
                ("master_connection_id", models.BigIntegerField()),
                ("master_connection_key", models.TextField()),
                ("master_id", models.TextField()),
                ("connection_id", models.BigIntegerField()),
                ("connection_key", models.TextField()),
                ("external_id", models.TextField()),
                ("how", models.TextField()),
                ("since", models.DateTimeField()),
                ("message_id", models.UUIDField()),
            ],
            options={
                "db_table": "ledger_identity",
                "indexes": [
                    models.Index(fields=["connection_id", "object_type", "external_id"], name="identity_by_id")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("master_connection_id", "object_type", "master_id", "connection_id"),
                        name="identity_once",
                    )
                ],
            },
        ),
        RetailerIsolation("ledger_identity"),
    ]
