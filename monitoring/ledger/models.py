"""What happened: messages, deliveries, attempts and their steps; facts and keys to find them by.

Rows are written once and hardly changed. Ids are UUIDv7 made in Python; the big tables are range-partitioned on the
id itself, so one look-up touches one partition and time order is id order. There are no foreign keys across layers:
ids and names are kept as facts. The tables are made by SQL in migration 0001; these models only describe them.
"""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class LedgerRow(models.Model):
    retailer_id = models.BigIntegerField()

    objects = RetailerQuerySet.as_manager()

    class Meta:
        abstract = True
        managed = False


class Disposition(models.TextChoices):
    """What became of a message before any delivery. Empty: it went to its flows."""

    ROUTED = "", "sent to its flows"
    NO_FLOW = "ignored", "ignored"
    FILTERED = "filtered", "filtered"
    SAME_VERSION = "deduplicated", "same version by another event"
    OLDER_VERSION = "superseded", "older than a version already received"
    UNREADABLE = "unreadable", "unreadable"


class Message(LedgerRow):
    """One accepted event. `position` is the partner's commit order."""

    id = models.UUIDField(primary_key=True)
    position = models.BigIntegerField()
    connection_id = models.BigIntegerField()
    connection_key = models.TextField()
    connector = models.TextField()
    door = models.TextField()  # webhook, poll, file, command
    topic = models.TextField()
    event_id = models.TextField()
    object_type = models.TextField()  # "" when the payload names none
    object_id = models.TextField()
    source_version = models.TextField()
    order_key = models.TextField()  # what must stay in order with it
    api_version = models.TextField()  # "" = not stated
    received_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    body_hash = models.BinaryField()  # SHA-256 of the bytes as sent, before masking
    size = models.IntegerField()
    masked = models.IntegerField()  # card numbers masked before the first write
    trace_id = models.TextField()
    cause_id = models.UUIDField(null=True)
    disposition = models.TextField(choices=Disposition.choices)
    rule = models.TextField()  # the rule behind the disposition, in words

    class Meta(LedgerRow.Meta):
        db_table = "ledger_message"


class Repeat(LedgerRow):
    """An event that came again: answered 200 with the first message's id, and recorded."""

    id = models.UUIDField(primary_key=True)
    message_id = models.UUIDField()
    connection_id = models.BigIntegerField()
    connection_key = models.TextField()
    topic = models.TextField()
    event_id = models.TextField()
    received_at = models.DateTimeField()
    same_body = models.BooleanField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_repeat"


class Delivery(LedgerRow):
    """A message's way to one target. Ran, accepted and confirmed are three facts."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RETRYING = "retrying", "retrying"
        DELIVERED = "delivered", "delivered"
        EXCEPTION = "exception", "needs a decision"
        SUPERSEDED = "superseded", "superseded"
        CLOSED = "closed", "closed by a person"

    OPEN_STATES = (State.WAITING, State.RETRYING)

    id = models.UUIDField(primary_key=True)
    message_id = models.UUIDField()
    flow_id = models.BigIntegerField()
    flow_key = models.TextField()
    connection_id = models.BigIntegerField()  # the target
    connection_key = models.TextField()
    operation = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    source_version = models.TextField()
    lane_key = models.TextField()
    kind = models.TextField()  # live, replay
    state = models.TextField(choices=State.choices)
    idempotency_key = models.UUIDField()
    reference = models.TextField()  # our reference in the target
    attempts = models.IntegerField()
    due_at = models.DateTimeField(null=True)
    map_version = models.TextField()
    document_id = models.TextField()  # the target's number, once accepted
    document_type = models.TextField()
    effect = models.TextField()  # created, amended, cancelled, returned, already
    ran_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    rule = models.TextField()  # in words: the routing rule behind it, or why it ended without being sent
    error_class = models.TextField()
    error_message = models.TextField()
    trace_id = models.TextField()
    received_at = models.DateTimeField()  # of the message: latency is counted from here
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta(LedgerRow.Meta):
        db_table = "ledger_delivery"


class Attempt(LedgerRow):
    """One run of an operation for one delivery."""

    class Outcome(models.TextChoices):
        OK = "ok", "accepted"
        FAILED = "failed", "failed"
        UNCERTAIN = "uncertain", "uncertain"
        INTERRUPTED = "interrupted", "interrupted"

    id = models.UUIDField(primary_key=True)
    delivery_id = models.UUIDField()
    message_id = models.UUIDField()
    flow_key = models.TextField()
    connection_key = models.TextField()
    operation = models.TextField()
    number = models.IntegerField()
    trigger = models.TextField()  # auto, manual
    started_at = models.DateTimeField()
    duration_us = models.BigIntegerField()
    transform_us = models.BigIntegerField()
    target_us = models.BigIntegerField()  # sum of its calls
    outcome = models.TextField(choices=Outcome.choices)
    error_class = models.TextField()
    error_message = models.TextField()
    error_detail = models.TextField()
    version_requested = models.TextField()
    version_served = models.TextField()  # "" = not stated
    worker = models.TextField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_attempt"


class Step(LedgerRow):
    """One call to the target under an attempt, recorded with its request and response (secrets masked)."""

    id = models.UUIDField(primary_key=True)
    attempt_id = models.UUIDField()
    number = models.IntegerField()
    name = models.TextField()
    changes = models.BooleanField()
    method = models.TextField()
    target = models.TextField()
    status = models.IntegerField(null=True)  # null: no answer came
    started_at = models.DateTimeField()
    duration_us = models.BigIntegerField()
    version_requested = models.TextField()
    version_served = models.TextField()
    request_id = models.UUIDField(null=True)  # payload ids
    response_id = models.UUIDField(null=True)
    error = models.TextField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_step"


class Fact(LedgerRow):
    """What a message is worth and about, from its canonical object. Unknown is null, never 0."""

    message_id = models.UUIDField(primary_key=True)
    object_type = models.TextField()
    number = models.TextField()
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    currency = models.TextField()
    units = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    store_key = models.TextField()
    channel = models.TextField()
    counterparty = models.BinaryField(null=True)  # keyed hash
    occurred_at = models.DateTimeField(null=True)

    class Meta(LedgerRow.Meta):
        db_table = "ledger_fact"


class BusinessKey(LedgerRow):
    """What people search by: (type, value) -> message. Personal values as keyed hashes."""

    id = models.UUIDField(primary_key=True)
    type = models.TextField()
    value = models.TextField()
    message_id = models.UUIDField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_businesskey"


class EventKey(LedgerRow):
    """Remembers every event ever accepted, so that a repeat is known after its payload is gone."""

    key = models.BinaryField(primary_key=True)
    message_id = models.UUIDField()
    body_hash = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_eventkey"


class ObjectVersion(LedgerRow):
    """The newest version of one object ever received, by whichever door: joins webhook, poll and file."""

    key = models.BinaryField(primary_key=True)
    version = models.TextField()  # comparable as text: UTC, ISO 8601
    message_id = models.UUIDField()
    body_hash = models.BinaryField()

    class Meta(LedgerRow.Meta):
        db_table = "ledger_objectversion"
