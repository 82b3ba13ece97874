"""A stored body as a person may see it: personal fields masked unless they were revealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from connectors.sdk.safe_json import UnreadablePayload, parse
from console.render.jsontree import json_tree
from governance.redaction.names import HIDDEN
from governance.redaction.personal import masked_text

SHOWN_BYTES: Final = 256 * 1024
SMALL_BYTES: Final = 1500
_MARK: Final = f'"{HIDDEN}"'


@dataclass(frozen=True, slots=True)
class Body:
    """`kind`: json (with `tree` and the `text` as its sender wrote it), text, withheld (cannot be masked), gone, empty.

    `masked` counts personal fields that are hidden; `revealed` says that none are.
    """

    kind: str
    size: int
    tree: SafeString = SafeString("")
    text: str = ""
    masked: int = 0
    revealed: bool = False
    cut: bool = False
    problem: str = ""


def shown_body(body: bytes | None, personal: Sequence[str], *, revealed: bool = False) -> Body:
    """What cannot be parsed cannot be masked: it is withheld until someone reveals it with a reason."""
    if body is None:
        return Body("gone", 0)
    if not body:
        return Body("empty", 0)
    text = body.decode("utf-8", "replace") if revealed else masked_text(body, personal)
    try:
        document = parse(body if revealed or text is None else text.encode())
    except UnreadablePayload as error:
        return _unreadable(body, error.reason, revealed)
    if text is None:
        return _unreadable(body, "The body cannot be masked.", revealed)
    return Body(
        "json",
        len(body),
        tree=json_tree(document, folded=len(body) > SMALL_BYTES),
        text=text[:SHOWN_BYTES],
        masked=text.count(_MARK) - body.count(_MARK.encode()),
        revealed=revealed,
        cut=len(text) > SHOWN_BYTES,
    )


def _unreadable(body: bytes, problem: str, revealed: bool) -> Body:
    if not revealed:
        return Body("withheld", len(body), problem=problem)
    text = body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return Body("text", len(body), text=text, revealed=True, cut=len(body) > SHOWN_BYTES, problem=problem)
