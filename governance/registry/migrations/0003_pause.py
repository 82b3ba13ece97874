import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import RetailerIsolation

# Rows were paused by their state alone. Their reason is in the trail; here they get a record that can be ended.
KEEP_WHAT_IS_PAUSED = """
SELECT set_config('app.retailers', '*', true);
INSERT INTO registry_pause (id, retailer_id, scope, flow_id, connection_id, reason, sla, sla_reason, opened_at,
    opened_by, by_partner, request_id, ended_by, end_reason)
SELECT gen_random_uuid(), p.retailer_id, p.scope, p.flow_id, p.connection_id,
    'It was paused before pauses were kept: the trail says by whom and why.', 'counts', '', now(), 'Signalbox upgrade',
    false, 'upgrade', '', ''
FROM (
    SELECT retailer_id, 'flow' AS scope, id AS flow_id, NULL::bigint AS connection_id
    FROM registry_flow WHERE state = 'paused'
    UNION ALL
    SELECT retailer_id, 'source', NULL, id FROM registry_retailconnection c WHERE state = 'paused'
        AND EXISTS (SELECT FROM registry_flow f WHERE f.source_id = c.id)
    UNION ALL
    SELECT retailer_id, 'target', NULL, id FROM registry_retailconnection c WHERE state = 'paused'
        AND EXISTS (SELECT FROM registry_flow f WHERE f.target_id = c.id)
) p;
UPDATE registry_flow f SET state = 'paused' FROM registry_retailconnection c
WHERE c.id = f.source_id AND c.state = 'paused';
UPDATE registry_retailconnection SET state = 'active' WHERE state = 'paused';
"""


class Migration(migrations.Migration):
    dependencies = [("retailers", "0001_initial"), ("registry", "0002_flow_mode_latest_wins")]

    operations = [
        migrations.AlterField(
            model_name="retailconnection",
            name="state",
            field=models.CharField(
                choices=[("active", "Active"), ("disconnected", "Disconnected")], default="active", max_length=20
            ),
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("flow", "Flow"), ("source", "Source"), ("target", "Target")], max_length=10
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "sla",
                    models.CharField(
                        choices=[("counts", "Counts"), ("excluded", "Excluded")], default="counts", max_length=10
                    ),
                ),
                ("sla_reason", models.TextField(blank=True)),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.TextField()),
                ("by_partner", models.BooleanField()),
                ("request_id", models.TextField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.TextField(blank=True)),
                ("end_reason", models.TextField(blank=True)),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pauses",
                        to="registry.retailconnection",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pauses",
                        to="registry.flow",
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
                "ordering": ["-opened_at", "-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("connection__isnull", True), ("flow__isnull", False), ("scope", "flow")),
                            models.Q(
                                ("connection__isnull", False),
                                ("flow__isnull", True),
                                ("scope__in", ["source", "target"]),
                            ),
                            _connector="OR",
                        ),
                        name="pause_of_one_thing",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["expires_at"], name="pause_open"
                    ),
                    models.Index(fields=["-opened_at", "-id"], name="pause_newest"),
                ],
            },
        ),
        RetailerIsolation("registry_pause"),
        migrations.RunSQL(KEEP_WHAT_IS_PAUSED, migrations.RunSQL.noop),
    ]
