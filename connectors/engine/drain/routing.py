"""Pure: which flows a message goes to, and why it goes to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

from connectors.engine.config import FlowFacts
from connectors.engine.rules.language import AS_USUAL, Ruling
from governance.registry.models import Flow
from monitoring.ledger.models import Disposition
from tenants.ids import uuid7


def object_key(connection_id: int, object_type: str, object_id: str) -> bytes:
    """What `ObjectVersion` knows an object by."""
    return sha256(f"{connection_id}\0{object_type}\0{object_id}".encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Routable:
    """A stored message, as the router reads it."""

    id: UUID
    position: int
    retailer_id: int
    connection_id: int
    connection_key: str
    connector: str
    topic: str
    object_type: str
    object_id: str
    source_version: str
    order_key: str
    api_version: str
    trace_id: str
    received_at: datetime
    disposition: str
    rule: str
    masked: int  # card numbers masked in it
    body_hash: bytes
    door: str = "webhook"

    @property
    def version_hash(self) -> bytes:
        """What tells its version's contents apart; empty where no webhook can say more.

        A poll that backs webhooks reads after the second that a version names is over.
        """
        return b"" if self.door == "poll" else self.body_hash

    @property
    def object_key(self) -> bytes:
        """One object of one source, whatever its version and its door."""
        return object_key(self.connection_id, self.object_type, self.object_id)


@dataclass(frozen=True, slots=True)
class Known:
    """The newest version of an object so far, and the message and body that brought it.

    `body_hash` is empty where no webhook of this version says more: see `Routable.version_hash`.
    """

    version: str
    message_id: UUID
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery to be made, with the lane it waits in."""

    id: UUID
    message: Routable
    flow: FlowFacts
    operation: str
    lane_key: str
    idempotency_key: UUID
    reference: str
    ruling: Ruling = AS_USUAL

    @property
    def lane(self) -> tuple[int, str]:
        return self.flow.id, self.lane_key


@dataclass(slots=True)
class Plan:
    deliveries: list[Planned] = field(default_factory=list)
    # (message, disposition, rule in words)
    disposed: list[tuple[Routable, str, str]] = field(default_factory=list)
    unreadable: list[Routable] = field(default_factory=list)
    newest: dict[bytes, Routable] = field(default_factory=dict)  # by object key, where this batch brought a newer one


def plan_routes(
    schema: str,
    messages: Sequence[Routable],
    flows_by_source: Mapping[int, Sequence[FlowFacts]],
    known_versions: Mapping[bytes, Known],
    rulings: Mapping[UUID, Ruling],
) -> Plan:
    """Messages in position order into deliveries or dispositions. Every message ends in exactly one of them.

    `rulings`: what the rules say, by message, where its source has rules.
    """
    plan = Plan()
    newest = dict(known_versions)
    for message in messages:
        if message.disposition == Disposition.UNREADABLE:
            plan.unreadable.append(message)
            continue
        verdict = _version_verdict(message, newest)
        if verdict is None:
            version = _logical_version(message, newest)
            flows = flows_by_source.get(message.connection_id, ())
            verdict = _deliver(schema, message, version, flows, rulings.get(message.id, AS_USUAL), plan)
        if verdict is not None:
            plan.disposed.append((message, *verdict))
        if message.source_version and (verdict is None or verdict[0] == Disposition.FILTERED):
            newest[message.object_key] = Known(message.source_version, message.id, message.version_hash)
            plan.newest[message.object_key] = message
    return plan


def _version_verdict(message: Routable, newest: Mapping[bytes, Known]) -> tuple[str, str] | None:
    """The same version is one version by however many events; an older one must not undo a newer one.

    Sources state versions by the second: two changes within one are told apart by their bodies.
    """
    if not message.source_version or not message.object_id:
        return None
    known = newest.get(message.object_key)
    if known is None or message.source_version > known.version:
        return None
    if message.source_version < known.version:
        return Disposition.OLDER_VERSION, f"Older than version {known.version}, which came before: {known.message_id}"
    if message.body_hash == known.body_hash or (not known.body_hash and message.door == "webhook"):
        text = f"Version {known.version} of this {message.object_type} came before: {known.message_id}"
        return Disposition.SAME_VERSION, text
    return None


def _logical_version(message: Routable, newest: Mapping[bytes, Known]) -> str:
    """What the target must be able to tell apart: each message we deliver is another version.

    A key that came twice would make a target that knows our keys keep the older of two states.
    """
    if not message.source_version:
        return str(message.id)
    known = newest.get(message.object_key)
    if known is not None and known.version == message.source_version:
        return f"{message.source_version}+{message.body_hash.hex()[:16]}"
    return message.source_version


def _deliver(
    schema: str, message: Routable, version: str, flows: Sequence[FlowFacts], ruling: Ruling, plan: Plan
) -> tuple[str, str] | None:
    """A paused flow takes its messages too: they wait in their lanes until it is resumed."""
    if ruling.filtered:
        return Disposition.FILTERED, ruling.text
    taking = [flow for flow in flows if message.object_type in flow.operations]
    if not taking:
        return Disposition.NO_FLOW, f"No flow takes {message.topic or 'an event without a topic'}"
    chosen = [flow for flow in taking if ruling.flows is None or flow.key in ruling.flows]
    if not chosen:
        return Disposition.NO_FLOW, f"{ruling.text} sends it to a flow that takes no {message.object_type}"
    plan.deliveries.extend(_planned(schema, message, version, flow, ruling) for flow in chosen)
    return None


def _planned(schema: str, message: Routable, version: str, flow: FlowFacts, ruling: Ruling) -> Planned:
    operation = flow.operations[message.object_type]
    return Planned(
        id=uuid7(),
        message=message,
        flow=flow,
        operation=operation,
        lane_key=_lane_key(message, flow),
        idempotency_key=idempotency_key(schema, flow.key, operation, message.object_id, version),
        reference=f"{flow.source_key}/{message.object_id}",
        ruling=ruling,
    )


def _lane_key(message: Routable, flow: FlowFacts) -> str:
    """In a latest-wins flow one object's states share a lane, so that nothing supersedes another object's."""
    if flow.mode == Flow.Mode.STRICT:
        return message.order_key
    if flow.mode == Flow.Mode.LATEST_WINS and message.object_id:
        return f"{message.object_type} {message.object_id}"
    return str(message.id)


def idempotency_key(schema: str, flow_key: str, operation: str, object_id: str, version: str) -> UUID:
    """Follows the document, not the event, and never changes between attempts."""
    return uuid5(NAMESPACE_URL, f"signalbox:{schema}/{flow_key}/{operation}/{object_id}/{version}")
