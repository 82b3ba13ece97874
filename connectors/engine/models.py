"""The engine's working set: small tables that claims read, and nothing that history needs."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class Head(models.Model):
    """The partner's intake head: its row lock makes position the commit order. One row."""

    id = models.SmallIntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)
    routed = models.BigIntegerField(default=0)  # the router's watermark

    class Meta:
        db_table = "engine_head"


class Lane(models.Model):
    """What must stay in order: (flow, key). Exists only while it holds entries."""

    retailer_id = models.BigIntegerField()
    flow_id = models.BigIntegerField()
    key = models.TextField()
    endpoint_id = models.BigIntegerField()  # the target connection
    due_at = models.DateTimeField()
    parked = models.BooleanField(default=False)  # behind an exception
    token = models.BigIntegerField(default=0)  # fencing token of the last lease
    holder = models.IntegerField(null=True)  # advisory lock id of the drain that leases it
    leased_until = models.DateTimeField(null=True)
    crashes = models.SmallIntegerField(default=0)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_lane"
        constraints = [models.UniqueConstraint(fields=["flow_id", "key"], name="lane_once")]
        indexes = [models.Index(fields=["due_at"], name="lane_due", condition=models.Q(parked=False))]


class Entry(models.Model):
    """One delivery waiting in its lane, in position order."""

    retailer_id = models.BigIntegerField()
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="entries")
    position = models.BigIntegerField()
    delivery_id = models.UUIDField(unique=True)
    message_id = models.UUIDField()
    attempts = models.SmallIntegerField(default=0)
    trigger = models.TextField(default="auto")

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_entry"
        indexes = [models.Index(fields=["lane", "position"], name="entry_order")]


class Intent(models.Model):
    """Committed before a call that changes the target. One left behind means: uncertain."""

    attempt_id = models.UUIDField()
    retailer_id = models.BigIntegerField()
    delivery_id = models.UUIDField()
    lane_id = models.BigIntegerField(db_index=True)
    token = models.BigIntegerField()
    step = models.TextField()
    at = models.DateTimeField()

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_intent"


class Endpoint(models.Model):
    """One target credential, shared by all workers: token bucket, slots and circuit breaker."""

    connection_id = models.BigIntegerField(primary_key=True)
    retailer_id = models.BigIntegerField()
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)  # Retry-After
    failures = models.IntegerField(default=0)  # connection failures in a row
    breaker = models.TextField(default="closed")  # closed, open, half-open
    breaker_reason = models.TextField(default="")
    probe_at = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_endpoint"
