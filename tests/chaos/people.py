"""The people of a run: two operators press retry at the same moment, flows are paused and resumed.

    python -m tests.chaos.people world.json people.jsonl --seed 7
    python -m tests.chaos.people world.json people.jsonl --seed 7 --finish

Without --finish they act until SIGTERM, and leave every flow running; with it they retry what is open, once. What is at
an ERP that nobody can ask (class 4) is left alone: there a person would have to look first.
"""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import django
import msgspec

from tests.chaos.world import World

DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"
OPERATORS = ("Ada", "Theo")
NOT_ASKED = "chaos-none"
PAUSE_SECONDS = 1.0
STANDSTILL_SECONDS = 1.5
REASON = "chaos"


class Act(msgspec.Struct):
    """What one person tried. UNKNOWN: the database went away in between, nobody knows whether it was done."""

    at: float
    partner: str
    action: str
    object: str
    by: str
    outcome: str


class People:
    def __init__(self, world: World, log: Path, *, seed: int) -> None:
        self.stop = threading.Event()
        self._schemas = world.schemas
        self._rng = Random(f"{seed} people")
        self._file = open(log, "ab", buffering=0)  # noqa: SIM115 - lives as long as the process
        self._pool = ThreadPoolExecutor(len(OPERATORS))

    def live(self) -> None:
        while not self.stop.wait(PAUSE_SECONDS):
            partner = self._rng.choice(sorted(self._schemas))
            if self._rng.random() < 0.25:
                self._stand_still(partner)
            else:
                self._retry_together(partner)

    def finish(self) -> None:
        """Every open exception that may be retried, once, by one of them."""
        for partner in self._schemas:
            for item in self._ask(partner, _retryable) or []:
                self._act(partner, "exception.retried", item, OPERATORS[0])

    def _retry_together(self, partner: str) -> None:
        """Two people see the same exception and press the same button."""
        items = self._ask(partner, _retryable)
        if items:
            item = self._rng.choice(items)
            list(self._pool.map(lambda by: self._act(partner, "exception.retried", item, by), OPERATORS))

    def _stand_still(self, partner: str) -> None:
        """Pause a flow, and resume it for as long as it takes: nothing may wait for us at the end."""
        flow = self._rng.choice(self._ask(partner, _flows) or [""])
        if not flow or self._act(partner, "flow.paused", flow, OPERATORS[0]) == REFUSED:
            return
        self.stop.wait(STANDSTILL_SECONDS)
        while self._act(partner, "flow.resumed", flow, OPERATORS[1]) == UNKNOWN:
            time.sleep(0.5)

    def _act(self, partner: str, action: str, object_: str, by: str) -> str:
        outcome = self._ask(partner, ACTS[action], object_, command(by)) or UNKNOWN
        line = Act(time.time(), partner, action, object_, by, outcome)
        self._file.write(msgspec.json.encode(line) + b"\n")
        return outcome

    def _ask(self, partner: str, fn: Callable[..., Any], *args: Any) -> Any:
        """In the partner's scope. None when the database is away."""
        try:
            with partner_scope(self._schemas[partner], ALL):
                return fn(*args)
        except (DatabaseError, InterfaceError, PoolTimeout):
            return None
        finally:
            connection.close()


def _retryable() -> list[str]:
    found = ExceptionItem.objects.filter(state="open", delivery_id__isnull=False)
    return [str(pk) for pk in found.exclude(connection_key__startswith=NOT_ASKED).values_list("pk", flat=True)[:200]]


def _flows() -> list[str]:
    return [str(pk) for pk in Flow.objects.values_list("pk", flat=True)]


def _retry(item: str, by: Any) -> str:
    try:
        retry_exception(item, by=by, reason=REASON)
    except (CannotRetry, StaleState):
        return REFUSED
    return DONE


def _pause_flow(pk: str, by: Any) -> str:
    """As a page does: with the flow as it was shown."""
    try:
        pause([on_flow(Flow.objects.select_related("retailer").get(pk=pk))], by=by, reason=REASON, seen=())
    except FlowStale:
        return REFUSED
    return DONE


def _resume_flow(pk: str, by: Any) -> str:
    open_ = list(Pause.objects.open().filter(flow_id=pk).values_list("pk", flat=True))
    try:
        if open_:
            resume(open_, by=by, reason=REASON)
    except FlowStale:
        return REFUSED
    return DONE if open_ else REFUSED


ACTS: dict[str, Callable[[str, Any], str]] = {
    "exception.retried": _retry,
    "flow.paused": _pause_flow,
    "flow.resumed": _resume_flow,
}


def read(path: Path) -> list[Act]:
    decoder = msgspec.json.Decoder(Act)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description="The people of a chaos run.")
    parser.add_argument("world", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--finish", action="store_true")
    told = parser.parse_args()
    people = People(msgspec.json.decode(told.world.read_bytes(), type=World), told.log, seed=told.seed)
    signal.signal(signal.SIGTERM, lambda number, frame: people.stop.set())
    people.finish() if told.finish else people.live()


if __name__ == "__main__":
    django.setup()

    from django.db import DatabaseError, InterfaceError, connection
    from psycopg_pool import PoolTimeout

    from connectors.engine.pauses.services import pause, resume
    from connectors.engine.pauses.targets import on_flow
    from connectors.engine.replay import CannotRetry, StaleState, retry_exception
    from governance.access.principal import command
    from governance.registry.models import Flow, Pause
    from governance.registry.services import StaleState as FlowStale
    from monitoring.exceptions.models import ExceptionItem
    from tenants.context import ALL, partner_scope

    main()
