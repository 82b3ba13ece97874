"""Partitions are made by themselves and attached: nobody waits for a new month."""

from django.db import migrations

from monitoring.ledger.schema import partition_functions


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_delivery_rule")]
    operations = [migrations.RunSQL(partition_functions(), migrations.RunSQL.noop)]
