"""What a migration may do while the code of the release before it still runs.

Additions only. What takes away, renames or tightens says in which release the last code that used it went:

    class Migration(migrations.Migration):
        contracts_after = "0.2.0"   # 0.2.0 no longer reads or writes it
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

# In SQL of our own, forwards. A dropped index, policy, trigger or function is replaced in the same breath.
_TAKES_AWAY = (
    (re.compile(r"\bDROP\s+(TABLE|SCHEMA|VIEW)\b", re.I), "drops a table"),
    (re.compile(r"\bDROP\s+COLUMN\b", re.I), "drops a column"),
    (re.compile(r"\bRENAME\b", re.I), "renames"),
    (re.compile(r"\bSET\s+NOT\s+NULL\b", re.I), "makes a column NOT NULL"),
    (re.compile(r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b", re.I), "changes a column's type"),
)
_ADDS = re.compile(r"\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)([^,;]*)", re.I)
_REMOVES = (migrations.RemoveField, migrations.DeleteModel)
_RENAMES = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)


def problems(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """Sentences. `before` is the state that the migration is applied to; it is changed."""
    made_here: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            made_here.add(operation.name_lower)
        elif getattr(operation, "model_name_lower", "") not in made_here:
            yield from _of(operation, before, migration.app_label)
        operation.state_forwards(migration.app_label, before)


def released(changelog: str) -> list[str]:
    """Versions with a date, newest first."""
    return re.findall(r"^## (\d+\.\d+\.\d+) — \d{4}-\d\d-\d\d$", changelog, re.M)


def _of(operation: Operation, before: ProjectState, app: str) -> Iterator[str]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _of(inner, before, app)
    elif isinstance(operation, _REMOVES):
        yield f"{operation.describe()}: the code of the release before still reads it"
    elif isinstance(operation, _RENAMES):
        yield f"{operation.describe()}: add the new name, fill it, and remove the old one later"
    elif isinstance(operation, migrations.AddField):
        if _refuses_old_rows(operation.field):
            yield f"{operation.describe()}: give it a db_default or allow NULL, for rows of code that does not know it"
    elif isinstance(operation, migrations.AlterField):
        old = before.models[app, operation.model_name_lower].fields[operation.name]
        yield from _tightened(operation, old)
    elif isinstance(operation, migrations.RunSQL):
        for statement in _statements(operation.sql):
            yield from _in_sql(statement)


def _refuses_old_rows(field: Field) -> bool:
    if field.many_to_many:
        return False
    return not field.null and field.db_default is NOT_PROVIDED and not getattr(field, "generated", False)


def _tightened(operation: migrations.AlterField, old: Field) -> Iterator[str]:
    new = operation.field
    if old.null and not new.null:
        yield f"{operation.describe()}: makes it NOT NULL"
    if type(old) is not type(new):
        yield f"{operation.describe()}: changes its type"
    if old.max_length and new.max_length and new.max_length < old.max_length:
        yield f"{operation.describe()}: makes it shorter"
    if new.unique and not old.unique:
        yield f"{operation.describe()}: makes it unique"
    if old.db_default is not NOT_PROVIDED and new.db_default is NOT_PROVIDED:
        yield f"{operation.describe()}: takes its db_default away"


def _statements(source: object) -> Iterable[str]:
    if isinstance(source, str):
        return [source]
    return [one if isinstance(one, str) else one[0] for one in source]


def _in_sql(statement: str) -> Iterator[str]:
    # What a function's body does when it is called is not what the migration does.
    outside = re.sub(r"\$(\w*)\$.*?\$\1\$", "", statement, flags=re.S) if "FUNCTION" in statement.upper() else statement
    for pattern, words in _TAKES_AWAY:
        if pattern.search(outside):
            yield f"SQL {words}: {' '.join(outside.split())[:80]}"
    for name, rest in _ADDS.findall(outside):
        if re.search(r"\bNOT\s+NULL\b", rest, re.I) and not re.search(r"\b(DEFAULT|GENERATED)\b", rest, re.I):
            yield f"SQL adds {name} NOT NULL without a DEFAULT"
