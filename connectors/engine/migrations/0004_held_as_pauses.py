from django.db import migrations

# What a person held gets the record of a pause: letting it go ends that.
KEEP_WHAT_IS_HELD = """
SELECT set_config('app.retailers', '*', true);
INSERT INTO registry_pause (id, retailer_id, scope, connection_id, reason, sla, sla_reason, opened_at, opened_by,
    by_partner, request_id, ended_by, end_reason)
SELECT gen_random_uuid(), retailer_id, 'target', connection_id, breaker_reason, 'counts', '',
    coalesce(breaker_at, now()), 'Signalbox upgrade', false, 'upgrade', '', ''
FROM engine_endpoint WHERE breaker = 'held';
UPDATE engine_endpoint SET breaker = 'held', breaker_at = now(), probe_at = NULL,
    breaker_reason = 'It was paused before pauses were kept: the trail says by whom and why.'
WHERE breaker <> 'held' AND EXISTS (SELECT FROM registry_pause p
    WHERE p.scope = 'target' AND p.connection_id = engine_endpoint.connection_id AND p.ended_at IS NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("engine", "0003_early_lanes"), ("registry", "0003_pause")]
    operations = [migrations.RunSQL(KEEP_WHAT_IS_HELD, migrations.RunSQL.noop)]
