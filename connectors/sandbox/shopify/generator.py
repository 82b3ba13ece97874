"""Draw the shop's n-th order. The same seed, number, options and clock give the same order, to the byte."""

from __future__ import annotations

from datetime import datetime
from random import Random

from msgspec.structs import replace

from connectors.sandbox.shopify.catalogue import Variant, gift_cards, unlisted, variant_by_sku, variants
from connectors.sandbox.shopify.model import Address, Customer, Discount, Line, Payment, Sale, Shipping
from connectors.sandbox.shopify.options import CreateOptions
from connectors.sandbox.shopify.places import BY_ID, LOCATIONS
from connectors.sandbox.shopify.pricing import priced
from connectors.sandbox.shopify.shoppers import SHOPPERS, Shopper, shopper

FIRST_ORDER_ID = 6_500_000_000_000
FIRST_LINE_ID = 15_700_000_000_000
FIRST_PAYMENT_ID = 7_800_000_000_000
WEB_SHARE = 0.3
_CODES = (
    Discount(code="WELCOME10", kind="percentage", value=10),
    Discount(code="PINE15", kind="percentage", value=15),
    Discount(code="HARBOUR20", kind="fixed_amount", value=2000),
    Discount(code="FREESHIP", kind="shipping", value=100),
)
_STANDARD = ("Standard", "standard", 695)
_RATES = (_STANDARD, _STANDARD, ("Express", "express", 1495), ("Pick up", "pickup", 0))
_NOTES = ("Gift wrap, please", "Hem by two inches", "Ring the bell twice – thank you!")


class UnknownSku(ValueError):
    """The shop itself does not sell what was asked for."""


def sale(seed: int, number: int, at: datetime, options: CreateOptions | None = None) -> Sale:
    """The order of that number. `at` is cut to whole seconds, as the vendor's clock is."""
    wish, rng = options or CreateOptions(), Random(f"{seed}:order:{number}")
    web = _is_web(rng, wish)
    location = None if web else _location(rng, wish)
    person = _person(rng, seed, web)
    lines = _lines(rng, seed, number, wish)
    at = at.replace(microsecond=0)
    draft = Sale(
        id=FIRST_ORDER_ID + number * 1024,
        number=number,
        token=f"{rng.getrandbits(128):032x}",
        created_at=at,
        updated_at=at,
        source="web" if web else "pos",
        tax_state=person.state if web and person else BY_ID[location].state if location else "MA",
        lines=lines,
        currency=wish.currency or "USD",
        presentment_currency=wish.presentment_currency or "",
        presentment_rate=wish.presentment_rate if wish.presentment_currency else "1",
        location_id=location,
        till=_till(rng, location),
        staff=None if web else 90_100_000 + rng.randrange(240),
        customer=_customer(person),
        ship_to=_address(person) if web and person else None,
        shipping=_shipping(rng, number, lines) if web else None,
        discount=_discount(rng, wish, web),
        tip=_tip(rng, wish, web),
        note=wish.note or _note(rng),
        tags="wholesale" if rng.random() < 0.01 else "",
    )
    return _paid(rng, priced(draft), wish)


def _is_web(rng: Random, wish: CreateOptions) -> bool:
    drawn = rng.random() < WEB_SHARE
    if wish.location_id is not None:
        return False
    return drawn if wish.channel is None else wish.channel == "web"


def _location(rng: Random, wish: CreateOptions) -> int:
    drawn = rng.choice(LOCATIONS).id
    return drawn if wish.location_id is None else wish.location_id


def _till(rng: Random, location: int | None) -> int | None:
    number = rng.randrange(3)
    return None if location is None else location % 1000 * 10 + 40_000 + number


def _person(rng: Random, seed: int, web: bool) -> Shopper | None:
    """Two in three at a till give no name."""
    number, known = rng.randrange(SHOPPERS), rng.random() < 0.35
    return shopper(seed, number) if web or known else None


def _lines(rng: Random, seed: int, number: int, wish: CreateOptions) -> tuple[Line, ...]:
    bought = _asked(seed, wish.skus) if wish.skus else _drawn(rng, seed, wish)
    quantities = [rng.choices((1, 2, 3, 6), (74, 18, 6, 2))[0] for _ in bought]
    for index, quantity in enumerate((wish.quantities or ())[: len(quantities)]):
        quantities[index] = quantity
    first = FIRST_LINE_ID + number * 64
    return tuple(
        _line(first + index, variant, quantity)
        for index, (variant, quantity) in enumerate(zip(bought, quantities, strict=True))
    )


