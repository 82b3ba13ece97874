"""Notices hold no money: all that must hold is that one can be told from another."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.canonical.base import Breach
from connectors.canonical.notices import (
    Acknowledgement,
    ApiFinding,
    AuditEvent,
    ChangeSignal,
    ConnectionNotice,
    EventEnvelope,
    PrivacyRequest,
    ReportAvailable,
)
from connectors.canonical.rules.common import Rules, identified


def _accepted(answer: Acknowledgement) -> Iterator[Breach]:
    """The word over all is not believed against the documents."""
    refused = [one.control_number for one in answer.documents if not one.accepted]
    if answer.accepted and refused:
        yield Breach("accepted", f"It accepts all, yet refuses {', '.join(refused)}.")


def _fetchable(signal: ChangeSignal) -> Iterator[Breach]:
    if not signal.subject_id and not signal.resource:
        yield Breach("fetchable", f"It names no {signal.subject_type} and nothing to poll.")


RULES: Rules = {
    ChangeSignal: (identified, _fetchable),
    Acknowledgement: (identified, _accepted),
} | dict.fromkeys(
    (ReportAvailable, ConnectionNotice, PrivacyRequest, AuditEvent, ApiFinding, EventEnvelope), (identified,)
)
