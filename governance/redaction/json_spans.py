"""Where in the bytes of a JSON text each value stands, and under which path. Decodes nothing, changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(rb'[\s]*+(?:("(?:[^"\\]|\\.)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL)
ITEM: Final = "*"


class NoJson(ValueError):
    """The bytes have no JSON structure to find one's way by."""


@dataclass(frozen=True, slots=True)
class Span:
    """One scalar: body[start:end], quotes of a string included."""

    path: tuple[str, ...]  # ITEM for a list's items
    start: int
    end: int
    is_string: bool


def spans(body: bytes) -> Iterator[Span]:
    """Every scalar in order; a key that comes twice gives two spans. Raises NoJson where the structure ends."""
    if body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        raise NoJson("neither an object nor a list")
    path: list[str] = []  # the name we are under, for each open object or list
    openers: list[int] = []
    expect_key = False
    for token in _tokens(body):
        string, mark, bare = token.span(1), token.group(2), token.span(3)
        if mark is None:
            start, end = string if string[0] >= 0 else bare
            if expect_key:
                path[-1] = _name(body[start:end])
            else:
                yield Span(tuple(path), start, end, string[0] >= 0)
        elif mark in b"{[":
            openers.append(mark[0])
            path.append("" if mark == b"{" else ITEM)
        elif mark in b"}]":
            if not openers or openers.pop() != (0x7B if mark == b"}" else 0x5B):
                raise NoJson("brackets do not match")
            path.pop()
        expect_key = mark in (b"{", b",") and bool(openers) and openers[-1] == 0x7B
    if openers:
        raise NoJson("brackets stay open")


def _tokens(body: bytes) -> Iterator[re.Match[bytes]]:
    position, end = 0, len(body.rstrip())
    while position < end:
        token = _TOKEN.match(body, position)
        if token is None:
            raise NoJson(f"no token at byte {position}")
        yield token
        position = token.end()


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
