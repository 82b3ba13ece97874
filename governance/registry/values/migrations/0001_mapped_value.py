import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    initial = True
    dependencies = [("registry", "0003_pause"), ("retailers", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="MappedValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.TextField()),
                ("value", models.TextField()),
                ("becomes", models.TextField()),
                ("since", models.DateTimeField()),
                ("revision", models.PositiveIntegerField(default=0)),
                ("proposed_by", models.TextField(blank=True)),
                ("approved_by", models.TextField(blank=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "retailer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="retailers.retailer"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.retailconnection"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.retailconnection"
                    ),
                ),
            ],
            options={
                "db_table": "registry_mapped_value",
                "ordering": ["table", "value"],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "target", "table", "value"), name="mapped_value_once")
                ],
            },
        ),
        RetailerIsolation("registry_mapped_value"),
    ]
