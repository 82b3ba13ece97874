"""Figures of a run, printed at its end: `record_property("figures", {...})` in a test, also in an xdist worker."""

from __future__ import annotations

import pytest


def print_figures(terminal: pytest.TerminalReporter) -> None:
    for report in [*terminal.stats.get("passed", []), *terminal.stats.get("failed", [])]:
        for name, figures in report.user_properties:
            if name == "figures":
                terminal.write_sep("-", report.nodeid)
                for what, value in figures.items():
                    terminal.write_line(f"{what}: {value}")
