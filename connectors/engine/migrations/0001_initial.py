import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('connection_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('retailer_id', models.BigIntegerField()),
                ('concurrency', models.IntegerField()),
                ('not_before', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(default=0)),
                ('breaker', models.TextField(choices=[('closed', 'Closed'), ('open', 'Open')], default='closed')),
                ('breaker_reason', models.TextField(default='')),
                ('probe_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'engine_endpoint',
            },
        ),
        migrations.CreateModel(
            name='Head',
            fields=[
                ('id', models.SmallIntegerField(primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
            ],
            options={
                'db_table': 'engine_head',
            },
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempt_id', models.UUIDField()),
                ('retailer_id', models.BigIntegerField()),
                ('delivery_id', models.UUIDField()),
                ('lane_id', models.BigIntegerField(db_index=True)),
                ('token', models.BigIntegerField()),
                ('step', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'engine_intent',
            },
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('retailer_id', models.BigIntegerField()),
                ('flow_id', models.BigIntegerField()),
                ('key', models.TextField()),
                ('endpoint_id', models.BigIntegerField()),
                ('due_at', models.DateTimeField()),
                ('parked', models.BooleanField(default=False)),
                ('token', models.BigIntegerField(default=0)),
                ('holder', models.IntegerField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('crashes', models.SmallIntegerField(default=0)),
            ],
            options={
                'db_table': 'engine_lane',
                'indexes': [models.Index(condition=models.Q(('parked', False)), fields=['due_at'], name='lane_due')],
                'constraints': [models.UniqueConstraint(fields=('flow_id', 'key'), name='lane_once')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('retailer_id', models.BigIntegerField()),
                ('position', models.BigIntegerField()),
                ('delivery_id', models.UUIDField(unique=True)),
                ('message_id', models.UUIDField()),
                ('attempts', models.SmallIntegerField(default=0)),
                ('trigger', models.TextField(default='auto')),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='engine.lane')),
            ],
            options={
                'db_table': 'engine_entry',
                'indexes': [models.Index(fields=['lane', 'position'], name='entry_order')],
            },
        ),
            RetailerIsolation("engine_lane"),
        RetailerIsolation("engine_entry"),
        RetailerIsolation("engine_intent"),
        RetailerIsolation("engine_endpoint"),
        migrations.RunSQL(
            [
                f"ALTER TABLE {table} SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, "
                "autovacuum_vacuum_cost_delay = 0)"
                for table in ("engine_head", "engine_lane", "engine_entry", "engine_intent", "engine_endpoint")
            ],
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL("INSERT INTO engine_head (id, position) VALUES (1, 0), (2, 0)", migrations.RunSQL.noop),
    ]
