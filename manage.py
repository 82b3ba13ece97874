#!/usr/bin/env python
"""Entry to every command. Commands that change the schema run as the owner; all others as the app role."""

import os
import sys

OWNER_COMMANDS = {
    "setup_roles",
    "migrate",
    "migrate_schemas",
    "create_partner",
    "prepare_demo",
    "load_history",
    "retention",
    "restore",
    "makemigrations",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.embedded")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("SIGNALBOX_ROLE", "owner")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
