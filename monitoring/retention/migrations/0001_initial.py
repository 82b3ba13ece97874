"""Clocks, legal holds, pruned months, and what was counted in them."""

from django.db import migrations, models

from tenants.rls import RetailerIsolation

# What became of arrivals whose rows are gone. `whole`: by dropping their month, so that it can be taken back.
SETTLED = """
CREATE TABLE retention_settled (
    month date NOT NULL, whole boolean NOT NULL, minute timestamptz NOT NULL, retailer_id bigint NOT NULL,
    term text NOT NULL, count bigint NOT NULL,
    PRIMARY KEY (minute, retailer_id, term, month, whole)
)
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("kind", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("days", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("retailer_id", models.BigIntegerField()),
                ("why", models.TextField()),
                ("placed_by", models.TextField()),
                ("placed_at", models.DateTimeField()),
                ("until", models.DateField(null=True)),
                ("released_by", models.TextField(default="")),
                ("released_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("month", models.DateField()),
                ("low", models.UUIDField()),
                ("high", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        choices=[("kept", "kept in part"), ("dropping", "being dropped"), ("dropped", "dropped")],
                        max_length=20,
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("kind", "month"), name="period_once")]},
        ),
        migrations.RunSQL(SETTLED, "DROP TABLE retention_settled"),
        RetailerIsolation("retention_hold"),
        RetailerIsolation("retention_settled"),
    ]
