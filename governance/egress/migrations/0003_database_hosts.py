from django.db import migrations, models


class Migration(migrations.Migration):
    """A retailer's PostgreSQL server may be listed beside web and SFTP hosts."""

    dependencies = [("egress", "0002_sftp_hosts")]

    operations = [
        migrations.AlterField(
            model_name="allowedhost",
            name="scheme",
            field=models.CharField(
                choices=[("https", "Https"), ("http", "Http"), ("sftp", "Sftp"), ("postgresql", "Postgresql")],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="allowedhost", name="allowed_host_scheme"),
        migrations.AddConstraint(
            model_name="allowedhost",
            constraint=models.CheckConstraint(
                condition=models.Q(("scheme__in", ["https", "http", "sftp", "postgresql"])), name="allowed_host_scheme"
            ),
        ),
    ]