def _drawn(rng: Random, seed: int, wish: CreateOptions) -> list[Variant]:
    count = len(wish.quantities) if wish.quantities else rng.choices((1, 2, 3, 4, 5), (42, 30, 16, 8, 4))[0]
    bought = rng.sample(variants(seed), count)
    surprise, card = rng.choice(unlisted()), rng.choice(gift_cards())
    if rng.random() < 0.025 and not wish.quantities:
        bought[-1] = card
    if wish.unknown_sku:
        bought[0] = surprise
    return bought


def _asked(seed: int, skus: tuple[str, ...]) -> list[Variant]:
    found = [variant_by_sku(sku, seed) for sku in skus]
    missing = [sku for sku, variant in zip(skus, found, strict=True) if variant is None]
    if missing:
        raise UnknownSku(f"the shop does not sell {', '.join(missing)}")
    return [variant for variant in found if variant is not None]


def _line(line_id: int, variant: Variant, quantity: int) -> Line:
    return Line(
        id=line_id,
        variant_id=variant.id,
        product_id=variant.product_id,
        sku=variant.sku,
        title=variant.title,
        option=variant.option,
        price=variant.price,
        quantity=quantity,
        grams=variant.grams,
        gift_card=variant.gift_card,
        taxable=not variant.gift_card,
    )


def _address(person: Shopper) -> Address:
    return Address(
        first_name=person.first_name,
        last_name=person.last_name,
        address1=person.address1,
        address2=person.address2,
        city=person.city,
        state=person.state,
        zip=person.zip,
        phone=person.phone,
    )


def _customer(person: Shopper | None) -> Customer | None:
    if person is None:
        return None
    return Customer(
        id=person.id,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        address=_address(person),
    )


def _shipping(rng: Random, number: int, lines: tuple[Line, ...]) -> Shipping | None:
    title, code, price = rng.choice(_RATES)
    if all(line.gift_card for line in lines):
        return None
    return Shipping(id=FIRST_LINE_ID + number * 64 + 60, title=title, code=code, price=price)


def _discount(rng: Random, wish: CreateOptions, web: bool) -> Discount | None:
    drawn = rng.choice(_CODES if web else _CODES[:3]) if rng.random() < 0.22 else None
    if wish.discount is None:
        return drawn
    return next((code for code in _CODES if code.kind == wish.discount), None)


def _tip(rng: Random, wish: CreateOptions, web: bool) -> int:
    drawn = rng.choice((200, 300, 500)) if rng.random() < 0.02 and not web else 0
    return drawn if wish.tip_cents is None else wish.tip_cents


def _note(rng: Random) -> str | None:
    note = rng.choice(_NOTES)
    return note if rng.random() < 0.08 else None


def _paid(rng: Random, draft: Sale, wish: CreateOptions) -> Sale:
    """Payments that make the total exactly; two gateways split it."""
    gateways = wish.tenders or _gateways(rng, draft.source == "web")
    reserve = rng.random() < 0.25
    reserve = draft.source == "web" and (reserve if wish.authorized is None else wish.authorized)
    first = draft.total if len(gateways) == 1 else draft.total * rng.randrange(20, 80) // 100
    amounts = [first, draft.total - first] if len(gateways) > 1 else [first]
    payments = tuple(
        Payment(
            id=FIRST_PAYMENT_ID + draft.number * 64 + index,
            gateway=gateway,
            kind="authorization" if reserve else "sale",
            cents=cents,
            at=draft.created_at,
        )
        for index, (gateway, cents) in enumerate(zip(gateways[:2], amounts, strict=True))
    )
    return replace(draft, payments=payments)


def _gateways(rng: Random, web: bool) -> tuple[str, ...]:
    if web:
        options = (("shopify_payments",), ("paypal",), ("gift_card", "shopify_payments"))
        return rng.choices(options, (80, 15, 5))[0]
    options = (("shopify_payments",), ("cash",), ("cash", "shopify_payments"), ("gift_card", "shopify_payments"))
    return rng.choices(options, (70, 22, 5, 3))[0]
