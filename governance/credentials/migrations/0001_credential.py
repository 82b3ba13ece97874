import django.db.models.deletion
from django.db import migrations, models

import tenants.ids
from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('retailers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('connection_id', models.BigIntegerField()),
                ('field', models.CharField(max_length=60)),
                ('purpose', models.CharField(choices=[('verify', 'verify'), ('call', 'call')], max_length=10)),
                ('version', models.PositiveIntegerField()),
                ('key_id', models.CharField(max_length=120)),
                ('wrapped_key', models.BinaryField()),
                ('ciphertext', models.BinaryField()),
                ('created_by', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('retailer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='retailers.retailer')),
            ],
            options={
                'ordering': ['connection_id', 'field', '-version'],
                'indexes': [models.Index(condition=models.Q(('retired_at__isnull', True)), fields=['connection_id', 'purpose'], name='credential_active')],
                'constraints': [models.UniqueConstraint(fields=('connection_id', 'field', 'version'), name='credential_version_once')],
            },
        ),
        RetailerIsolation("credentials_credential"),
    ]
