"""Rows of three retailers at two partners, each with a word of its own in every text field.

Whoever may not see a retailer must never be sent a byte of its word. `poison` finds the text fields by itself, so a new
field is covered from its first day; what must keep its value (states, references, hashes) is named in PLAIN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models
from django.db.models import F, Value
from django.db.models.functions import Concat

from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile, Sighting
from connectors.engine.models import Behind, Endpoint, Entry, Intent, Lane
from connectors.engine.needs.models import Need
from connectors.engine.polling.models import Cursor
from governance.access.principal import command
from governance.access.tokens import digest
from governance.audit.events import ObjectRef
from governance.audit.services import record
from governance.credentials.services import store_secret
from governance.egress.services import allow_host
from governance.registry.address import INTAKE_SECRET
from governance.registry.models import Flow, Pause, RetailConnection
from governance.registry.values.models import MappedValue
from governance.routing.models import RuleSet
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger.identities.models import Identity
from monitoring.ledger.models import Attempt, BusinessKey, Delivery, EventKey, Message, ObjectVersion, Step
from monitoring.retention.models import Hold
from monitoring.rollups import folding
from tenants.context import ALL, partner_scope
from tenants.ids import uuid7
from tenants.partners.models import Partner
from tenants.people.models import Person, RetailerGrant
from tenants.retailers.models import Retailer
from tests.support import ledger_rows, rollup_rows
from tests.support.world import PASSWORD

BY = command("canaries")
SECRET = "cnrysecret"  # of every connection: nobody is ever shown it
PARTNER_WORDS = {"northgate": "cnrynorth", "tidewater": "cnrytideway"}
WORDS = {"harbour-pine": "cnrypine", "bluebell": "cnrybell", "marlow": "cnrymarl"}
# What else would give a retailer away, in lower case.
NAMES = {
    "harbour-pine": (b"cnrypine", b"harbour-pine", b"harbour &amp; pine", b"harbour & pine"),
    "bluebell": (b"cnrybell", b"bluebell"),
    "marlow": (b"cnrymarl", b"marlow", b"tidewater", b"cnrytideway"),
}
# Differ by retailer, so that a sum that mixes them is another number.
COUNTS = {"harbour-pine": 5, "bluebell": 2, "marlow": 1}
OUTCOMES = (*ledger_rows.MIXTURE, "exception")
# Text that means something to the code. Everything else is poisoned.
PLAIN = {
    "retailers.Retailer": {"timezone", "currency"},
    "retailers.Store": {"timezone"},
    "registry.RetailConnection": {"connector", "state"},
    "registry.Flow": {"mode", "latency", "state"},
    "registry.Pause": {"scope", "sla"},
    "routing.RuleSet": {"state"},
    "needs.Need": {"kind"},
    "polling.Cursor": {"stream"},
    "files.DropFile": {"encoding", "state"},
    "files.ExpectedFile": {"state"},
    "ledger.Message": {"connector", "door", "object_type", "disposition"},
    "ledger.Delivery": {"operation", "object_type", "kind", "state"},
    "ledger.Attempt": {"operation", "trigger", "outcome"},
    "ledger.Step": set(),
    "ledger.Fact": {"object_type", "currency"},
    "ledger.BusinessKey": {"type"},
    "exceptions.ExceptionItem": {"fingerprint", "state", "currency"},
    "exceptions.Transition": {"from_state", "to_state"},
    "rollups.Minute": {"kind", "outcome", "currency", "histogram"},
    "credentials.Credential": {"field", "purpose", "key_id"},
    "engine.Entry": {"trigger"},
    "engine.Endpoint": {"breaker"},
}
# Written once and never changed: they are made with their words.
MADE_WITH_WORDS = {"audit.AuditEvent"}
# Rollups count what is in the ledger, with the ledger's words; grants hold no text.
COUNTED = {"rollups.Minute", "people.RetailerGrant"}


@dataclass
class Shop:
    """One retailer, its word, and the ids under which its objects are asked for."""

    key: str
    partner: Partner
    retailer: Retailer
    word: str
    connection_ids: list[int]
    delivery_ids: list[UUID]
    flow_id: int
    told_by: UUID  # the message that made a thing known
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)


def build(partners: dict[str, Partner]) -> dict[str, Shop]:
    """Every retailer's rows, committed. By the retailer's first key."""
    shops = {}
    for partner_key, keys in (("northgate", ("harbour-pine", "bluebell")), ("tidewater", ("marlow",))):
        partner = partners[partner_key]
        with partner_scope(partner.schema_name, ALL):
            for key in keys:
                shops[key] = _shop(key, partner)
            _people(partner_key)
            for key in keys:
                shops[key].objects = _objects(shops[key].retailer)
            rollup_rows.count_ledger()
            folding.fold_all()  # the older minutes; the newest stay as they were counted
            _partner_rows(partner_key)
    return shops


def text_fields(model: type[models.Model]) -> list[models.Field]:
    """The fields of a retailer's rows that take a word."""
    plain = PLAIN.get(model._meta.label, set())
    kinds = (models.CharField, models.TextField)
    return [
        f for f in model._meta.concrete_fields if isinstance(f, kinds) and not f.primary_key and f.name not in plain
    ]


