"""A histogram of bucket numbers, for writers that count within a statement."""

from django.db import migrations

# Subscripts are bucket numbers, as everywhere; zeros between them, so that no element is NULL.
COUNT = """
CREATE FUNCTION rollups_count(buckets smallint[]) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    bucket smallint;
    low integer;
    high integer;
    counts bigint[];
BEGIN
    SELECT min(b), max(b) INTO low, high FROM unnest(buckets) b;
    IF low IS NULL THEN RETURN '{}'; END IF;
    counts := array_fill(0::bigint, ARRAY[high - low + 1], ARRAY[low]);
    FOREACH bucket IN ARRAY buckets LOOP
        counts[bucket] := counts[bucket] + 1;
    END LOOP;
    RETURN counts;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("rollups", "0002_folded")]
    operations = [migrations.RunSQL(COUNT, "DROP FUNCTION rollups_count")]
