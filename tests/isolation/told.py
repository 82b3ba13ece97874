"""A selector's answer as one text: every field of every row in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from django.db import models


def told(value: Any) -> str:
    return "\n".join(_told(value)).lower()


def _told(value: Any) -> Iterable[str]:
    if isinstance(value, models.Model):
        for field in value._meta.concrete_fields:
            yield from _told(value.__dict__.get(field.attname))
        for joined in value._state.fields_cache.values():
            yield from _told(joined)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _told(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, inner in sorted(value.items(), key=lambda pair: str(pair[0])):
            yield from (*_told(key), *_told(inner))
    elif isinstance(value, bytes | memoryview):
        yield bytes(value).decode("utf-8", "replace")
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for inner in value:
            yield from _told(inner)
    else:
        yield str(value)