def models_of_a_retailer() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        names = {f.attname for f in model._meta.concrete_fields}
        if "retailer_id" in names or model is Retailer:
            yield model


def _shop(key: str, partner: Partner) -> Shop:
    retailer, word = Retailer.objects.get(key=key), WORDS[key]
    made = ledger_rows.connect(retailer, stores=2)
    at = datetime.now(UTC) - timedelta(minutes=3, seconds=20 - COUNTS[key])
    messages = [
        # Two of each retailer's are of one order.
        ledger_rows.add(made, outcome=outcome, at=at - timedelta(seconds=7 * n), seed=n, number=f"#{n // 2}00{key}")
        for n, outcome in enumerate(OUTCOMES * COUNTS[key])
    ]
    parked = ExceptionItem.objects.filter(retailer_id=retailer.pk, state="open", delivery_id__isnull=False)
    lanes = [ledger_rows.park(made, item) for item in parked]
    Lane.objects.filter(pk=lanes[0].pk).update(parked=False)
    _configure(made, word)
    _brakes(made, word)
    _drop(made, messages[0])
    _known_over_systems(made, messages[0])
    _unseen_rows(made, messages[0])
    for model in models_of_a_retailer():
        poison(model, retailer.pk, word)
    _poison_bodies(retailer.pk, word)
    _trail(retailer.pk, messages[0].id, word)
    retailer.refresh_from_db()
    deliveries = list(
        Entry.objects.filter(retailer_id=retailer.pk).order_by("id").values_list("delivery_id", flat=True)
    )
    systems = [made.source.pk, made.target.pk]
    return Shop(
        key, partner, retailer, word, systems, deliveries, made.flow.pk, messages[0].id, {}, _numbers(retailer.pk)
    )


def poison(model: type[models.Model], retailer_id: int, word: str) -> None:
    """Append the word to every text field of the retailer's rows."""
    fields = text_fields(model)
    if model._meta.label in MADE_WITH_WORDS | COUNTED or not fields:
        return
    column = "pk" if model is Retailer else "retailer_id"
    changes = {f.name: Concat(F(f.name), Value(f"-{word}"), output_field=models.TextField()) for f in fields}
    model._base_manager.filter(**{column: retailer_id}).update(**changes)


def _configure(made: ledger_rows.Shop, word: str) -> None:
    for row in (made.source, made.target):
        row.config = {"shop_domain": f"{word}.example", "url": f"https://{word}.example"}
        row.intake_hash = digest(f"{SECRET}{row.key}") if row is made.source else None
        row.save()
        _secret(row, "webhook_secret", "verify")
        _secret(row, "access_token", "call")
    _secret(made.source, INTAKE_SECRET, "call")
    Flow.objects.filter(pk=made.flow.pk).update(
        operations={"order": f"order.{word}"}, business_owner="Owner", technical_owner="Technician"
    )


def _brakes(made: ledger_rows.Shop, word: str) -> None:
    """Pauses that stand and one that is over, routing rules that are live and proposed, a legal hold."""
    now = datetime.now(UTC)
    known = {"retailer": made.retailer, "reason": "stock-taking", "sla_reason": "agreed", "opened_by": "Ada"}
    known |= {"opened_at": now, "by_partner": True, "request_id": "r1"}
    Pause.objects.create(scope=Pause.Scope.FLOW, flow=made.flow, **known)
    Pause.objects.create(scope=Pause.Scope.TARGET, connection=made.target, **known)
    Pause.objects.create(
        scope=Pause.Scope.SOURCE, connection=made.source, ended_at=now, ended_by="Ada", end_reason="over", **known
    )
    rule = {"name": f"Rule {word}", "when": {"eq": ["topic", word]}, "then": {"filter": f"because of {word}"}}
    for number, state in enumerate((RuleSet.State.LIVE, RuleSet.State.PROPOSED), 1):
        RuleSet.objects.create(
            retailer=made.retailer,
            connection=made.source,
            number=number,
            definition={"rules": [rule]},
            state=state,
            reason="tests are no sales",
            proposed_by="Ada",
            proposer_id="1",
            proposed_at=now,
            live_since=now if state == RuleSet.State.LIVE else None,
        )
    Hold.objects.create(retailer_id=made.retailer.pk, why="a lawsuit", placed_by="Iris", placed_at=now)


