"""Fictitious shoppers: invented names, example.com mail, 555-01 numbers that no line answers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from connectors.sandbox.shopify.places import LOCATIONS

SHOPPERS = 900
FIRST_CUSTOMER_ID = 6_900_000_000_001

# fmt: off
_FIRST = (
    "Amara", "Benoît", "Chiara", "Desmond", "Eilidh", "Farid", "Greta", "Hiro", "Imani", "Jonas", "Kavya",
    "Lucía", "Mateo", "Nadia", "Oisín", "Priya", "Quentin", "Rosalind", "Søren", "Tamsin", "Ulrike", "Viktor",
    "Winnie", "Xavier", "Yara", "Zofia",
)
_LAST = (
    "Abbott", "Brandt", "Castellano", "Dunmore", "Ekström", "Fairweather", "Gallagher", "Holloway", "Ibáñez",
    "Jefferson", "Kowalczyk", "Lindqvist", "Marchetti", "Nakamura", "O'Malley", "Pemberton", "Quist", "Rasmussen",
    "Santangelo", "Thackeray", "Underhill", "Vásquez", "Whitcombe", "Yamada", "Zielinski",
)
# fmt: on
_STREETS = ("Lantern Lane", "Old Mill Road", "Orchard Street", "Juniper Court", "Canal Street", "Larkspur Drive")


@dataclass(frozen=True, slots=True)
class Shopper:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str
    address1: str
    address2: str | None
    city: str
    state: str
    zip: str


def shopper(seed: int, number: int) -> Shopper:
    """The same person for the same seed and number, whoever asks."""
    rng = Random(f"{seed}:shopper:{number}")
    first, last, near = rng.choice(_FIRST), rng.choice(_LAST), rng.choice(LOCATIONS)
    return Shopper(
        id=FIRST_CUSTOMER_ID + number,
        first_name=first,
        last_name=last,
        email=f"shopper.{number:04d}@example.com",
        phone=f"+1202555{100 + number % 100:04d}",
        address1=f"{rng.randrange(1, 400)} {rng.choice(_STREETS)}",
        address2=rng.choice((None, None, None, f"Apt {rng.randrange(1, 40)}")),
        city=near.city,
        state=near.state,
        zip=near.zip,
    )
