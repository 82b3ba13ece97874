"""The scope decides which rows exist, in every kind of caller and after every kind of rollback."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.context import ALL, NoScope, in_scope, partner_scope, require_scope, scope_of
from tenants.retailers.models import Retailer


def keys() -> list[str]:
    return sorted(Retailer.objects.values_list("key", flat=True))


def test_each_partner_sees_only_its_own_rows(partners, db):
    with partner_scope(partners["northgate"].schema_name):
        assert keys() == ["bluebell", "harbour-pine"]
    with partner_scope(partners["tidewater"].schema_name):
        assert keys() == ["marlow"]


def test_without_a_scope_tenant_tables_do_not_exist(partners, db):
    with pytest.raises(DatabaseError), transaction.atomic():
        keys()


def test_require_scope_never_falls_back_to_public():
    with pytest.raises(NoScope):
        require_scope()


def test_a_schema_name_that_is_not_ours_is_refused():
    with pytest.raises(NoScope):
        scope_of('p_x", public; --')


def test_row_level_security_alone_hides_other_retailers(northgate):
    pine = Retailer.objects.get(key="harbour-pine")
    with partner_scope(northgate.schema, [pine.id]):
        assert keys() == ["harbour-pine"]
    with partner_scope(northgate.schema, []):
        assert keys() == []


def test_writing_for_another_retailer_is_refused_by_the_database(northgate):
    pine = Retailer.objects.get(key="harbour-pine")
    with partner_scope(northgate.schema, [pine.id]), pytest.raises(DatabaseError), transaction.atomic():
        Retailer.objects.create(key="intruder", name="Intruder")


def test_scope_survives_a_savepoint_rollback(northgate, partners):
    """PostgreSQL undoes a SET with the savepoint: the backend must set it again, not trust its memory."""
    with pytest.raises(RuntimeError), transaction.atomic(), partner_scope(partners["tidewater"].schema_name):
        assert keys() == ["marlow"]
        raise RuntimeError
    assert keys() == ["bluebell", "harbour-pine"]
    with partner_scope(partners["tidewater"].schema_name):
        assert keys() == ["marlow"]


def test_scope_is_right_after_an_error_inside_a_savepoint(northgate, partners):
    fails = pytest.raises(DatabaseError)
    with partner_scope(partners["tidewater"].schema_name), fails, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    assert keys() == ["bluebell", "harbour-pine"]


@pytest.mark.usefixtures("committed")
async def test_interleaved_async_callers_each_see_their_own_partner(partners):
    schemas = [partners["northgate"].schema_name, partners["tidewater"].schema_name]
    expected = {schemas[0]: ["bluebell", "harbour-pine"], schemas[1]: ["marlow"]}

    async def ask(schema: str) -> bool:
        await asyncio.sleep(0)
        return await in_scope(scope_of(schema, ALL), keys) == expected[schema]

    assert all(await asyncio.gather(*(ask(schemas[n % 2]) for n in range(60))))


@pytest.mark.usefixtures("committed")
def test_threads_do_not_inherit_a_scope(partners):
    seen: list[object] = []
    with partner_scope(partners["northgate"].schema_name):
        thread = threading.Thread(target=lambda: seen.append(_scope_or_error()))
        thread.start()
        thread.join()
    assert isinstance(seen[0], NoScope)


def _scope_or_error() -> object:
    try:
        return require_scope()
    except NoScope as error:
        return error
