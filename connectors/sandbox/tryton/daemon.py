"""The vendor's own `trytond` command, tied to the life of the process that started it."""

from __future__ import annotations

from trytond.cli import main

from connectors.sandbox.tryton.lifeline import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    main()
