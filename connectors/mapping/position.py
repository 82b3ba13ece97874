"""Which line of a JSON text a JSON pointer names. Only for messages; the text is valid JSON already."""

from __future__ import annotations

import json
import re

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines_by_pointer(text: str) -> dict[str, int]:
    found: dict[str, int] = {"": 1}
    stack: list[list] = []  # [pointer of the container, key or index now, is an object, expecting a key]
    for match in _PART.finditer(text):
        part, line = match.group(), text.count("\n", 0, match.start()) + 1
        if part in "{[":
            if stack:
                found.setdefault(_pointer(stack), line)
            stack.append([_pointer(stack) if stack else "", 0, part == "{", part == "{"])
        elif part in "}]":
            stack.pop()
        elif part == ",":
            stack[-1][3] = stack[-1][2]
            if not stack[-1][2]:
                stack[-1][1] += 1
        elif part != ":" and stack:
            if stack[-1][3]:
                stack[-1][1], stack[-1][3] = json.loads(part), False
            found.setdefault(_pointer(stack), line)
    return found


def line_of(pointer: str, lines: dict[str, int]) -> int | None:
    """The line of the pointer, or of the nearest thing around it."""
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer)


def escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _pointer(stack: list[list]) -> str:
    return f"{stack[-1][0]}/{escaped(stack[-1][1])}"
