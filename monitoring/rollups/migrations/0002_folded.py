"""Coarser sums of the minutes, so that a chart of a month costs what a chart of an hour costs."""

from django.db import migrations

from tenants.rls import RetailerIsolation

# Without stores, writers and their slots: what dashboards group by. `last` is the newest minute that was counted.
FOLDED = """
CREATE TABLE rollups_folded (
    grain smallint NOT NULL, start timestamptz NOT NULL, retailer_id bigint NOT NULL, kind text NOT NULL,
    outcome text NOT NULL, connection_key text NOT NULL, flow_key text NOT NULL, api_version text NOT NULL,
    currency text NOT NULL, last timestamptz NOT NULL, count bigint NOT NULL, value numeric(28, 6) NOT NULL,
    histogram bigint[] NOT NULL,
    PRIMARY KEY (grain, start, retailer_id, kind, outcome, connection_key, flow_key, api_version, currency)
)
"""
# Minutes that were counted into after they may have been folded. Appended to and emptied, so writers never wait.
LATE = "CREATE TABLE rollups_late (minute timestamptz NOT NULL)"
PROGRESS = "CREATE TABLE rollups_progress (id smallint PRIMARY KEY CHECK (id = 1), folded_until timestamptz NOT NULL)"
SUM = "CREATE AGGREGATE rollups_sum(bigint[]) (SFUNC = rollups_add, STYPE = bigint[], INITCOND = '{}')"


class Migration(migrations.Migration):
    dependencies = [("rollups", "0001_minute")]
    operations = [
        migrations.RunSQL(FOLDED, "DROP TABLE rollups_folded"),
        RetailerIsolation("rollups_folded"),
        migrations.RunSQL(LATE, "DROP TABLE rollups_late"),
        migrations.RunSQL(PROGRESS, "DROP TABLE rollups_progress"),
        migrations.RunSQL(SUM, "DROP AGGREGATE rollups_sum(bigint[])"),
    ]
