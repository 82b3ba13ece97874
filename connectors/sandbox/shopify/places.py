"""Where the shop sells: states with their taxes, sixty stores, and the storefront.

Tax rates are approximations for the demonstration: right in kind (state and local, some states without), not advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

SHOP_TIMEZONE = ZoneInfo("America/New_York")
FIRST_LOCATION_ID = 71_000_000_001


@dataclass(frozen=True, slots=True)
class Tax:
    title: str
    rate: Decimal  # 0.0625, not 6.25


@dataclass(frozen=True, slots=True)
class State:
    code: str
    name: str
    timezone: str
    taxes: tuple[Tax, ...]
    shipping_taxed: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A store with its tills. `id` is what an order carries as `location_id`."""

    id: int
    name: str
    city: str
    state: str
    zip: str
    address: str

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(STATES[self.state].timezone)

    def hour(self, at: datetime) -> float:
        """The store's own time of day, 0 to 24."""
        local = at.astimezone(self.timezone)
        return local.hour + local.minute / 60 + local.second / 3600


def _state(code: str, name: str, zone: str, state: str, local: str = "", *, shipping_taxed: bool = False) -> State:
    taxes = [Tax(f"{name} State Tax", Decimal(state))] if state else []
    if local:
        title, rate = local.rsplit(" ", 1)
        taxes.append(Tax(title, Decimal(rate)))
    return State(code, name, f"America/{zone}", tuple(taxes), shipping_taxed)


STATES: dict[str, State] = {
    state.code: state
    for state in (
        _state("MA", "Massachusetts", "New_York", "0.0625"),
        _state("ME", "Maine", "New_York", "0.055"),
        _state("NH", "New Hampshire", "New_York", ""),
        _state("CT", "Connecticut", "New_York", "0.0635", shipping_taxed=True),
        _state("RI", "Rhode Island", "New_York", "0.07", shipping_taxed=True),
        _state("NY", "New York", "New_York", "0.04", "New York City Tax 0.045", shipping_taxed=True),
        _state("NJ", "New Jersey", "New_York", "0.06625", shipping_taxed=True),
        _state("PA", "Pennsylvania", "New_York", "0.06", shipping_taxed=True),
        _state("MD", "Maryland", "New_York", "0.06"),
        _state("VA", "Virginia", "New_York", "0.043", "Fairfax County Tax 0.017"),
        _state("NC", "North Carolina", "New_York", "0.0475", "Wake County Tax 0.025", shipping_taxed=True),
        _state("FL", "Florida", "New_York", "0.06", "Miami-Dade County Tax 0.01"),
        _state("IL", "Illinois", "Chicago", "0.0625", "Cook County Tax 0.0175"),
        _state("TX", "Texas", "Chicago", "0.0625", "Austin City Tax 0.02", shipping_taxed=True),
        _state("CA", "California", "Los_Angeles", "0.0725", "Los Angeles County Tax 0.0225"),
        _state("WA", "Washington", "Los_Angeles", "0.065", "Seattle City Tax 0.0385", shipping_taxed=True),
    )
}

_STORES = """
MA 02210 Boston|Seaport          MA 02116 Boston|Newbury Street    MA 02138 Cambridge|Harvard Square
MA 01970 Salem|Pickering Wharf   MA 02657 Provincetown|Commercial  MA 02554 Nantucket|Straight Wharf
MA 01930 Gloucester|Harbor Loop  MA 01060 Northampton|Main Street  ME 04101 Portland|Old Port
ME 04609 Bar Harbor|Cottage      ME 04046 Kennebunkport|Dock       ME 04032 Freeport|Village
NH 03801 Portsmouth|Market       NH 03101 Manchester|Elm Street    NH 03060 Nashua|Pheasant Lane
CT 06510 New Haven|Chapel        CT 06355 Mystic|Seaport           CT 06830 Greenwich|Avenue
CT 06103 Hartford|Front Street   RI 02840 Newport|Bowens Wharf     RI 02903 Providence|Westminster
NY 10012 New York|SoHo           NY 10023 New York|Columbus        NY 10014 New York|Bleecker
NY 11201 Brooklyn|Heights        NY 11211 Brooklyn|Williamsburg    NY 11101 Queens|Long Island City
NJ 07030 Hoboken|Washington      NJ 08540 Princeton|Palmer Square  NJ 07078 Short Hills|The Mall
NJ 08202 Avalon|Dune Drive       PA 19103 Philadelphia|Rittenhouse PA 15222 Pittsburgh|Market Square
PA 19004 Bala Cynwyd|City Avenue MD 21401 Annapolis|Dock Street    MD 21231 Baltimore|Fells Point
MD 20814 Bethesda|Row            VA 22314 Alexandria|King Street   VA 22102 Tysons|Galleria
VA 22201 Arlington|Clarendon     NC 27601 Raleigh|North Hills      NC 27513 Cary|Fenton
NC 27514 Chapel Hill|Franklin    FL 33139 Miami Beach|Lincoln Road FL 33134 Coral Gables|Miracle Mile
FL 33131 Miami|Brickell          IL 60611 Chicago|Magnificent Mile IL 60614 Chicago|Lincoln Park
IL 60201 Evanston|Sherman        IL 60607 Chicago|Fulton Market    TX 78701 Austin|Second Street
TX 78704 Austin|South Congress   TX 78758 Austin|The Domain        CA 90401 Santa Monica|Third Street
CA 91101 Pasadena|Colorado       CA 90266 Manhattan Beach|Pier     CA 90291 Venice|Abbot Kinney
WA 98101 Seattle|Pike Place      WA 98107 Seattle|Ballard          WA 98109 Seattle|South Lake Union
"""


_STORE = re.compile(r"([A-Z]{2}) (\d{5}) ([^|\n]+)\|([^|\n]+?)(?=\s+[A-Z]{2} \d{5} |\s*$)", re.MULTILINE)


def _locations() -> tuple[Location, ...]:
    return tuple(
        Location(
            id=FIRST_LOCATION_ID + number,
            name=f"{city} {quarter}",
            city=city,
            state=state,
            zip=zip_code,
            address=f"{11 + 3 * number} {quarter} Walk",
        )
        for number, (state, zip_code, city, quarter) in enumerate(_STORE.findall(_STORES))
    )


LOCATIONS: tuple[Location, ...] = _locations()
BY_ID: dict[int, Location] = {location.id: location for location in LOCATIONS}
