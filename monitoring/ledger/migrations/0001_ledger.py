"""Tables of the ledger, partitions and the function by which the app role makes the next ones."""

from django.db import migrations

from monitoring.ledger.schema import PARTITIONED, PLAIN, create_tables, partition_functions
from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(create_tables(), migrations.RunSQL.noop),
        *[RetailerIsolation(table) for table in (*PARTITIONED, *PLAIN)],
        migrations.RunSQL(partition_functions(), migrations.RunSQL.noop),
        migrations.RunSQL("SELECT ledger_ensure_partitions(now() - interval '1 month', 5)", migrations.RunSQL.noop),
    ]
