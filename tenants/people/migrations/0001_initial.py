import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import RetailerIsolation


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('retailers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('role', models.CharField(max_length=20)),
                ('is_active', models.BooleanField(default=True)),
                ('all_retailers', models.BooleanField(default=False)),
                ('timezone', models.CharField(default='UTC', max_length=60)),
                ('theme', models.CharField(default='system', max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('session_epoch', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['email'],
            },
        ),
        migrations.CreateModel(
            name='RetailerGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to=settings.AUTH_USER_MODEL)),
                ('retailer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='retailers.retailer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'retailer'), name='grant_once')],
            },
        ),
            RetailerIsolation("people_retailergrant"),
    ]
