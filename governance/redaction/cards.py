"""Card data out of a raw body, before anything is written. Pure.

Every byte but the masked ones stays as it came, so that a body stays what its sender signed in all but the digits.
A body without a suspicion costs one pass of re2.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from governance.redaction.idlike import is_embedded, is_id_name, near_name
from governance.redaction.json_spans import NoJson, Span, dotted, spans, under
from governance.redaction.pan import LENGTHS, is_pan, suspicion

# Sensitive authentication data: never stored, under whatever path it comes.
ALWAYS_DROPPED: Final = (
    "cvv", "cvv2", "cvc", "cvc2", "cvn", "verification_value", "card_verification_value", "pan", "pin_block",
    "track1", "track2", "track_data", "track1_data", "track2_data",
)  # fmt: skip
_ALWAYS: Final = frozenset(ALWAYS_DROPPED)
# Space, dash, and the no-break space as bytes or escaped.
_SEPARATOR: Final = rb"(?:[ -]|\xc2\xa0|\\u00[aA]0)?"
_MORE: Final = rb"(?:%s[0-9])" % _SEPARATOR
_DIGIT: Final = re.compile(rb"%s([0-9])" % _SEPARATOR)
_RUN: Final = re.compile(rb"[0-9]%s{12,18}" % _MORE)
# A longer run of digits and separators is a table of numbers: only its unbroken groups can be cards.
_TABLE_BYTES: Final = 200
_FULL_RUN: Final = re.compile(rb"(?:%s[0-9])*+" % _SEPARATOR)
_GROUP: Final = re.compile(rb"(?<![0-9])[0-9]{13,19}(?![0-9])")
_TRACK_1: Final = re.compile(rb'\^[^"^\\]{2,60}\^[0-9 ]{4,}')
_TRACK_2: Final = re.compile(rb"[=D][0-9]{4,}")
_MASKED_BY_SENDER: Final = rb"(?:\xe2\x80\xa2|\\u2022|[*xX])"
_COLON: Final = re.compile(rb"\s*:\s*")
_HARMLESS: Final = re.compile(rb'null|""|"(?=%s{4})(?:%s|[ -])*[0-9]{0,4}"' % (_MASKED_BY_SENDER, _MASKED_BY_SENDER))
_BYTES: Final = re2.Options()
_BYTES.encoding = re2.Options.Encoding.LATIN1  # byte by byte: a body may be no UTF-8
_BYTES.max_mem = 32 * 1024 * 1024
_BYTES.log_errors = False
KEPT_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class _Rules:
    """One connector's declarations, compiled once."""

    suspicion: Any  # a number that may be a card's, or the name of a declared field
    declared: tuple[tuple[str, ...], ...]
    ids: tuple[tuple[str, ...], ...]
    leaves: frozenset[str]  # last names of the declared paths, in lower case


def mask_cards(body: bytes, *, card_fields: Sequence[str] = (), id_fields: Sequence[str] = ()) -> tuple[bytes, int]:
    """(the body with card data masked, how many values were). The same object when there was nothing.

    `card_fields` and `id_fields` are dotted paths, `*` for list items. A declared value is overwritten whole; a card
    number found elsewhere keeps its last four digits. A bare JSON number becomes a string of the same length.
    """
    rules = _rules(tuple(card_fields), tuple(id_fields))
    if rules.suspicion.search(body) is None:
        return body, 0
    return _Search(body, rules).masked()


@lru_cache(maxsize=64)
def _rules(card_fields: tuple[str, ...], id_fields: tuple[str, ...]) -> _Rules:
    declared = dotted(card_fields)
    leaves = frozenset([step for step in path if step != "*"][-1].lower() for path in declared) | _ALWAYS
    # A name written with \u escapes may be any name.
    names = b"|".join(re2.escape(leaf.encode()) for leaf in sorted(leaves))
    field = rb'"(?:(?i:%s)|[^"\\]*\\u[^"]*)"[ \t\r\n]*:' % names
    pattern = rb"(?:^|[^0-9])(%s)|(%s)" % (suspicion(_SEPARATOR), field)
    return _Rules(re2.compile(pattern, _BYTES), declared, dotted(id_fields), leaves)


