import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    initial = True
    dependencies = [("registry", "0001_initial"), ("retailers", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("definition", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("live", "Live"),
                            ("retired", "Retired"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="proposed",
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("proposed_by", models.TextField()),
                ("proposer_id", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("approved_by", models.TextField(blank=True)),
                ("live_since", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rule_sets",
                        to="registry.retailconnection",
                    ),
                ),
                (
                    "retailer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="retailers.retailer"
                    ),
                ),
            ],
            options={
                "db_table": "routing_rule_set",
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "number"), name="rule_set_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "live")), fields=("connection",), name="one_live_rule_set"
                    ),
                ],
            },
        ),
        RetailerIsolation("routing_rule_set"),
    ]
