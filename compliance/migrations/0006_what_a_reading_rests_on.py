from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_suggestions_and_anchorings")]

    operations = [
        migrations.RenameField("versionreading", "text_sha256", "mark"),
        migrations.AlterField(
            "versionreading",
            "mark",
            models.CharField(help_text="SHA-256 of the text as it was read, and of what was cited in it", max_length=64),
        ),
    ]
