from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.AddField('person', 'density', models.CharField(default='compact', max_length=12)),
        migrations.AddField('person', 'times', models.CharField(default='relative', max_length=10)),
        migrations.AddField('person', 'zone', models.CharField(default='mine', max_length=10)),
        migrations.AddField('person', 'shortcuts', models.BooleanField(default=True)),
    ]
