"""Which messages a list is about: every filter of the messages page as one value, and the query it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.ledger.models import Attempt, BusinessKey, Delivery, Disposition, Fact, Message, Repeat
from tenants.ids import first_id, time_of

# What became of a message, in the order of the tabs. A message with several deliveries shows the worst of them.
OUTCOMES: Final = (
    "exception",
    "retrying",
    "waiting",
    "delivered",
    "ignored",
    "filtered",
    "deduplicated",
    "superseded",
    "unreadable",
    "closed",
)
# Delivery states from worst to best.
WORST_FIRST: Final = ("exception", "retrying", "waiting", "delivered", "superseded", "closed")
RARE: Final = frozenset({"exception", "retrying", "closed"})  # states of few deliveries, and of nothing else
DOORS: Final = ("webhook", "poll", "file", "command")
NOT_STATED: Final = "not-stated"
FAILED: Final = "failed"
SEARCH_LIMIT: Final = 1000
ROUTING_SLACK: Final = timedelta(minutes=5)  # ids are made at the door, order at the commit
_UUID: Final = re.compile(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """`start` <= received < `end`. Empty fields do not filter; `connection` is a source's or a target's key.

    A `search` looks at all time: whoever types an order number wants that order.
    """

    start: datetime
    end: datetime
    retailers: tuple[int, ...] | None = None
    outcome: str = ""
    connection: str = ""
    flow: str = ""
    topic: str = ""
    store: str = ""
    api_version: str = ""
    door: str = ""
    attempt: str = ""  # failed: at least one of its attempts did not end well
    search: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Does it leave anything out besides time and retailers?"""
        return any(getattr(self, name) for name in NARROWING)


@dataclass(frozen=True, slots=True)
class Nearest:
    """`rows` are among the filter's first in the asked order; `complete` says there are no others."""

    rows: QuerySet[Message]
    complete: bool


NARROWING: Final = ("outcome", "connection", "flow", "topic", "store", "api_version", "door", "attempt", "search")


def branches(wanted: MessageFilter, **bounds: UUID) -> list[QuerySet[Message]]:
    """Querysets whose union is the filter's set, unordered. Apart, because each alone can follow an index.

    `bounds` narrow the ids further (id__lt, id__gt). Cost: none, but one query for the outcome "waiting".
    """
    rows = _narrowed(wanted).filter(**bounds)
    if not wanted.outcome:
        return [rows]
    return [rows.filter(condition) for condition in _by_outcome(wanted.outcome)]


def by_rare_delivery(wanted: MessageFilter, *, newest_first: bool, most: int, **bounds: UUID) -> Nearest | None:
    """The filter's first messages by way of their deliveries, where its outcome is one that few deliveries have.

    To walk the messages until enough of them fit would read thousands for each. Cost: one query. None where the
    outcome is not such a one.
    """
    if wanted.outcome not in RARE:
        return None
    within = {f"message_{name}": value for name, value in bounds.items()}
    if not wanted.search:
        within["message_id__gte"] = first_id(wanted.start)
        within.setdefault("message_id__lt", first_id(wanted.end))
    rows = Delivery.objects.scoped().filter(state=wanted.outcome, **within)
    order = "-message_id" if newest_first else "message_id"
    found = list(rows.order_by(order).values_list("message_id", flat=True)[:most])
    return Nearest(branches(wanted, **bounds)[0].filter(id__in=found), len(found) < most)


def _narrowed(wanted: MessageFilter) -> QuerySet[Message]:
    rows = Message.objects.scoped()
    if wanted.retailers is not None:
        rows = rows.filter(retailer_id__in=wanted.retailers)
    if wanted.search:
        rows = rows.filter(_search(wanted.search))
    else:
        rows = rows.filter(id__gte=first_id(wanted.start), id__lt=first_id(wanted.end))
    for name, column in (("topic", "topic"), ("door", "door")):
        if getattr(wanted, name):
            rows = rows.filter(**{column: getattr(wanted, name)})
    for name, condition in (
        ("connection", _by_connection),
        ("flow", _by_flow),
        ("store", _by_store),
        ("api_version", _by_version),
        ("attempt", _by_attempt),
    ):
        if getattr(wanted, name):
            rows = rows.filter(condition(getattr(wanted, name)))
    return rows


def spellings(text: str) -> list[str]:
    """How a business number may be stored: with and without #, as typed and in capitals."""
    bare = text.strip().lstrip("#")
    return sorted({text.strip(), bare, f"#{bare}", bare.upper(), f"#{bare.upper()}"} - {"", "#"})


def _search(text: str) -> Q:
    """Business keys by exact value; a message's own id or trace id too."""
    plain = text.strip().lower()
    if _UUID.match(plain):
        return Q(id=UUID(plain))
    found = BusinessKey.objects.scoped().filter(value__in=spellings(text)).order_by("-message_id")
    return Q(id__in=list(found.values_list("message_id", flat=True)[:SEARCH_LIMIT]))


def _deliveries(**conditions: object) -> Exists:
    return Exists(Delivery.objects.filter(message_id=OuterRef("id"), **conditions))


def _by_connection(key: str) -> Q:
    return Q(connection_key=key) | Q(_deliveries(connection_key=key))


def _by_flow(key: str) -> Q:
    return Q(_deliveries(flow_key=key))


def _by_store(key: str) -> Q:
    return Q(Exists(Fact.objects.filter(message_id=OuterRef("id"), store_key=key)))


def _by_version(version: str) -> Q:
    """The version the source stated, or one a target served."""
    if version == NOT_STATED:
        return Q(api_version="")
    served = Exists(Attempt.objects.filter(message_id=OuterRef("id"), version_served=version))
    return Q(api_version=version) | Q(served)


def _by_attempt(wanted: str) -> Q:
    tried = Attempt.objects.filter(message_id=OuterRef("id"))
    return Q(Exists(tried.exclude(outcome=Attempt.Outcome.OK) if wanted == FAILED else tried))


def _by_outcome(outcome: str) -> list[Q]:
    """The messages whose status, as the list shows it, is this one."""
    if outcome in ("ignored", "filtered", "unreadable"):
        return [Q(disposition=outcome)]
    if outcome == "deduplicated":
        repeats = Repeat.objects.filter(message_id=OuterRef("id"))
        return [Q(disposition=Disposition.SAME_VERSION), Q(Exists(repeats))]
    routed = Q(disposition=Disposition.ROUTED)
    worse = WORST_FIRST[: WORST_FIRST.index(outcome)]
    this = routed & Q(_deliveries(state=outcome))
    if worse:
        this &= ~Q(_deliveries(state__in=worse))
    if outcome == "waiting":
        return [this, routed & _unrouted()]
    if outcome == "superseded":
        return [this, Q(disposition=Disposition.OLDER_VERSION)]
    return [this]


def _unrouted() -> Q:
    """Messages that have no delivery yet. The router takes them in order, so only the newest can be without."""
    newest = Delivery.objects.scoped().order_by("-id").values_list("message_id", flat=True).first()
    without = ~Q(_deliveries())
    return without & Q(id__gte=first_id(time_of(newest) - ROUTING_SLACK)) if newest else without
