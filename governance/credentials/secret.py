"""A secret in memory that does not show itself."""

from __future__ import annotations

import hmac
from typing import Any, Final, NoReturn

MASK: Final = "•••"


class Secret:
    """Prints, formats and logs as •••. Not a str, so that joining, serialising or adding it fails loudly.

    `reveal()` is for the one line that sends or compares it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
