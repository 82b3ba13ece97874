"""How long a worker of a chaos run waits for a target that says nothing: seconds where a real one waits half a minute.

Only patience is scaled, no mechanism is touched. What is due later is moved by `clock`, not here.
"""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

# Longer than what the fake ERP or the proxy merely holds back (SLOWEST and LATEST seconds).
SECONDS = {
    ("governance.egress.client", "CONNECT_SECONDS"): 1.0,
    ("governance.egress.client", "READ_SECONDS"): 2.0,
    ("connectors.engine.drain.call", "CALL_SECONDS"): 4.0,
    ("connectors.engine.drain.perform", "CALL_SECONDS"): 4.0,
}


class Pace(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        for (module, name), seconds in SECONDS.items():
            shortened = import_module(module)
            if not isinstance(getattr(shortened, name), float):
                raise TypeError(f"{module}.{name} is no number of seconds any more")
            setattr(shortened, name, seconds)
