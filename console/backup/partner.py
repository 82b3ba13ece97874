"""One partner back to a moment: the steps of `manage.py restore --partner`, and the figures they give."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command

from console.backup.aftermath import hold_targets, tell_trail
from console.backup.recover import recovered_cluster
from console.backup.schema import (
    SharedRows,
    bring_beside,
    compare,
    schema_exists,
    size_and_rows,
    stamped,
    take_its_place,
)
from console.backup.store import BackupFolder, Taken
from console.backup.verify import Check, ledger_checks
from tenants.context import ALL, partner_scope


@dataclass
class Restored:
    """`beside`: where it is now, unless it took the live one's place. `lost`: what only the live schema has."""

    shared: SharedRows
    taken: Taken
    last_commit: datetime | None
    whole: bool
    beside: str
    rows: int
    bytes: int
    checks: list[Check]
    lost: dict[str, Any] | None = None
    aside: str = ""
    held: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """What it is as of."""
        return self.last_commit or self.taken.ended

    @property
    def sound(self) -> bool:
        return all(check.holds for check in self.checks)


def restore_beside(
    folder: BackupFolder, key: str, owner_url: str, *, at: datetime | None, say: Callable[[str], None]
) -> Restored:
    """Everything but putting it into place. Raises CannotRecover, NoBackup, ProgramFailed, UnknownPartner."""
    now = datetime.now(UTC)
    scratch = Path(tempfile.mkdtemp(prefix="signalbox-restore-", dir=folder.root))
    try:
        with recovered_cluster(folder, scratch, at=at) as copy:
            say(f"the cluster of {copy.taken.name} is back to {_moment(copy.last_commit or copy.taken.ended)}")
            began = time.monotonic()
            shared, beside = bring_beside(copy, key, owner_url, scratch, at=now)
            brought = time.monotonic() - began
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    began = time.monotonic()
    # The code may be newer than the backup.
    call_command("migrate_schemas", schema_name=beside, verbosity=0)
    checks = checks_of(beside, at=now)
    with psycopg.connect(owner_url) as connection:
        rows, size = size_and_rows(connection, beside)
        lost = compare(connection, beside, shared.schema) if schema_exists(connection, shared.schema) else None
    made = Restored(shared, copy.taken, copy.last_commit, copy.whole, beside, rows, size, checks, lost)
    made.seconds = {"recover": copy.seconds, "bring": brought, "check": time.monotonic() - began}
    return made


def put_into_place(made: Restored, owner_url: str, *, reason: str) -> None:
    """Its targets are held before the swap, so that no worker sends in between. Raises NameTaken, psycopg.Error."""
    began = time.monotonic()
    aside = stamped(made.shared.schema, "b", datetime.now(UTC))
    with partner_scope(made.beside, ALL):
        made.held = hold_targets(made.moment)
        after = {"restored_to": made.moment.isoformat(), "targets_held": made.held, "kept_aside": aside}
        tell_trail(key=made.shared.key, name=made.shared.name, reason=reason, after=after)
    if take_its_place(owner_url, made.shared, made.beside, aside=aside):
        made.aside = aside
        with psycopg.connect(owner_url) as connection:
            # Again, and now finally: until the swap the live one went on.
            made.lost = compare(connection, made.shared.schema, aside)
    made.beside = ""
    made.seconds["swap"] = time.monotonic() - began


def checks_of(schema: str, *, at: datetime) -> list[Check]:
    with partner_scope(schema, ALL):
        return ledger_checks(at=at)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
