"""Every canonical object by its name: the tag in its JSON, the `object_type` of its facts."""

from __future__ import annotations

from connectors.canonical.bank import BankStatement
from connectors.canonical.base import Canonical
from connectors.canonical.customer import CustomerRecord
from connectors.canonical.fulfilment import DespatchAdvice, Fulfilment
from connectors.canonical.gift_card import GiftCard, GiftCardMovement
from connectors.canonical.inventory import InventoryLevel, InventoryMovement, StockTransfer
from connectors.canonical.invoice import Invoice
from connectors.canonical.journal import JournalEntry
from connectors.canonical.notices import (
    Acknowledgement,
    ApiFinding,
    AuditEvent,
    ChangeSignal,
    ConnectionNotice,
    EventEnvelope,
    PrivacyRequest,
    ReportAvailable,
)
from connectors.canonical.order import Order
from connectors.canonical.payment import Dispute, Payment
from connectors.canonical.product import Price, Product
from connectors.canonical.promotion import LoyaltyAccount, LoyaltyEvent, Promotion
from connectors.canonical.refund import Refund
from connectors.canonical.returns import Return
from connectors.canonical.settlement import Payout, Settlement
from connectors.canonical.store_day import StoreDay, TillEvent
from connectors.canonical.supply import SupplierOrder
from connectors.canonical.tax import TaxCalculation, TaxRate

KINDS: tuple[type[Canonical], ...] = (
    *(Product, Price, CustomerRecord, Promotion, LoyaltyAccount, LoyaltyEvent, GiftCard, GiftCardMovement),
    *(Order, Refund, Return, Fulfilment, Payment, Dispute, TaxRate, TaxCalculation),
    *(InventoryLevel, InventoryMovement, StockTransfer, SupplierOrder, DespatchAdvice, Invoice),
    *(Settlement, Payout, BankStatement, StoreDay, TillEvent, JournalEntry),
    *(ChangeSignal, ReportAvailable, ConnectionNotice, PrivacyRequest, AuditEvent, ApiFinding),
    *(Acknowledgement, EventEnvelope),
)


def name_of(kind: type[Canonical]) -> str:
    return str(kind.__struct_config__.tag)


OBJECTS: dict[str, type[Canonical]] = {name_of(kind): kind for kind in KINDS}
