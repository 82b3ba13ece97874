"""What the pages read stays with its retailer by the scope alone and by row-level security alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from governance.registry.selectors import connections_in_view, flows_in_view, retailer_choices
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.selectors import (
    ExceptionFilter,
    exception_by_id,
    exception_page,
    exceptions_of,
    last_resolved,
    newer_exceptions,
    open_exception_count,
    open_summary,
    transitions_of,
)
from monitoring.ledger import payloads
from monitoring.ledger.models import Message, Step
from monitoring.ledger.selectors.detail import message_detail, related_messages, step_of_payload
from monitoring.ledger.selectors.filters import MessageFilter
from monitoring.ledger.selectors.pages import described, message_page, newer_count
from tenants.context import ALL, partner_scope, require_scope
from tenants.ids import first_id
from tenants.retailers.models import Retailer
from tenants.retailers.selectors import store_choices
from tests.support import ledger_rows

NOW = datetime.now(UTC)
EVERYTHING = MessageFilter(start=NOW - timedelta(days=2), end=NOW + timedelta(days=1))
SINCE = first_id(NOW - timedelta(days=2))


class Pine:
    """What Harbour & Pine has: two messages of one order, an exception, bodies."""

    def __init__(self) -> None:
        shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=2)
        self.shop = shop
        self.message = ledger_rows.add(shop, outcome="exception", number="#900", object_id="900")
        ledger_rows.add(shop, outcome="resolved", number="#900", object_id="900", seed=2)
        self.item = ExceptionItem.objects.get(message_id=self.message.id)
        self.step = Step.objects.filter(request_id__isnull=False).first()


READS: dict[str, Callable[[Pine], object]] = {
    "page": lambda pine: message_page(EVERYTHING).rows,
    "search": lambda pine: message_page(MessageFilter(NOW, NOW, search="900")).rows,
    "delivered": lambda pine: message_page(MessageFilter(EVERYTHING.start, EVERYTHING.end, outcome="delivered")).rows,
    "newer": lambda pine: newer_count(EVERYTHING, than=SINCE),
    "described": lambda pine: [row.number or row.ways for row in described([pine.message]) if row.number or row.ways],
    "detail": lambda pine: message_detail(pine.message.id),
    "related": lambda pine: related_messages(pine.message),
    "step": lambda pine: step_of_payload(pine.message.id, pine.step.request_id),
    "bodies": lambda pine: payloads.read([pine.message.id, pine.step.request_id]),
    "exceptions": lambda pine: exception_page(ExceptionFilter()).rows,
    "resolved": lambda pine: exception_page(ExceptionFilter(tab="resolved")).rows,
    "newer exceptions": lambda pine: newer_exceptions(ExceptionFilter(), than=SINCE),
    "exception": lambda pine: exception_by_id(pine.item.id),
    "exceptions of a message": lambda pine: exceptions_of(pine.message.id),
    "history": lambda pine: transitions_of([pine.item.id]),
    "open count": lambda pine: open_exception_count(),
    "summary": lambda pine: open_summary().count,
    "last resolved": lambda pine: last_resolved(),
    "retailers": lambda pine: [r for r in retailer_choices() if r.key == "harbour-pine"],
    "stores": lambda pine: [name for _, name in store_choices() if "Pine" in name],
    "connections": lambda pine: connections_in_view(),
    "flows": lambda pine: flows_in_view(),
}


@pytest.fixture
def pine(northgate) -> Pine:
    return Pine()


@pytest.fixture
def bluebell(northgate) -> int:
    return Retailer.objects.get(key="bluebell").id


def enforce(retailers: str) -> None:
    """Set what row-level security sees, behind the backend's back."""
    Message.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.retailers', %s, false)", [retailers])


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    connection._applied = None


def found(read: Callable[[Pine], object], pine: Pine) -> object:
    try:
        return read(pine)
    except ObjectDoesNotExist:
        return None


@pytest.mark.parametrize("name", READS)
def test_its_own_people_find_it(pine, name):
    with partner_scope(pine_scope(), [pine.shop.retailer.id]):
        assert found(READS[name], pine)


@pytest.mark.parametrize("name", READS)
def test_the_scope_alone_hides_it(pine, bluebell, name):
    with partner_scope(pine_scope(), [bluebell]):
        enforce("*")
        assert not found(READS[name], pine)


@pytest.mark.parametrize("name", READS)
def test_row_level_security_alone_hides_it(pine, bluebell, name):
    with partner_scope(pine_scope(), ALL):
        enforce(str(bluebell))
        assert not found(READS[name], pine)


def pine_scope() -> str:

    return require_scope().schema
