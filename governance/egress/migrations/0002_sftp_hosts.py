from django.db import migrations, models


class Migration(migrations.Migration):
    """An SFTP server may be listed beside http and https hosts."""

    dependencies = [("egress", "0001_allowed_host")]

    operations = [
        migrations.AlterField(
            model_name="allowedhost",
            name="scheme",
            field=models.CharField(choices=[("https", "Https"), ("http", "Http"), ("sftp", "Sftp")], max_length=5),
        ),
        migrations.RemoveConstraint(model_name="allowedhost", name="allowed_host_scheme"),
        migrations.AddConstraint(
            model_name="allowedhost",
            constraint=models.CheckConstraint(
                condition=models.Q(("scheme__in", ["https", "http", "sftp"])), name="allowed_host_scheme"
            ),
        ),
    ]
