"""The connectors there are: the packages beside this file, and those of other packages by entry point.

A package here exposes `connector` in its module `connector`; another package names its own object under the entry
point group "signalbox.connectors". Each is imported when it is first asked for.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from connectors.sdk.connector import Connector

GROUP = "signalbox.connectors"


class UnknownConnector(KeyError):
    """No connector has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"There is no connector for {self.key!r}."


@cache
def connector(key: str) -> Connector:
    """The connector of that key. Raises UnknownConnector."""
    if key in _here():
        found: Connector = import_module(f"{__name__}.{key}.connector").connector
    elif key in _elsewhere():
        found = _elsewhere()[key].load()
    else:
        raise UnknownConnector(key)
    if not isinstance(found, Connector) or found.manifest.key != key:
        raise TypeError(f"{key!r} does not expose a Connector whose manifest has that key")
    return found


def connectors() -> Mapping[str, Connector]:
    """Every connector by its key."""
    return {key: connector(key) for key in known_keys()}


def known_keys() -> tuple[str, ...]:
    return tuple(sorted({*_here(), *_elsewhere()}))


@cache
def _here() -> frozenset[str]:
    """A package without the module `connector` is one in the making."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return frozenset(name for name in names if find_spec(f"{__name__}.{name}.connector") is not None)


@cache
def _elsewhere() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
