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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays together in one worker, as do the files of one `xdist_group`: they share what is dear to start."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_unconfigure() -> None:
    stop_run_cluster()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_figures(terminalreporter)
