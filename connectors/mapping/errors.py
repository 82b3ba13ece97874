"""What can go wrong: a map that may not run (refused when compiled), and a document a map cannot read."""

from __future__ import annotations


class MappingError(Exception):
    """This document does not give this field. Names the target field, the source path and the reason.

    `error_class` is the class on the desk: "mapping", or "unmapped_value" when a look-up table lacks the value.
    """

    def __init__(
        self,
        field: str,
        path: str,
        reason: str,
        *,
        error_class: str = "mapping",
        lacking: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(field, path, reason)
        self.field = field
        self.path = path
        self.reason = reason
        self.error_class = error_class
        self.lacking = lacking  # (value table, value) that a person may add

    def __str__(self) -> str:
        source = f" (from {self.path})" if self.path else ""
        return f"{self.field or 'the document'}{source}: {self.reason}"

    def inside(self, field: str, place: str = "") -> MappingError:
        """The same error seen from one level up. Paths from the document's root stay as they are."""
        name = join(field, self.field)
        path = self.path if not place or self.path.startswith("$") else join(place, self.path)
        return MappingError(name, path, self.reason, error_class=self.error_class, lacking=self.lacking)


class MappingRefused(ValueError):
    """This definition is no mapping: where (JSON pointer, and line when the text is at hand) and why."""

    def __init__(self, pointer: str, reason: str, line: int | None = None) -> None:
        self.pointer = pointer
        self.reason = reason
        self.line = line
        where = f"line {line}, " if line else ""
        super().__init__(f"{where}{pointer or '/'}: {reason}")


def join(outer: str, inner: str) -> str:
    if not outer or not inner or inner.startswith("["):
        return outer + inner
    return f"{outer}.{inner}"
