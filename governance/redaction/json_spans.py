"""Where in the bytes of a JSON text each value stands, and under which path. Decodes nothing, changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(rb'[\s]*+(?:("(?:[^"\\]|\\.)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL)
_STRING, _MARK = 1, 2  # groups of a token
_DEEPEST = 512
ITEM: Final = "*"


class NoJson(ValueError):
    """The bytes have no JSON structure to find one's way by."""


class Span(NamedTuple):
    """One scalar: body[start:end], quotes of a string included."""

    path: tuple[str, ...]  # ITEM for a list's items
    start: int
    end: int
    is_string: bool


def spans(body: bytes) -> Iterator[Span]:
    """Every scalar in order; a key that comes twice gives two spans. Raises NoJson where the structure ends."""
    if body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        raise NoJson("neither an object nor a list")
    outer: list[tuple[str, ...]] = []  # the path of each open object or list
    openers: list[bytes] = []
    path: tuple[str, ...] = ()  # of the value that comes next
    expect_key = False
    for match in _tokens(body):
        kind, start, end = match.lastindex, *match.span(match.lastindex or 0)
        if kind != _MARK:
            if expect_key:
                path, expect_key = (*outer[-1], _name(body[start:end])), False
            else:
                yield Span(path, start, end, kind == _STRING)
            continue
        mark = body[start:end]
        if mark in b"{[":
            if len(openers) >= _DEEPEST:
                raise NoJson("nested too deep")
            openers.append(mark)
            outer.append(path)
            path = path if mark == b"{" else (*path, ITEM)
        elif mark in b"}]":
            if not openers or openers.pop() + mark not in (b"{}", b"[]"):
                raise NoJson("brackets do not match")
            path = outer.pop()
        expect_key = mark in b"{," and bool(openers) and openers[-1] == b"{"
        if mark == b"," and openers and openers[-1] == b"[":
            path = (*outer[-1], ITEM)
    if openers:
        raise NoJson("brackets stay open")


def _tokens(body: bytes) -> Iterator[re.Match[bytes]]:
    position = 0
    for match in _TOKEN.finditer(body):
        if match.start() != position:
            raise NoJson(f"no token at byte {position}")
        position = match.end()
        yield match
    if body[position:].strip():
        raise NoJson(f"no token at byte {position}")


def _name(raw: bytes) -> str:
    if b"\\" in raw:
        try:
            return str(json.loads(raw))
        except ValueError as exc:
            raise NoJson("a key cannot be read") from exc
    return raw.strip(b'"').decode("utf-8", "replace")


def under(path: Sequence[str], patterns: Sequence[Sequence[str]]) -> bool:
    """True when `path` is, or lies below, one of the patterns. ITEM in a pattern stands for any one step."""
    return any(
        len(path) >= len(pattern) and all(p in (ITEM, step) for p, step in zip(pattern, path, strict=False))
        for pattern in patterns
    )


def dotted(paths: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in paths)
