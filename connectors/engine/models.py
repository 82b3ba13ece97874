"""The engine's working set: small tables that claims read, and nothing that history needs."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class Head(models.Model):
    """Two rows. 1: the intake's last position; its lock makes position the commit order. 2: the router's watermark."""

    INTAKE = 1
    ROUTED = 2

    id = models.SmallIntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)

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
    """One target credential, shared by all workers: how many calls at once, and a circuit breaker."""

    class Breaker(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"

    connection_id = models.BigIntegerField(primary_key=True)
    retailer_id = models.BigIntegerField()
    concurrency = models.IntegerField()
    not_before = models.DateTimeField(null=True)  # the target's Retry-After
    failures = models.IntegerField(default=0)  # connection failures in a row
    breaker = models.TextField(choices=Breaker.choices, default=Breaker.CLOSED)
    breaker_reason = models.TextField(default="")
    probe_at = models.DateTimeField(null=True)  # while open: when one delivery may try

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_endpoint"
