import django.db.models.deletion
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('retailers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RetailConnection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('label', models.CharField(max_length=120)),
                ('connector', models.CharField(max_length=40)),
                ('config', models.JSONField(default=dict)),
                ('api_version', models.CharField(blank=True, max_length=40)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused'), ('disconnected', 'Disconnected')], default='active', max_length=20)),
                ('live', models.BooleanField(default=True)),
                ('intake_hash', models.BinaryField(max_length=32, null=True, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('retailer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='connections', to='retailers.retailer')),
            ],
            options={
                'ordering': ['label'],
            },
        ),
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('label', models.CharField(max_length=120)),
                ('operations', models.JSONField(default=dict)),
                ('mode', models.CharField(choices=[('strict', 'Strict'), ('unordered', 'Unordered')], default='strict', max_length=20)),
                ('latency', models.CharField(choices=[('live', 'seconds'), ('minutes', 'minutes'), ('batch', 'by the end of the day')], default='live', max_length=20)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused')], default='active', max_length=20)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('business_owner', models.CharField(blank=True, max_length=120)),
                ('technical_owner', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('retailer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flows', to='retailers.retailer')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flows_out', to='registry.retailconnection')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flows_in', to='registry.retailconnection')),
            ],
            options={
                'ordering': ['label'],
            },
        ),
            RetailerIsolation("registry_retailconnection"),
        RetailerIsolation("registry_flow"),
    ]
