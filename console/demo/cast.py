"""Who plays: the partners, retailers and people that every demo, screenshot and test speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Role:
    """`retailer` is a key, or "" for someone who sees all of the partner's retailers."""

    email: str
    name: str
    role: str
    retailer: str = ""


@dataclass(frozen=True, slots=True)
class Shopkeeper:
    key: str
    name: str
    timezone: str
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class House:
    """A partner with everyone in it; the first person is its owner."""

    key: str
    name: str
    host: str
    retailers: tuple[Shopkeeper, ...]
    people: tuple[Role, ...]


NORTHGATE: Final = House(
    key="northgate",
    name="Northgate Retail Services",
    host="northgate.localhost",
    retailers=(
        Shopkeeper("harbour-pine", "Harbour & Pine", "America/New_York"),
        Shopkeeper("bluebell", "Bluebell Home", "America/Chicago"),
    ),
    people=(
        Role("olga@northgate.example", "Olga Owner", "owner"),
        Role("ada@northgate.example", "Ada Ohm", "operator"),
        Role("eve@northgate.example", "Eve Engineer", "engineer"),
        Role("ben@harbourpine.example", "Ben Pine", "staff", "harbour-pine"),
        Role("cleo@bluebell.example", "Cleo Bell", "staff", "bluebell"),
        Role("iris@audit.example", "Iris Audit", "auditor", "harbour-pine"),
    ),
)
TIDEWATER: Final = House(
    key="tidewater",
    name="Tidewater Systems",
    host="tidewater.localhost",
    retailers=(Shopkeeper("marlow", "Marlow Outdoor", "America/Denver"),),
    people=(
        Role("otto@tidewater.example", "Otto Owner", "owner"),
        Role("theo@tidewater.example", "Theo Tide", "operator"),
    ),
)
HOUSES: Final = (NORTHGATE, TIDEWATER)
# Whose shop the stand-in is.
RETAILER: Final = "harbour-pine"
