"""The minute rollup and the sum of two histograms."""

from django.db import migrations

from tenants.rls import RetailerIsolation

TABLE = """
CREATE TABLE rollups_minute (
    minute timestamptz NOT NULL, retailer_id bigint NOT NULL, kind text NOT NULL, outcome text NOT NULL,
    connection_key text NOT NULL, flow_key text NOT NULL, store_key text NOT NULL, api_version text NOT NULL,
    currency text NOT NULL, slot smallint NOT NULL, count bigint NOT NULL, value numeric(28, 6) NOT NULL,
    histogram bigint[] NOT NULL,
    PRIMARY KEY (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, slot)
) WITH (fillfactor = 70)
"""
ADD = """
CREATE FUNCTION rollups_add(a bigint[], b bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) ORDER BY n), '{}')
    FROM unnest(a, b) WITH ORDINALITY AS t (x, y, n)
$$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE rollups_minute"),
        migrations.RunSQL(ADD, "DROP FUNCTION rollups_add"),
        RetailerIsolation("rollups_minute"),
    ]
