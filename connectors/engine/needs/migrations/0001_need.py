import django.db.models.functions.datetime
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Need",
            fields=[
                ("delivery_id", models.UUIDField(primary_key=True, serialize=False)),
                ("retailer_id", models.BigIntegerField()),
                ("kind", models.TextField(choices=[("thing", "Thing"), ("value", "Value")])),
                ("name", models.TextField()),
                ("key", models.TextField()),
                ("source_id", models.BigIntegerField()),
                ("target_id", models.BigIntegerField()),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("until", models.DateTimeField(null=True)),
                ("woken_for", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "engine_need",
                "indexes": [models.Index(fields=["retailer_id", "kind", "name", "key"], name="need_of")],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE engine_need SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)",
            migrations.RunSQL.noop,
        ),
        RetailerIsolation("engine_need"),
    ]
