"""The filter bar: what the address says, as tabs, chips and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest

MAX_TEXT = 100
MAX_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the filter menu: a choice when `free` is false, else text with suggestions."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]]
    free: bool = False


@dataclass(frozen=True, slots=True)
class FilterForm:
    """What the filter menu asks; `kept` are the pairs it must send along."""

    fields: Sequence[Field]
    kept: list[tuple[str, str]]
    action: str


@dataclass(frozen=True, slots=True)
class FilterBar:
    """`form_url` is where the form is fetched when the menu opens; `form` is there where it costs nothing."""

    tabs: list[Tab]
    chips: list[Chip]
    clear_url: str
    form_url: str = ""
    form: FilterForm | None = None


def text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").strip()[:MAX_TEXT]


def cursor(request: HttpRequest, name: str) -> UUID | None:
    """A page cursor from the address; one that is no id is as good as none. There is always a higher id."""
    try:
        found = UUID(request.GET.get(name, ""))
    except ValueError:
        return None
    return None if found == MAX_ID else found


def address(request: HttpRequest, **changes: str) -> str:
    """This page's query with some pairs changed and the cursors gone; an empty value removes a pair."""
    dropped = {"before", "after", "through", *changes}
    pairs = [(k, v) for k, values in request.GET.lists() if k not in dropped for v in values if v]
    pairs += [(k, v) for k, v in changes.items() if v]
    return "?" + urlencode(pairs, safe="/,")


def chips(request: HttpRequest, labels: Mapping[str, str], words: Mapping[str, str] | None = None) -> list[Chip]:
    """One for each filter in the address, in the order of `labels`. `words` say values better than the address does."""
    found = []
    for name, label in labels.items():
        value = text(request, name)
        if value:
            found.append(Chip(label, (words or {}).get(value, value), address(request, **{name: ""})))
    return found


def kept(request: HttpRequest, names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs that the filter form does not ask for and must send along."""
    gone = {"before", "after", "through", *names}
    return [(k, v) for k, values in request.GET.lists() if k not in gone for v in values if v]


def rows_url(request: HttpRequest, path: str, rows: Sequence[Any]) -> str:
    """Where the rows of this page can be asked for again; only the newest page hears of new ones."""
    if cursor(request, "before") or cursor(request, "after"):
        return ""
    return path + address(request, through=str(rows[0].id) if rows else "")
