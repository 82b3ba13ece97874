"""The suite every page inherits: who may open it, who sees nothing of it, what it costs.

    class TestMessages(PageSuite):
        action = "messages.view"
        queries = 20
        def path(self, rows): return "/messages/"

`rows` is a `Rows`: what Harbour & Pine has, with words that must appear to its own people and to nobody else.
A page about one object sets `one_object`: to others it does not exist.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.models import Message
from tenants.context import ALL, partner_scope
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer
from tests.console.views.browser import TIDEWATER, browser, signed_in
from tests.support import ledger_rows
from tests.support.world import PASSWORD

ADA = "ada@northgate.example"
BEN = "ben@harbourpine.example"
CLEO = "cleo@bluebell.example"
THEO = "theo@tidewater.example"
EXECUTIVE = "eliot@harbourpine.example"
CANARY = "#77001"
HTML_LIMIT = 60 * 1024
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=|javascript:", re.I
)


@dataclass
class Rows:
    """One failed order of Harbour & Pine, with the words `canary`; `shop` makes more."""

    shop: ledger_rows.Shop
    message: Message
    canary: str = CANARY

    @property
    def exception(self) -> ExceptionItem:
        return ExceptionItem.objects.get(message_id=self.message.id)

    def add(self, count: int, outcome: str = "exception") -> None:
        now = datetime.now(UTC)
        for number in range(count):
            at = now - timedelta(minutes=number + 1)
            ledger_rows.add(self.shop, outcome=outcome, at=at, seed=number + 50, number=f"#6{number:04}")


@pytest.fixture
def rows(northgate) -> Rows:
    pine = Retailer.objects.get(key="harbour-pine")
    shop = ledger_rows.connect(pine, stores=3)
    at = datetime.now(UTC) - timedelta(seconds=30)
    return Rows(shop, ledger_rows.add(shop, outcome="exception", at=at, number=CANARY))


def executive() -> Person:
    """A role that may see the overview only."""
    person = Person(email=EXECUTIVE, name="Eliot Pine", role="executive")
    person.set_password(PASSWORD)
    person.save()
    RetailerGrant.objects.create(person=person, retailer=Retailer.objects.get(key="harbour-pine"))
    return person


class PageSuite:
    """Inherit, set `action`, `queries` and `path`; `reader` where an operator may not open it."""

    action: str
    reader = ADA
    queries: int
    one_object = False
    shows_canary = True
    is_html = True

    def path(self, rows: Rows) -> str:
        raise NotImplementedError

    def body(self, answer) -> str:
        return (answer.getvalue() if answer.streaming else answer.content).decode()

    def test_a_stranger_is_sent_to_the_sign_in_page(self, rows):
        answer = browser().get(self.path(rows))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/?next=")

    def test_another_role_is_told_what_is_missing_and_who_can_grant_it(self, rows):
        executive()
        answer = signed_in(EXECUTIVE).get(self.path(rows))
        assert answer.status_code == 403
        assert self.action in answer.content.decode()
        assert rows.canary not in answer.content.decode()

    def test_an_operator_sees_it(self, rows):
        answer = signed_in(self.reader).get(self.path(rows))
        assert answer.status_code == 200
        assert not self.shows_canary or rows.canary in self.body(answer)

    def test_another_retailers_person_sees_nothing_of_it(self, rows):
        answer = signed_in(CLEO).get(self.path(rows))
        assert answer.status_code in ((403, 404) if self.one_object else (200, 403))
        assert rows.canary not in self.body(answer)

    def test_another_partners_person_sees_nothing_of_it(self, rows, partners):
        with partner_scope(partners["tidewater"].schema_name, ALL):
            client = signed_in(THEO, TIDEWATER)
        answer = client.get(self.path(rows))
        assert answer.status_code == 404 if self.one_object else answer.status_code in (200, 403)
        assert rows.canary not in self.body(answer)

    def test_a_session_is_worth_nothing_at_another_partner(self, rows):
        client = signed_in(self.reader)
        answer = client.get(self.path(rows), headers={"host": TIDEWATER})
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")

    def test_it_asks_the_database_a_known_number_of_times(self, rows):
        client = signed_in(self.reader)
        client.get(self.path(rows))
        few = self.counted(client, rows)
        rows.add(12)
        many = self.counted(client, rows)
        assert many <= self.queries
        assert many <= few + 1  # a first row of a kind may need its names

    def counted(self, client, rows: Rows) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            self.body(client.get(self.path(rows)))
        return sum("set_config" not in query["sql"] for query in asked.captured_queries)

    def test_it_carries_no_inline_code_and_stays_small(self, rows):
        rows.add(60)
        page = self.body(signed_in(self.reader).get(self.path(rows)))
        if self.is_html:
            assert INLINE.findall(page) == []
            assert len(gzip.compress(page.encode())) <= HTML_LIMIT
            assert "signalbox" not in page.lower()
