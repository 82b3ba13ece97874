from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    dependencies = [("engine", "0004_held_as_pauses")]
    operations = [
        migrations.CreateModel(
            name="Behind",
            fields=[
                ("retailer_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
            ],
            options={"db_table": "engine_behind"},
        ),
        migrations.RunSQL(
            "ALTER TABLE engine_behind SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)",
            migrations.RunSQL.noop,
        ),
        RetailerIsolation("engine_behind"),
    ]
