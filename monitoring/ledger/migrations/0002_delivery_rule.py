"""Why a delivery ended without being sent, in words. New schemas have the column from their first day."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_ledger")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ledger_delivery ADD COLUMN IF NOT EXISTS rule text NOT NULL DEFAULT ''",
            migrations.RunSQL.noop,
        ),
    ]
