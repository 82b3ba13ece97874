"""The files' door, by beat. Beside console.tasks because it runs asynchronously and may take minutes."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from celery import shared_task
from django.db import DatabaseError, close_old_connections
from psycopg_pool import PoolTimeout

from connectors.engine.files.sweep import sweep_partner
from connectors.engine.files.watching import has_drops
from connectors.engine.intake.arrival import IntakeDown
from tenants.context import partner_scope
from tenants.selectors import active_partners

log = logging.getLogger(__name__)


@shared_task(name="console.take_files")
def take_files() -> None:
    """A round for each partner with drops, each a task of its own: a slow server delays its own partner only."""
    try:
        for partner in active_partners():
            with partner_scope(partner.schema_name):
                if has_drops():
                    take_files_of.apply_async([partner.schema_name], expires=10.0)
    finally:
        close_old_connections()


@shared_task(name="console.take_files_of", soft_time_limit=300, time_limit=330)
def take_files_of(schema: str) -> None:
    """What the database refuses now is done by the next round."""
    try:
        asyncio.run(sweep_partner(schema))
    except (DatabaseError, psycopg.Error, PoolTimeout, IntakeDown):
        log.exception("%s has drops that could not be looked at", schema)
    finally:
        close_old_connections()
