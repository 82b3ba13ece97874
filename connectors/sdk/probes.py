"""What a probe finds: one sentence a check, for the connection's page and for the form that tries a credential."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`ok` is None where the source does not tell. `missing` names what has to be granted or set up."""

    name: str
    ok: bool | None
    sentence: str
    missing: tuple[str, ...] = ()