def _drop(made: ledger_rows.Shop, message: Message) -> None:
    """A drop of files with all that can be known of it, and how far the shop's streams were read."""
    now, retailer_id = datetime.now(UTC), made.retailer.pk
    tills = RetailConnection.objects.create(
        retailer=made.retailer, key=f"{made.retailer.key}-tills", label="Tills", connector="filedrop"
    )
    known = {"connection_id": tills.pk, "retailer_id": retailer_id}
    DropWatch.objects.create(looked_at=now, problem="It does not answer", problem_since=now, **known)
    day = now.date() - timedelta(days=1)
    file = DropFile.objects.create(
        sha256=digest(f"file {made.retailer.key}"),
        name="sales.csv",
        size=10,
        store_key=made.stores[0],
        day=day,
        state=DropFile.State.REFUSED,
        encoding="utf-8",
        reason="the totals differ",
        seen_at=now,
        message_id=message.id,
        **known,
    )
    Sighting.objects.create(name="next.csv", size=5, modified=1, first_seen_at=now, seen_at=now, **known)
    for store, state in zip(made.stores, ("missing", "wrong"), strict=False):
        found = {"file_id": file.pk if state == "wrong" else None, "message_id": message.id}
        ExpectedFile.objects.create(store_key=store, day=day, due_at=now, state=state, **found, **known)
    Cursor.objects.create(
        retailer_id=retailer_id,
        connection_id=made.source.pk,
        stream="orders",
        state={"after": made.retailer.key},
        failures=1,
        failed_at=now,
        error_class="unavailable",
        error="It is away",
    )


def _known_over_systems(made: ledger_rows.Shop, message: Message) -> None:
    """A value of a table, a thing that two systems know, and what one delivery waits for."""
    retailer_id, now = made.retailer.pk, datetime.now(UTC)
    both = {"source": made.source, "target": made.target}
    MappedValue.objects.create(
        retailer=made.retailer, table="tax", value="VAT", becomes="20", since=now, reason="agreed", **both
    )
    Identity.objects.create(
        retailer_id=retailer_id,
        object_type="customer",
        master_connection_id=made.source.pk,
        master_connection_key=made.source.key,
        master_id="C1",
        connection_id=made.target.pk,
        connection_key=made.target.key,
        external_id="P1",
        how="created",
        since=now,
        message_id=message.id,
    )
    Need.objects.create(
        delivery_id=Entry.objects.filter(retailer_id=retailer_id).earliest("id").delivery_id,
        retailer_id=retailer_id,
        kind=Need.Kind.THING,
        name="customer",
        key="C1",
        source_id=made.source.pk,
        target_id=made.target.pk,
        until=now + timedelta(hours=1),
    )


def _secret(row: RetailConnection, name: str, purpose: str) -> None:
    store_secret(
        connection_id=row.pk, retailer_id=row.retailer_id, field=name, value=f"{SECRET}-{name}", purpose=purpose, by=BY
    )


def _unseen_rows(made: ledger_rows.Shop, message: Message) -> None:
    """Rows that no page reads, so that one that begins to is noticed."""
    retailer_id, now = made.retailer.pk, datetime.now(UTC)
    Endpoint.objects.create(
        connection_id=made.target.pk,
        retailer_id=retailer_id,
        concurrency=1,
        breaker=Endpoint.Breaker.OPEN,
        breaker_reason="broken",
    )
    Intent.objects.create(
        attempt_id=uuid7(), retailer_id=retailer_id, delivery_id=uuid7(), lane_id=1, token=1, step="create", at=now
    )
    Behind.objects.create(retailer_id=retailer_id, position=1)
    known = {"retailer_id": retailer_id, "message_id": message.id, "body_hash": b"x"}
    EventKey.objects.create(key=digest(f"event {made.source.key}")[:16], created_at=now, **known)
    ObjectVersion.objects.create(key=digest(f"version {made.source.key}")[:16], version="2026", **known)


