import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ExceptionItem',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('retailer_id', models.BigIntegerField()),
                ('message_id', models.UUIDField(db_index=True)),
                ('delivery_id', models.UUIDField(db_index=True, null=True)),
                ('flow_key', models.TextField(blank=True)),
                ('connection_key', models.TextField(blank=True)),
                ('error_class', models.TextField()),
                ('title', models.TextField()),
                ('detail', models.TextField(blank=True)),
                ('fingerprint', models.TextField()),
                ('state', models.CharField(choices=[('open', 'open'), ('retrying', 'retrying'), ('resolved', 'resolved')], default='open', max_length=20)),
                ('resolution', models.TextField(blank=True)),
                ('order_number', models.TextField(blank=True)),
                ('store_key', models.TextField(blank=True)),
                ('value', models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('opened_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('failures', models.IntegerField(default=1)),
                ('resolved_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['retailer_id', 'state', '-id'], name='exception_by_state'), models.Index(condition=models.Q(('state__in', ['open', 'retrying'])), fields=['fingerprint'], name='exception_open_group')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'retrying'])), fields=('delivery_id',), name='one_open_exception_per_delivery')],
            },
        ),
        migrations.CreateModel(
            name='Transition',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('retailer_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('from_state', models.CharField(blank=True, max_length=20)),
                ('to_state', models.CharField(max_length=20)),
                ('by', models.TextField()),
                ('reason', models.TextField(blank=True)),
                ('exception', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='transitions', to='exceptions.exceptionitem')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
            RetailerIsolation("exceptions_exceptionitem"),
        RetailerIsolation("exceptions_transition"),
    ]
