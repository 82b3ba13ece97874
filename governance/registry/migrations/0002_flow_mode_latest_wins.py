from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [
        migrations.AlterField(
            model_name="flow",
            name="mode",
            field=models.CharField(
                choices=[("strict", "Strict"), ("latest-wins", "Latest Wins"), ("unordered", "Unordered")],
                default="strict",
                max_length=20,
            ),
        ),
    ]
