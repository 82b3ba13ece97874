"""What the shop sells: a hundred and twenty variants, three gift cards, and six the ERP was never told of.

SKUs are the same for every seed, so an ERP prepared once knows them; prices depend on the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

VENDOR = "Harbour & Pine"
FIRST_PRODUCT_ID = 8_100_000_000_001
FIRST_VARIANT_ID = 44_100_000_000_001


@dataclass(frozen=True, slots=True)
class Variant:
    id: int
    product_id: int
    sku: str
    title: str
    option: str  # "Navy / M"; "" for a product without options
    price: int  # cents
    grams: int
    gift_card: bool = False

    @property
    def name(self) -> str:
        return f"{self.title} - {self.option}" if self.option else self.title


# code, title, lowest and highest price in dollars, grams, sizes
_PRODUCTS = (
    ("TEE", "Saltmarsh Organic Tee", 24, 34, 180, "S M L"),
    ("HEN", "Breakwater Henley", 38, 52, 230, "S M L"),
    ("OXF", "Wharf Oxford Shirt", 58, 78, 310, "S M L"),
    ("FLN", "Lumber Row Flannel", 64, 84, 390, "S M L"),
    ("CRW", "Anchor Crew Sweater", 78, 110, 540, "S M L"),
    ("CRD", "Quayside Cardigan", 88, 128, 580, "S M L"),
    ("PCT", "Pier Peacoat", 198, 268, 1650, "S M L"),
    ("SHL", "Squall Rain Shell", 128, 178, 720, "S M L"),
    ("VST", "Evergreen Down Vest", 108, 148, 460, "S M L"),
    ("CHN", "Harbour Chino", 68, 88, 520, "30 32 34"),
    ("JEA", "Timberline Jean", 78, 98, 690, "30 32 34"),
    ("SHO", "Driftwood Short", 44, 58, 300, "30 32 34"),
    ("DRS", "Regatta Shirt Dress", 88, 118, 410, "S M L"),
    ("SKT", "Tidal Wrap Skirt", 58, 78, 330, "S M L"),
    ("LEG", "Pinecone Legging", 42, 56, 240, "S M L"),
    ("BOT", "Cobble Chelsea Boot", 148, 188, 1380, "8 9 10"),
    ("SNK", "Dockside Sneaker", 78, 98, 820, "8 9 10"),
    ("SCK", "Trawler Wool Sock", 14, 22, 90, "S M L"),
    ("BEA", "Watch Cap Beanie", 24, 32, 85, "S M L"),
    ("BAG", "Ferry Canvas Tote", 48, 68, 610, "S M L"),
)
_COLOURS = (("NVY", "Navy"), ("PNE", "Pine"))
_GIFT_CARDS = (25, 50, 100)
_UNLISTED = (
    ("HP-ANORAK-MIST-M", "Foghorn Anorak", "Mist / M", 15800),
    ("HP-ANORAK-MIST-L", "Foghorn Anorak", "Mist / L", 15800),
    ("HP-PONCHO-KELP-OS", "Kelp Poncho", "Kelp", 9800),
    ("HP-CLOG-BARK-9", "Sawmill Clog", "Bark / 9", 11800),
    ("HP-MITT-SNOW-OS", "Snowdrift Mitten", "Snow", 3800),
    ("HP-LAMP-BRASS-OS", "Storm Lantern", "Brass", 6400),
)


@lru_cache(maxsize=8)
def variants(seed: int = 7) -> tuple[Variant, ...]:
    """The hundred and twenty that the ERP knows."""
    rng = Random(f"{seed}:prices")
    found: list[Variant] = []
    for number, (code, title, low, high, grams, sizes) in enumerate(_PRODUCTS):
        price = _price(rng, low, high)
        for colour, colour_name in _COLOURS:
            for size in sizes.split():
                ids = (FIRST_VARIANT_ID + len(found), FIRST_PRODUCT_ID + number)
                sku, option = f"HP-{code}-{colour}-{size}", f"{colour_name} / {size}"
                found.append(Variant(*ids, sku, title, option, price, grams))
    return tuple(found)


def _price(rng: Random, low: int, high: int) -> int:
    return rng.randrange(low, high + 1) * 100 - rng.choice((0, 1, 5, 50))


@lru_cache(maxsize=1)
def gift_cards() -> tuple[Variant, ...]:
    first, product = FIRST_VARIANT_ID + 500, FIRST_PRODUCT_ID + 500
    return tuple(
        Variant(
            first + i,
            product,
            f"HP-GIFT-{value}",
            "Harbour & Pine Gift Card",
            f"${value}.00",
            value * 100,
            0,
            gift_card=True,
        )
        for i, value in enumerate(_GIFT_CARDS)
    )


@lru_cache(maxsize=1)
def unlisted() -> tuple[Variant, ...]:
    """New in the shop, missing in the ERP: what a NOC meets when somebody launched a product early."""
    first, product = FIRST_VARIANT_ID + 900, FIRST_PRODUCT_ID + 900
    return tuple(
        Variant(first + i, product + i, sku, title, option, price, 700)
        for i, (sku, title, option, price) in enumerate(_UNLISTED)
    )


def sold_skus(seed: int = 7) -> tuple[str, ...]:
    """Every SKU an ERP has to know for a day without exceptions."""
    return tuple(v.sku for v in (*variants(seed), *gift_cards()))


def variant_by_sku(sku: str, seed: int = 7) -> Variant | None:
    return _by_sku(seed).get(sku)


@lru_cache(maxsize=8)
def _by_sku(seed: int) -> dict[str, Variant]:
    return {v.sku: v for v in (*variants(seed), *gift_cards(), *unlisted())}