def _poison_bodies(retailer_id: int, word: str) -> None:
    """Bodies are no model; all of them begin with a brace."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_payload SET body = convert_to(%s || substr(convert_from(body, 'UTF8'), 2), 'UTF8')"
            " WHERE retailer_id = %s",
            [f'{{"word":"{word}","email":"{word}@shopper.example",', retailer_id],
        )


def _trail(retailer_id: int, message_id: UUID, word: str) -> None:
    for item in ExceptionItem.objects.filter(retailer_id=retailer_id):
        about = ObjectRef("exception", str(item.pk), word)
        record("exception.resolved", by=BY, object=about, retailer=retailer_id, reason=word, after={word: word})
    about = ObjectRef("message", str(message_id), word)
    record("payload.revealed", by=BY, object=about, retailer=retailer_id, reason=word)


def _partner_rows(partner_key: str) -> None:
    """What belongs to the partner as a whole: its own log, and the hosts it may call."""
    word = PARTNER_WORDS[partner_key]
    for message in Message.objects.all():
        record("payload.revealed", by=BY, object=ObjectRef("message", str(message.id), word), reason=word)
    allow_host(url=f"http://{word}.example:8069", note=word, by=BY, reason=word)


# email, role, retailer (None: all), partner
ADDED = (
    ("clara@bell.example", "owner", "bluebell", "northgate"),
    ("tia@tide.example", "owner", None, "tidewater"),
    ("mara@marl.example", "staff", "marlow", "tidewater"),
)


def _people(partner_key: str) -> None:
    """Someone who may open every page, of one retailer only; and the word in the names of each retailer's people."""
    for email, role, key, partner in ADDED:
        if partner == partner_key:
            person = Person(email=email, name=email.partition("@")[0].title(), role=role, all_retailers=key is None)
            # Numbers are counted in each schema: those of one partner's people must not be another's.
            person.pk = None if partner_key == "northgate" else 900_000 + len(email)
            person.set_password(PASSWORD)
            person.save(force_insert=True)
            if key:
                RetailerGrant.objects.create(person=person, retailer=Retailer.objects.get(key__startswith=key))
    for key, word in WORDS.items():
        theirs = RetailerGrant.objects.filter(retailer__key__startswith=key).values("person_id")
        Person.objects.filter(pk__in=theirs).update(name=Concat(F("name"), Value(f" {word}")))


KINDS = (("exception",), ("delivered",), (None, "unreadable"))


def _one(retailer_id: int, state: str | None, disposition: str = "") -> Message:
    """The newest message of a disposition, with a delivery in that state."""
    rows = Message.objects.filter(retailer_id=retailer_id, disposition=disposition)
    if state:
        rows = rows.filter(id__in=Delivery.objects.filter(state=state).values("message_id"))
    return rows.latest("id")


def _objects(retailer: Retailer) -> dict[str, list[dict[str, Any]]]:
    """Arguments of routes, a few of each kind."""
    messages = [_one(retailer.pk, *found) for found in KINDS]
    attempts = dict(Attempt.objects.filter(retailer_id=retailer.pk).values_list("id", "message_id"))
    steps = Step.objects.filter(retailer_id=retailer.pk, attempt_id__in=list(attempts)[:2])
    grant = RetailerGrant.objects.filter(retailer=retailer).order_by("id").first()
    return {
        "message_id": [{"message_id": message.id} for message in messages],
        "payload_id": [{"message_id": attempts[s.attempt_id], "payload_id": s.request_id} for s in steps],
        "accepted": list(
            Delivery.objects.filter(message_id=messages[1].id).values("flow_id", "object_type", "object_id")
        ),
        "delivery_id": [
            {"delivery_id": row.id} for row in Delivery.objects.filter(retailer_id=retailer.pk).order_by("id")[:2]
        ],
        "exception_id": [
            {"exception_id": item.id} for item in ExceptionItem.objects.filter(retailer_id=retailer.pk)[:3]
        ],
        "key": [{"key": row.key} for row in RetailConnection.objects.filter(retailer=retailer)],
        "drop": list(RetailConnection.objects.filter(retailer=retailer, connector="filedrop").values("pk")),
        "pause": [{"pause_id": row.pk} for row in Pause.objects.filter(retailer=retailer, ended_at=None)],
        "rules": [
            {"key": row.connection.key, "number": row.number}
            for row in RuleSet.objects.filter(retailer=retailer).select_related("connection")
        ],
        "flow": [{"key": row.key} for row in Flow.objects.filter(retailer=retailer)],
        "person_id": [{"person_id": grant.person_id}] if grant else [],
    }


def _numbers(retailer_id: int) -> list[str]:
    rows = BusinessKey.objects.filter(retailer_id=retailer_id, type="order").order_by("value")
    return list(rows.values_list("value", flat=True)[:2])
