"""A JSON document as nested lists that fold without script. Built as text: a tree of templates would be slow."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from governance.redaction.names import HIDDEN

MAX_NODES: Final = 4000
OPEN_DEPTH: Final = 2
MAX_TEXT: Final = 2000


class _Tree:
    def __init__(self, opened: int) -> None:
        self.opened = opened
        self.parts: list[str] = []
        self.nodes = 0

    def value(self, value: Any, depth: int, label: str) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            return
        if isinstance(value, dict | list) and value:
            self._container(value, depth, label)
        else:
            self.parts.append(f"<li>{label}{_leaf(value)}</li>")

    def _container(self, value: dict[str, Any] | list[Any], depth: int, label: str) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        noun = "{…}" if isinstance(value, dict) else "[…]"
        opened = " open" if depth < self.opened else ""
        count = f'<span class="json-count">{noun[0]}{len(value)}{noun[-1]}</span>'
        self.parts.append(f"<li><details{opened}><summary>{label}{count}</summary><ul>")
        for key, inner in pairs:
            self.value(inner, depth + 1, f'<span class="json-key">{escape(str(key))}</span> ')
        self.parts.append("</ul></details></li>")


def json_tree(document: Any, *, folded: bool = True) -> SafeString:
    """Escaped everywhere; `folded` leaves only the upper levels open.

    Ends with a remark when the document has more than MAX_NODES values.
    """
    tree = _Tree(OPEN_DEPTH if folded else MAX_NODES)
    tree.value(document, 0, "")
    if tree.nodes > MAX_NODES:
        tree.parts.append(f'<li class="faint">… and {tree.nodes - MAX_NODES:,} more values: see the raw body</li>')
    return mark_safe(f'<ul class="json">{"".join(tree.parts)}</ul>')  # noqa: S308 - every part is escaped above


def _leaf(value: Any) -> str:
    if value == HIDDEN:
        return '<span class="json-masked">masked</span>'
    if isinstance(value, str):
        text = value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}… ({len(value):,} characters)"
        return f'<span class="json-text">{escape(json.dumps(text, ensure_ascii=False))}</span>'
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f'<span class="json-number">{escape(str(value))}</span>'
    return f'<span class="json-word">{escape(json.dumps(value))}</span>'
