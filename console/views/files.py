"""The files of a connection: what was expected of a day, what came, late or wrong, and the messages of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connectors.engine.files.models import DropFile, ExpectedFile
from connectors.engine.files.selectors import Day, ExpectedFacts, FileFacts, drop_facts, reads_files
from console.access import requires
from governance.registry.selectors import connection_by_key

Expected, Came = ExpectedFile.State, DropFile.State
# state -> (key of console.render.status, the word beside it)
LOOKS: Final = {
    Expected.ARRIVED: ("ok", "In time"),
    Expected.LATE: ("degraded", "Late"),
    Expected.EXPECTED: ("waiting", "Expected"),
    Expected.MISSING: ("exception", "Missing"),
    Expected.WRONG: ("exception", "Wrong"),
}
FILE_LOOKS: Final = {
    Came.TAKEN: ("ok", "Taken"),
    Came.TAKING: ("running", "Being taken"),
    Came.REFUSED: ("exception", "Refused"),
}


@dataclass(frozen=True, slots=True)
class FileRow:
    facts: FileFacts

    @property
    def look(self) -> str:
        return FILE_LOOKS[Came(self.facts.file.state)][0]

    @property
    def words(self) -> str:
        return FILE_LOOKS[Came(self.facts.file.state)][1]


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    facts: ExpectedFacts

    @property
    def look(self) -> str:
        return LOOKS[Expected(self.facts.expected.state)][0]

    @property
    def words(self) -> str:
        return LOOKS[Expected(self.facts.expected.state)][1]


@require_safe
@requires("connections.view")
def connection_files(request: HttpRequest, key: str) -> HttpResponse:
    connection = connection_by_key(key)
    if not reads_files(connection):
        raise Http404
    found = drop_facts(connection, day=_asked(request), at=datetime.now(UTC))
    context = {
        "connection": connection,
        "found": found,
        "counts": _counts(found.day),
        "expected": [ExpectedRow(one) for one in found.expected],
        "files": [FileRow(one) for one in found.newest],
    }
    return render(request, "connections/files.html", context)


def _asked(request: HttpRequest) -> date | None:
    """What is no day is as good as none."""
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _counts(day: Day | None) -> list[tuple[str, str, int]]:
    """(look, word, files) of the day, what needs a person first."""
    if day is None:
        return []
    order = (Expected.WRONG, Expected.MISSING, Expected.LATE, Expected.EXPECTED, Expected.ARRIVED)
    return [(*LOOKS[state], day.counts[state]) for state in order if state in day.counts]
