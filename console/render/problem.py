"""What stands below an exception's title: words that add something, or what two systems disagree about. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """One field in the target and in the source, as a connector names them in a conflict's detail."""

    field: str
    erp: str
    shop: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Either may be empty, and both are where the title says it all."""

    text: str = ""
    differences: tuple[Difference, ...] = ()


def problem(title: str, detail: str) -> Problem:
    """A detail that the title already holds is not said twice."""
    if detail.startswith("["):
        try:
            return Problem(differences=msgspec.json.decode(detail, type=tuple[Difference, ...]))
        except (msgspec.DecodeError, msgspec.ValidationError):
            return Problem(text=detail)
    return Problem() if detail in title else Problem(text=detail)
