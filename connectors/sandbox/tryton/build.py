"""Turns an empty database into the template: activates the modules, then writes the company.

    TRYTOND_DATABASE_URI=postgresql://... python -m connectors.sandbox.tryton.build DATABASE

A process of its own, because `trytond` reads its settings once, at import, and keeps them in module globals.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from trytond import __series__, backend
from trytond.model import ModelStorage
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

from connectors.sandbox.tryton import masterdata, names
from connectors.sandbox.tryton.lifeline import die_with_parent

MODULES = ("sale", "account_invoice_stock")


@contextmanager
def vendor_records_unchecked() -> Iterator[None]:
    """While the vendor's own records are loaded from its own files: checking them costs 12 of 30 seconds.

    The checks only raise, they change nothing: a database built with them is the same (compared by dump). What
    this house writes afterwards is checked like anyone's.
    """
    original = ModelStorage.__dict__["_validate"]
    ModelStorage._validate = classmethod(lambda *_, **__: None)
    try:
        yield
    finally:
        ModelStorage._validate = original


def activate(database: str) -> None:
    backend.Database(database).connect()
    backend.Database(database).init()
    Pool.start()
    with vendor_records_unchecked():
        Pool(database).init(update=["ir", "res", *MODULES], lang=["en"], activatedeps=True)


def write_company(database: str) -> None:
    """In one transaction, begun again with the table locks that Tryton finds it needs on its way."""
    locks: dict[str, Any] = {}
    while True:
        with Transaction().start(database, 0, **locks) as transaction:
            try:
                _write_company(transaction)
                return
            except TransactionError as error:
                transaction.rollback()
                error.fix(locks)


def _write_company(transaction: Transaction) -> None:
    _name_series()
    (admin,) = Pool().get("res.user").create([{"name": "Administrator", "login": names.ADMIN, "administrator": True}])
    with transaction.set_user(admin.id):
        masterdata.write_company(today=dt.datetime.now(tz=dt.UTC).date())


def _name_series() -> None:
    """As `trytond-admin` does at the end of a first run."""
    configuration = Pool().get("ir.configuration")(1)
    configuration.series = __series__
    configuration.language = "en"
    configuration.save()


def _say(text: str) -> None:
    sys.stdout.write(f"{names.PROGRESS} {text}\n")
    sys.stdout.flush()


def main(database: str) -> None:
    die_with_parent()
    started = perf_counter()
    _say("activating Tryton's modules (about half a minute, once)")
    activate(database)
    _say(f"modules active after {perf_counter() - started:.0f} s, writing the company")
    write_company(database)
    _say(f"company written after {perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1])
