"""Loaded before Django's settings: starts the run's PostgreSQL and points the settings at this worker's database."""

from __future__ import annotations

import os

import pytest

from tests.support.cluster import run_cluster, stop_run_cluster
from tests.support.figures import print_figures

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"test_{WORKER}"

_cluster = run_cluster()
os.environ["DATABASE_URL"] = _cluster.owner_url(DATABASE)
os.environ["APP_DATABASE_URL"] = _cluster.app_url(DATABASE)
os.environ["SIGNALBOX_KEYS_DIR"] = f"{_cluster.folder}/keys-{WORKER}"  # goes with the cluster
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.test")


def pytest_unconfigure() -> None:
    stop_run_cluster()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_figures(terminalreporter)
