"""Why an act on people or partners was refused. Messages are for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence


class AccessRefused(Exception):
    """The act cannot be done as asked; nothing was changed."""

    @property
    def operator_message(self) -> str:
        return str(self)


class LinkRefused(AccessRefused):
    """The one-time link is unknown here, used or expired. Which of these is not said."""


class PasswordRefused(AccessRefused):
    """The password is too weak. `reasons` are sentences."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)
