"""The mapping language: declarative, total, explained per field. `docs/how-to/write-a-mapping.md` has the words."""

from connectors.mapping.errors import MappingError, MappingRefused
from connectors.mapping.mapping import Explained, Mapping, compile_map
from connectors.mapping.overlay import overlaid

__all__ = ["Explained", "Mapping", "MappingError", "MappingRefused", "compile_map", "overlaid"]
