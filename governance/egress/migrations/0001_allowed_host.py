from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='AllowedHost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253)),
                ('port', models.PositiveIntegerField()),
                ('scheme', models.CharField(choices=[('https', 'Https'), ('http', 'Http')], max_length=5)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('created_by', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['host', 'port'],
                'constraints': [models.UniqueConstraint(fields=('host', 'port', 'scheme'), name='allowed_host_once'), models.CheckConstraint(condition=models.Q(('port__gte', 1), ('port__lte', 65535)), name='allowed_host_port'), models.CheckConstraint(condition=models.Q(('scheme__in', ['https', 'http'])), name='allowed_host_scheme')],
            },
        ),
    ]
