"""Loaded before Django's settings: starts the run's PostgreSQL and points the settings at this worker's database."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.cluster import run_cluster, stop_run_cluster
from tests.support.figures import print_figures

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"test_{WORKER}"

# Folders whose files share what is dear to start: the demo, a Tryton.
TOGETHER = ("tests/e2e/", "tests/connectors/tryton/")
# What kills and loads by the clock goes after the demo's tests, not beside them.
ONE_BY_ONE = "tests/chaos/test_short_seed.py"

_cluster = run_cluster()
os.environ["DATABASE_URL"] = _cluster.owner_url(DATABASE)
os.environ["APP_DATABASE_URL"] = _cluster.app_url(DATABASE)
os.environ["SIGNALBOX_KEYS_DIR"] = f"{_cluster.folder}/keys-{WORKER}"  # goes with the cluster
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings.test")


class TogetherScheduling(LoadScopeScheduling):
    """A file stays together in one worker, as do the files of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].replace(ONE_BY_ONE, TOGETHER[0])
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TogetherScheduling:
    """Not `--dist loadgroup`: with pytest 9.2 xdist 3.8 does not see its groups."""
    return TogetherScheduling(config, log)


def pytest_unconfigure() -> None:
    stop_run_cluster()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_figures(terminalreporter)
