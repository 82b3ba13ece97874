"""Look at everything the system relies on and say what is wrong and what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand
from kombu import Connection
from kombu.exceptions import OperationalError

from console.checks import (
    Finding,
    Level,
    attempt,
    database_facts,
    judge_clock,
    judge_disk,
    judge_durability,
    judge_role,
    judge_settings,
    judge_version,
    now,
)
from console.embedded.paths import data_folder
from tenants.asyncdb import conninfo

BROKER_SECONDS = 3


class Command(BaseCommand):
    help = "Check settings, roles, the database's safety, broker, clock and disk. Exit code 1 when something fails."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        findings = [*judge_settings(settings), *_database(), _broker(), _disk()]
        for finding in findings:
            self.stdout.write(f"{finding.level:<5} {finding.subject:<11} {finding.text}")
        if any(finding.level == Level.FAIL for finding in findings):
            sys.exit(1)


def _database() -> list[Finding]:
    remedy = "start `manage.py up`, or set DATABASE_URL and APP_DATABASE_URL"
    reached = attempt("database", _database_answers, errors=(psycopg.OperationalError,), remedy=remedy)
    if reached.level == Level.FAIL:
        return [reached]
    with psycopg.connect(conninfo()) as connection:
        facts = database_facts(connection)
    clock = judge_clock(facts.now, now())
    return [reached, judge_version(facts), *judge_role(facts), *judge_durability(facts), clock]


def _database_answers() -> str:
    # Not through Django's pool, which would try for ten seconds and then not say why.
    with psycopg.connect(conninfo()) as connection:
        return f"{connection.info.dbname} answers on {connection.info.host}:{connection.info.port}"


def _broker() -> Finding:
    remedy = "start `manage.py up`, or set BROKER_URL"
    return attempt("broker", _broker_answers, errors=(OperationalError, OSError), remedy=remedy)


def _broker_answers() -> str:
    with Connection(settings.BROKER_URL, connect_timeout=BROKER_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        return f"{broker.transport.driver_name} answers"


def _disk() -> Finding:
    where = data_folder().root
    nearest: Path = where if where.exists() else where.parent
    return judge_disk(shutil.disk_usage(nearest).free, str(where))
