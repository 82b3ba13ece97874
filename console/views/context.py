"""What the frame around every page shows: the partner's name, the menu, the scope and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from console.timerange import PRESETS
from console.views.notices import Notice, take_notices
from console.views.open_count import open_count
from console.views.preferences import PREFERENCES
from console.views.scope import PageScope, page_scope
from governance.access.roles import ACTIONS

# item -> pages that belong to it, by their paths
BESIDES: Final = {"connections": ("/flows/", "/endpoints/", "/pauses/")}
# route, words, icon, action, keys
MENU: Final = (
    ("overview", "Overview", "overview", "overview.view", "g o"),
    ("exceptions", "Exceptions", "exceptions", "exceptions.view", "g e"),
    ("messages", "Messages", "messages", "messages.view", "g m"),
    ("connections", "Connections", "connections", "connections.view", "g c"),
    ("people", "People", "people", "people.view", "g p"),
)


@dataclass(frozen=True, slots=True)
class MenuItem:
    name: str
    label: str
    icon: str
    url: str
    keys: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a picker: what it says, where it leads, whether it is what one sees now."""

    label: str
    url: str
    current: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True)
class Preference:
    name: str
    label: str
    options: list[Option]


class Page:
    """Read by templates only; what a page does not show is not asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.principal = getattr(request, "principal", None)
        self.person = request.user if self.principal else None
        self.request_id = getattr(request, "request_id", "")

    @property
    def times(self) -> str:
        return getattr(self.person, "times", "relative")

    @property
    def partner_name(self) -> str:
        partner = getattr(self._request, "partner", None)
        return partner.name if partner else ""

    @property
    def monogram(self) -> str:
        return self.partner_name[:1].upper()

    @cached_property
    def scope(self) -> PageScope:
        return page_scope(self._request)

    @cached_property
    def may(self) -> dict[str, dict[str, bool]]:
        """`page.may.messages.view` for the action `messages.view`."""
        table: dict[str, dict[str, bool]] = {}
        for action in ACTIONS:
            area, verb = action.split(".")
            table.setdefault(area, {})[verb] = self.principal is not None and self.principal.may(action)
        return table

    @cached_property
    def open_exceptions(self) -> int:
        if self.principal is None or not self.principal.may("exceptions.view"):
            return 0
        return open_count(self._request)

    @cached_property
    def nav(self) -> list[MenuItem]:
        if self.principal is None:
            return []
        return [self._item(*entry) for entry in MENU if self.principal.may(entry[3]) and _path(entry[0])]

    @cached_property
    def retailer_choices(self) -> list[Choice]:
        chosen = {retailer.key for retailer in self.scope.chosen}
        everyone = Choice("All retailers", self._with(retailer=""), not chosen)
        single = [Choice(r.name, self._with(retailer=r.key), chosen == {r.key}, r.key) for r in self.scope.retailers]
        return [everyone, *single] if len(single) > 1 else single

    @property
    def chosen_keys(self) -> set[str]:
        return {retailer.key for retailer in self.scope.chosen}

    @cached_property
    def range_choices(self) -> list[Choice]:
        window = self.scope.range
        return [
            Choice(words, self._with(**{"from": since, "to": until}), (since, until) == (window.since, window.until))
            for since, until, words in PRESETS
        ]

    @cached_property
    def environment(self) -> str:
        """live, test or mixed: by the connections of the retailers in view. Empty before the first connection."""
        retailers = self.scope.chosen or self.scope.retailers
        live, test = any(r.live for r in retailers), any(r.test for r in retailers)
        if live and test:
            return "mixed"
        return "live" if live else "test" if test else ""

    @cached_property
    def kept_with_range(self) -> list[tuple[str, str]]:
        """What the retailer form must send along."""
        return [(k, v) for k, v in self._pairs() if k != "retailer"]

    @cached_property
    def kept_with_retailer(self) -> list[tuple[str, str]]:
        """What the time form must send along."""
        return [(k, v) for k, v in self._pairs() if k not in {"from", "to"}]

    @cached_property
    def preferences(self) -> list[Preference]:
        return [
            Preference(name, label, [Option(v, w, getattr(self.person, name) == v) for v, w in options.items()])
            for name, (label, options) in PREFERENCES.items()
        ]

    @cached_property
    def notices(self) -> list[Notice]:
        return take_notices(self._request)

    @property
    def messages_url(self) -> str:
        return _path("messages")

    @property
    def open_count_url(self) -> str:
        return self.scope.link(reverse("exception-count"))

    @property
    def connections_url(self) -> str:
        return _path("connections") if self.may["connections"]["view"] else ""

    @property
    def sign_out_url(self) -> str:
        return _path("sign-out")

    def _item(self, name: str, label: str, icon: str, action: str, keys: str) -> MenuItem:
        path = reverse(name)
        here = self._request.path
        inside = (path, *BESIDES.get(name, ()))
        current = here == path or any(one != "/" and here.startswith(one) for one in inside)
        count = self.open_exceptions if name == "exceptions" else None
        return MenuItem(name, label, icon, self.scope.link(path), keys, current, count)

    def _pairs(self) -> list[tuple[str, str]]:
        cursors = {"before", "after"}
        return [(k, v) for k, values in self._request.GET.lists() if k not in cursors for v in values]

    def _with(self, **changes: str) -> str:
        kept = [(k, v) for k, v in self._pairs() if k not in changes]
        return "?" + urlencode([*kept, *((k, v) for k, v in changes.items() if v)], safe="/")


def page(request: HttpRequest) -> dict[str, Page]:
    return {"page": Page(request)}


def _path(route: str) -> str:
    """The route's path, or nothing while no page has it."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""
