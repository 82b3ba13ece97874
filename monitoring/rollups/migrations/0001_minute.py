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
# Subscripts are bucket numbers, so arrays begin where their first duration is. A loop over what is new costs about
# a microsecond a row; an aggregate over both arrays cost fourteen.
ADD = """
CREATE FUNCTION rollups_add(a bigint[], b bigint[]) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF cardinality(a) = 0 THEN RETURN b; END IF;
    IF cardinality(b) = 0 THEN RETURN a; END IF;
    FOR i IN array_lower(b, 1) .. array_upper(b, 1) LOOP
        CONTINUE WHEN coalesce(b[i], 0) = 0;
        a[i] := coalesce(a[i], 0) + b[i];
    END LOOP;
    RETURN a;
END $$
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE rollups_minute"),
        migrations.RunSQL(ADD, "DROP FUNCTION rollups_add"),
        RetailerIsolation("rollups_minute"),
    ]
