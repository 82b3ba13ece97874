"""The canaries themselves: every text field of a retailer's rows has one, and no row has another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

import console.celery  # noqa: F401 the tasks are registered there
from connectors.engine.polling.models import Cursor
from console.tasks import poll, tick
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Message
from tenants.context import ALL, NoScope, current_scope, partner_scope
from tests.isolation.canaries import (
    COUNTED,
    MADE_WITH_WORDS,
    NAMES,
    PARTNER_WORDS,
    models_of_a_retailer,
    text_fields,
)

# What somebody typed is kept in the log of what they exported: their own words, whatever those are.
TYPED = "list.exported"
TABLES = """
SELECT c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'retailer_id')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


def test_every_text_field_of_a_retailer_carries_its_word(world):
    """A new text field without one fails here: poison it, or name it in PLAIN with what reads it."""
    bare = []
    for shop in world.shops.values():
        with partner_scope(shop.partner.schema_name, ALL):
            bare += [f"{shop.key}: {where}" for where in _without_word(shop.retailer.pk, shop.word)]
    assert bare == []


def _without_word(retailer_id: int, word: str) -> Iterator[str]:
    for model in models_of_a_retailer():
        label = model._meta.label
        if label in COUNTED | MADE_WITH_WORDS:
            continue
        column = "retailer_id" if "retailer_id" in {f.attname for f in model._meta.concrete_fields} else "pk"
        rows = model._base_manager.filter(**{column: retailer_id})
        if not rows.exists():
            yield f"{label} has no row"
        for field in text_fields(model):
            if rows.exclude(**{f"{field.name}__contains": word}).exists():
                yield f"{label}.{field.name}"


def test_no_row_holds_a_word_of_another(world):
    """Whatever the walks did before: pages, exports, the trail and sessions wrote rows too."""
    with psycopg.connect(world.url) as superuser:
        for shop in world.shops.values():
            schema = shop.partner.schema_name
            for table, has_retailer in superuser.execute(TABLES, [schema]).fetchall():
                told = _text_of(superuser, schema, table, shop.retailer.pk if has_retailer else None)
                for key, words in NAMES.items():
                    other = world.shops[key]
                    foreign = other.partner != shop.partner or (has_retailer and key != shop.key)
                    found = [word for word in words if foreign and word.decode() in told]
                    assert not found, f"{shop.partner.key}.{table} of {shop.key} holds {found} of {key}"


def _text_of(superuser: psycopg.Connection, schema: str, table: str, retailer_id: int | None) -> str:
    rows = sql.SQL("SELECT coalesce(string_agg(lower(t::text), ' '), '') FROM {} t").format(
        sql.Identifier(schema, table)
    )
    conditions, given = [], []
    if retailer_id is not None:
        conditions.append(sql.SQL("retailer_id = %s"))
        given.append(retailer_id)
    if table == "audit_auditevent":
        conditions.append(sql.SQL("action <> %s"))
        given.append(TYPED)
    if conditions:
        rows += sql.SQL(" WHERE ") + sql.SQL(" AND ").join(conditions)
    return superuser.execute(rows, given).fetchone()[0]


def test_the_tasks_are_those_that_are_tested_here():
    """A new task is tested for isolation before it is named here."""
    assert {name for name in current_app.tasks if not name.startswith("celery.")} == {"console.tick", "console.poll"}


def test_the_tick_serves_each_partner_in_its_own_schema_and_leaves_no_scope(world):
    before = {key: _partitions(world, key) for key in world.partners}
    tick()
    assert current_scope() is None
    assert all(before[key] <= _partitions(world, key) for key in world.partners)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Message.objects.count()


def test_a_poll_reads_the_streams_of_its_own_partner_only(world):
    """Where the canaries' shops are is refused, so each stream that is asked fails once more, and no other does."""
    asked, other = world.partners["northgate"].schema_name, world.partners["tidewater"].schema_name
    kept = {schema: _all_due(schema) for schema in (asked, other)}
    before = {schema: _tries(schema) for schema in kept}
    poll(asked)
    after = {schema: _tries(schema) for schema in kept}
    for schema, rows in kept.items():
        _put_back(schema, rows)
    assert current_scope() is None
    assert after[other] == before[other]
    assert len(after[asked]) == 2
    assert all(after[asked][key] != before[asked][key] for key in after[asked])


def test_the_tick_starts_a_poll_for_each_partner_by_its_own_schema(world, monkeypatch):
    kept = {partner.schema_name: _all_due(partner.schema_name) for partner in world.partners.values()}
    sent: list[list[str]] = []
    monkeypatch.setattr(poll, "apply_async", lambda given, **how: sent.append(given))
    tick()
    for schema, rows in kept.items():
        _put_back(schema, rows)
    assert sorted(sent) == sorted([schema] for schema in kept)


def _all_due(schema: str) -> list[Cursor]:
    """The streams as they were."""
    with partner_scope(schema, ALL):
        rows = list(Cursor.objects.all())
        Cursor.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1), leased_until=None)
    assert rows
    return rows


def _put_back(schema: str, rows: list[Cursor]) -> None:
    with partner_scope(schema, ALL):
        for row in rows:
            row.save(force_update=True)


def _tries(schema: str) -> dict[int, tuple[int, datetime, int]]:
    with partner_scope(schema, ALL):
        return {row.connection_id: (row.failures, row.due_at, row.token) for row in Cursor.objects.all()}


def _partitions(world, key: str) -> set[str]:
    with partner_scope(world.partners[key].schema_name, ALL), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relispartition AND relnamespace = current_schema()::regnamespace"
        )
        return {name for (name,) in cursor.fetchall()}


def test_without_a_partner_nothing_is_read(world):
    """Never public, never the last one's."""
    with partner_scope(world.partners["northgate"].schema_name, ALL):
        assert Message.objects.scoped().exists()
    with pytest.raises(NoScope):
        Message.objects.scoped()
    with pytest.raises(ProgrammingError), transaction.atomic():
        ExceptionItem.objects.exists()


def test_a_command_for_one_partner_tells_nothing_of_the_other(world, capsys):
    number = world.shops["harbour-pine"].numbers[0]
    call_command("trace", number, partner="northgate")
    assert world.shops["harbour-pine"].word in capsys.readouterr().out
    with pytest.raises(CommandError, match="nothing is known"):
        call_command("trace", number, partner="tidewater")
    told = capsys.readouterr().out.lower()
    assert not [word for word in (*PARTNER_WORDS.values(), "cnrypine", "cnrybell") if word in told]
