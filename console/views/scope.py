"""What every page's address says: which retailers, which time range, and how to carry both to the next page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest

from console.render.lines import Reader
from console.timerange import TimeRange, time_range
from governance.registry.selectors import RetailerChoice, retailer_choices


@dataclass(frozen=True, slots=True)
class PageScope:
    """`retailers` is everyone the reader may see; `chosen` those picked in the address (empty: all of them)."""

    retailers: tuple[RetailerChoice, ...]
    chosen: tuple[RetailerChoice, ...]
    range: TimeRange
    zone: ZoneInfo
    at: datetime

    @property
    def retailer_ids(self) -> list[int] | None:
        """Ids to filter by, or None when nothing was picked."""
        return [retailer.id for retailer in self.chosen] or None

    @property
    def label(self) -> str:
        if not self.chosen:
            return "All retailers" if len(self.retailers) != 1 else self.retailers[0].name
        if len(self.chosen) == 1:
            return self.chosen[0].name
        return f"{len(self.chosen)} retailers"

    @property
    def is_all(self) -> bool:
        return not self.chosen and len(self.retailers) > 1

    @property
    def zone_words(self) -> str:
        return "UTC" if self.zone.key == "UTC" else self.zone.key.rpartition("/")[2].replace("_", " ")

    def carried(self) -> dict[str, str]:
        """The part of the address that follows the reader from page to page."""
        carried = {}
        if self.chosen:
            carried["retailer"] = ",".join(retailer.key for retailer in self.chosen)
        if not self.range.is_default and not self.range.problem:
            carried |= {"from": self.range.since, "to": self.range.until}
        return carried

    def link(self, path: str) -> str:
        carried = self.carried()
        return f"{path}?{urlencode(carried)}" if carried else path


def page_scope(request: HttpRequest) -> PageScope:
    """The request's scope, read once. A retailer one may not see is not there: 404, as for one that does not exist."""
    known = getattr(request, "_page_scope", None)
    if known is None:
        known = request._page_scope = _read(request)
    return known


def reader(request: HttpRequest) -> Reader:
    scope = page_scope(request)
    return Reader(scope.zone, scope.at, getattr(request.user, "times", "relative"))


def reader_zone(request: HttpRequest, chosen: Iterable[RetailerChoice] = ()) -> ZoneInfo:
    """The zone times are shown in: UTC, the reader's own, or that of the one retailer in view."""
    person = request.user
    preference = getattr(person, "zone", "mine")
    names = [retailer.timezone for retailer in chosen]
    if preference == "retailer" and len(names) == 1:
        return ZoneInfo(names[0])
    if preference == "utc":
        return ZoneInfo("UTC")
    return ZoneInfo(getattr(person, "timezone", "UTC") or "UTC")


def _read(request: HttpRequest) -> PageScope:
    retailers = tuple(retailer_choices()) if request.principal else ()
    chosen = _chosen(retailers, request.GET.getlist("retailer"))
    zone = reader_zone(request, chosen or retailers)
    at = datetime.now(UTC)
    window = time_range(request.GET.get("from", ""), request.GET.get("to", ""), at=at, zone=zone)
    return PageScope(retailers, chosen, window, zone, at)


def _chosen(retailers: tuple[RetailerChoice, ...], asked: list[str]) -> tuple[RetailerChoice, ...]:
    keys = {key for text in asked for key in text.split(",") if key}
    if keys - {retailer.key for retailer in retailers}:
        raise Http404("retailer")
    return tuple(retailer for retailer in retailers if retailer.key in keys)
