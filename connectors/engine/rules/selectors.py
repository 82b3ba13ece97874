"""Reads of routing rules: compiled for the router, versions for the page, and a dry run on stored messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Protocol

from connectors.engine.rules.language import Rules, Ruling, compile_rules
from connectors.engine.rules.services import flow_keys
from connectors.mapping.errors import MappingRefused
from connectors.sdk import safe_json
from governance.registry.models import RetailConnection
from governance.routing.models import RuleSet
from monitoring.ledger import payloads
from monitoring.ledger.models import Disposition, Message

DRY_RUN_MESSAGES: Final = 1_000
SHOWN: Final = 50


class Described(Protocol):
    """A stored message, as the router or the ledger has it."""

    topic: str
    object_type: str
    object_id: str
    api_version: str


def live_rules() -> dict[int, Rules]:
    """By connection; those that cannot be read any more hold everything. Cost: one query."""
    return {row.connection_id: compiled(row) for row in RuleSet.objects.scoped().filter(state=RuleSet.State.LIVE)}


def compiled(row: RuleSet) -> Rules:
    """Of a version that was accepted once. What can no longer be read holds everything, and says why."""
    try:
        return compile_rules(row.definition, version=str(row), flows=None)
    except MappingRefused as refusal:
        return Rules(str(row), (), broken=str(refusal))


def document_of(message: Described, body: bytes) -> dict[str, Any]:
    """What conditions see of a message. A body that is no JSON, or is gone, is null."""
    try:
        content = safe_json.parse(body) if body else None
    except safe_json.UnreadablePayload:
        content = None
    return {
        "topic": message.topic,
        "object_type": message.object_type,
        "object_id": message.object_id,
        "api_version": message.api_version,
        "body": content,
    }


@dataclass(frozen=True, slots=True)
class Change:
    """A stored message that the rules would treat otherwise than those that are live."""

    message: Message
    before: Ruling
    after: Ruling


@dataclass(frozen=True, slots=True)
class DryRun:
    """`by_rule`: how many messages each rule would decide about, "" for none."""

    looked_at: int
    without_body: int
    by_rule: tuple[tuple[str, str, int], ...]  # (rule, what it does, messages)
    changes: tuple[Change, ...]
    changed: int


def dry_run(connection: RetailConnection, definition: str) -> DryRun:
    """What the rules would have said of the newest stored messages. Nothing is written.

    Cost: three queries and the bodies of up to DRY_RUN_MESSAGES messages. Raises MappingRefused.
    """
    flows = flow_keys(connection)
    wanted = compile_rules(definition, version="the proposal", flows=flows)
    live = live_rules().get(connection.pk)
    rows = Message.objects.scoped().filter(connection_id=connection.pk).exclude(disposition=Disposition.UNREADABLE)
    messages = list(rows.order_by("-id")[:DRY_RUN_MESSAGES])
    bodies = payloads.read([message.pk for message in messages])
    counts: Counter[tuple[str, str]] = Counter()
    changes = []
    for message in messages:
        document = document_of(message, bodies.get(message.pk, b""))
        after, before = wanted.ruling(document), live.ruling(document) if live else Ruling()
        counts[after.rule, after.words] += 1
        if (after.words, after.rule) != (before.words, before.rule):
            changes.append(Change(message, before, after))
    return DryRun(
        len(messages),
        sum(1 for message in messages if message.pk not in bodies),
        tuple((rule, words, count) for (rule, words), count in sorted(counts.items(), key=lambda item: -item[1])),
        tuple(changes[:SHOWN]),
        len(changes),
    )


def rule_sets_of(connection: RetailConnection) -> list[RuleSet]:
    """Newest first. Cost: one query."""
    return list(RuleSet.objects.scoped().filter(connection=connection).select_related("connection"))