class _Search:
    """One body under suspicion. The positions of its JSON values are found only when a suspicion holds."""

    def __init__(self, body: bytes, rules: _Rules) -> None:
        self.body = body
        self.rules = rules
        self.out = bytearray(body)
        self.hits = 0
        self._spans: list[Span] | None = None
        self._starts: list[int] = []
        self._declared: dict[tuple[str, ...], bool] = {}

    def masked(self) -> tuple[bytes, int]:
        position, declared = 0, False
        while (match := self.rules.suspicion.search(self.body, position)) is not None:
            number = match.start(1)
            if number >= 0:
                position = self._number(number)
            else:
                value = _COLON.match(self.body, match.end() - 1)
                declared = declared or value is None or not self._harmless(value.end())
                position = match.end() - 1
        if declared:
            self._drop_declared()
        return (bytes(self.out), self.hits) if self.hits else (self.body, 0)

    def _number(self, start: int) -> int:
        """Mask the card number that begins at `start`, if one does. Returns where to look on."""
        run = _RUN.match(self.body, start)
        if run is None or self.body[start - 1 : start].isdigit():
            return start + 1
        end = self._mask_first(start, run.end())
        if end:
            return end
        full = _FULL_RUN.match(self.body, start)
        if full is not None and full.end() - start > _TABLE_BYTES:
            return self._table(start, full.end())
        return start + 1

    def _mask_first(self, start: int, end: int) -> int:
        """Try the lengths a card may have, longest first. Returns the end of the one masked, or 0."""
        places = [digit.start(1) for digit in _DIGIT.finditer(self.body, start, end)]
        for length in range(len(places), LENGTHS.start - 1, -1):
            last = places[length - 1]
            if self.body[last + 1 : last + 2].isdigit():
                continue
            digits = bytes(self.body[at] for at in places[:length]).decode()
            if is_pan(digits) and not self._is_id(start, last + 1):
                self._mask_number(places[:length])
                return last + 1
        return 0

    def _table(self, start: int, end: int) -> int:
        for group in _GROUP.finditer(self.body, start, end):
            self._mask_first(group.start(), group.end())
        return end

    def _is_id(self, start: int, end: int) -> bool:
        body = self.body
        if is_embedded(body, start, end) or is_id_name(near_name(body, start)):
            return True
        span = self._span_at(start)
        if span is None:
            return False
        names = [step for step in span.path if step != "*"]
        return under(span.path, self.rules.ids) or bool(names and is_id_name(names[-1]))

    def _mask_number(self, places: list[int]) -> None:
        self.hits += 1
        span = self._span_at(places[0])
        if span is not None and not span.is_string:
            self._as_string(span, b"".join(self.body[at : at + 1] for at in places[-KEPT_DIGITS:]))
            return
        for at in places[:-KEPT_DIGITS]:
            self.out[at] = 0x2A
        self._mask_track(places[-1] + 1)

    def _mask_track(self, start: int) -> None:
        """What follows the number on a magnetic stripe is never stored."""
        track = _TRACK_1.match(self.body, start) or _TRACK_2.match(self.body, start)
        if track is not None:
            self._stars(track.start(), track.end(), digits_only=True)

    def _harmless(self, start: int) -> bool:
        """A declared field that holds nothing, or what its sender masked to four digits already."""
        return _HARMLESS.match(self.body, start) is not None

    def _drop_declared(self) -> None:
        found = self._all_spans()
        if not found:
            self._drop_by_name()
            return
        for span in found:
            if self._is_declared(span.path) and not self._harmless(span.start):
                self.hits += 1
                self._drop(span)

    def _is_declared(self, path: tuple[str, ...]) -> bool:
        known = self._declared.get(path)
        if known is None:
            named = not self.rules.leaves.isdisjoint(step.lower() for step in path)
            known = named and (any(step.lower() in _ALWAYS for step in path) or under(path, self.rules.declared))
            self._declared[path] = known
        return known

    def _drop(self, span: Span) -> None:
        if span.is_string:
            self._stars(span.start + 1, span.end - 1)
        else:
            self._as_string(span, b"")

    def _drop_by_name(self) -> None:
        """No JSON to go by: whatever stands under a declared name, in any place."""
        for leaf in self.rules.leaves:
            pattern = re.compile(
                rb'(?i)\b%s\\*"?\s*[:=]\s*(?:\\*"([^"\\]*)|([^\s"&,;{}\[\]]+))' % re.escape(leaf.encode())
            )
            for match in pattern.finditer(self.body):
                group = 1 if match.start(1) >= 0 else 2
                if match[group]:
                    self.hits += 1
                    self._stars(match.start(group), match.end(group))

    def _as_string(self, span: Span, tail: bytes) -> None:
        """A bare value of n bytes as a string of n bytes, so that the text stays JSON."""
        room = span.end - span.start - 2
        text = b'"' + b"*" * (room - len(tail)) + tail + b'"' if room >= len(tail) else b"0".ljust(room + 2)
        self.out[span.start : span.end] = text

    def _stars(self, start: int, end: int, *, digits_only: bool = False) -> None:
        for at in range(start, end):
            if not digits_only or 48 <= self.body[at] <= 57:
                self.out[at] = 0x2A

    def _span_at(self, position: int) -> Span | None:
        found = self._all_spans()
        index = bisect_right(self._starts, position) - 1
        return found[index] if index >= 0 and position < found[index].end else None

    def _all_spans(self) -> list[Span]:
        """Empty where the body is no JSON."""
        if self._spans is None:
            try:
                self._spans = list(spans(self.body))
            except NoJson:
                self._spans = []
            self._starts = [span.start for span in self._spans]
        return self._spans
