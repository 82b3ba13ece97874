"""What the files' door has to say to a person. Each finding is a message like any other, and so an exception."""

from __future__ import annotations

from typing import Final

MISSING: Final = "file/missing"
REFUSED: Final = "file/refused"
HOST_KEY: Final = "drop/host-key"
LOGIN: Final = "drop/login"
UNREACHABLE: Final = "drop/unreachable"

_CLASSES: Final = {
    MISSING: "missing_file",
    REFUSED: "wrong_file",
    HOST_KEY: "security",
    LOGIN: "source_unreachable",
    UNREACHABLE: "source_unreachable",
}


def class_and_detail(topic: str) -> tuple[str, str]:
    """(error class, evidence in words) of a message that is no document."""
    found = _CLASSES.get(topic)
    if found is None:
        return "unreadable", "The body is kept exactly as it came."
    if topic == REFUSED:
        return found, "Nothing of the file was taken. It is kept as it came, its first two megabytes at least."
    return found, "Signalbox found this by itself; the body says what it knows."
