"""Periodic work. Tasks carry a partner's schema and ids, never objects, and refuse to run without their partner."""

from __future__ import annotations

import asyncio
import logging
import time

from celery import shared_task
from django.db import DatabaseError, close_old_connections, connection
from kombu.exceptions import OperationalError

from connectors.engine.pauses.services import end_expired
from connectors.engine.polling.poller import poll_partner
from connectors.engine.polling.services import is_due
from monitoring.rollups.folding import fold
from tenants.context import partner_scope, scope_of
from tenants.selectors import active_partners

log = logging.getLogger(__name__)

PARTITION_MONTHS_AHEAD = 4
FOLDING_SECONDS = 5.0
POLL_EXPIRES = 10.0  # by then the next tick has asked again


@shared_task(name="console.tick")
def tick() -> None:
    """Every few seconds, by beat. Two beats are harmless: what it starts may run twice."""
    try:
        for partner in active_partners():
            _look_after(partner.schema_name)
    finally:
        close_old_connections()


def _look_after(schema: str) -> None:
    """What one partner's database refuses is not the others' loss."""
    try:
        with partner_scope(schema):
            end_expired()
    except DatabaseError:
        log.exception("%s has pauses whose time is over", schema)
    try:
        with partner_scope(schema):
            _ensure_partitions()
    except DatabaseError:
        log.exception("%s has no partitions ahead", schema)
    try:
        with partner_scope(schema):
            _fold_minutes()
    except DatabaseError:
        log.exception("%s has minutes that are not folded", schema)
    try:
        with partner_scope(schema):
            _start_polls(schema)
    except DatabaseError:
        log.exception("%s has streams that are not read", schema)


@shared_task(name="console.poll")
def poll(schema: str) -> None:
    """Reads the streams of a partner that are due. Run twice it does nothing twice: each stream is leased."""
    try:
        asyncio.run(poll_partner(scope_of(schema)))
    finally:
        close_old_connections()


def _start_polls(schema: str) -> None:
    if is_due():
        try:
            poll.apply_async([schema], expires=POLL_EXPIRES)
        except OperationalError as error:
            log.warning("the broker did not take a poll; the next tick asks again: %s", error)


def _fold_minutes() -> None:
    """What became final since the last tick; after a long pause a part a tick, so that no partner waits for another."""
    ends = time.monotonic() + FOLDING_SECONDS
    while fold() and time.monotonic() < ends:
        pass


def _ensure_partitions() -> None:
    """A partition for this and the coming months; nothing to do on all but one tick a month."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('ledger_message_' || to_char(now() + make_interval(months => %s), 'YYYYMM'))",
            [PARTITION_MONTHS_AHEAD],
        )
        if cursor.fetchone()[0] is None:
            cursor.execute("SELECT ledger_ensure_partitions(now(), %s)", [PARTITION_MONTHS_AHEAD + 1])
