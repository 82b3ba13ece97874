"""What a stand-in ERP's answer to a change means. Success is a document id and our own reference, nothing less."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.sdk.connector import Call, Delivered, Response
from connectors.sdk.errors import PayloadChanged, RequestRefused, Throttled, TooEarly, Unavailable, Uncertain
from connectors.sdk.http import retry_after

FAILED = 500
BUSY = 429
REFUSED = 422
EARLY = 424


def judge(call: Call, answer: Response) -> Delivered:
    """Raises what it is instead. An answer nobody can read says nothing of what was done: Uncertain."""
    insist_on_an_answer(answer)
    told = document_in(answer)
    if told is None:
        raise Uncertain("The ERP's answer cannot be read.", detail=f"status {answer.status}")
    if "error" in told:
        raise RequestRefused(f"The ERP says: {told['error']}.")
    if told.get("reference") != call.reference or not isinstance(told.get("document"), str) or not told["document"]:
        raise PayloadChanged("The ERP answered for another order.")
    return Delivered(told["document"], "order", effect=str(told.get("effect", "created")))


def insist_on_an_answer(answer: Response) -> None:
    """Pass for 2xx only."""
    if answer.status == BUSY:
        wait = retry_after(answer.headers, at=datetime.now(UTC))
        raise Throttled("The ERP asks us to slow down.", retry_after=wait)
    if answer.status == REFUSED:
        raise RequestRefused(f"The ERP says: {json.loads(answer.body)['error']}.", error_class="unmapped_value")
    if answer.status == EARLY:
        raise TooEarly("The ERP knows no such order.")
    if answer.status == FAILED:
        raise Uncertain("The ERP failed.")
    if answer.status > FAILED:
        raise Unavailable("The ERP is away.")
    if answer.status >= 300:
        raise RequestRefused(f"The ERP answered {answer.status}.")


def document_in(answer: Response) -> dict[str, Any] | None:
    """The JSON object it holds, if it holds one."""
    try:
        told = answer.json()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return told if isinstance(told, dict) else None
