"""The engine's working set: small tables that claims read, and nothing that history needs."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.scoping import RetailerQuerySet


class Head(models.Model):
    """Two rows. 1: the intake's last position; its lock makes position the commit order. 2: the router's watermark."""

    INTAKE = 1
    ROUTED = 2

    id = models.SmallIntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)

    class Meta:
        db_table = "engine_head"


class Behind(models.Model):
    """A retailer whose burst others overtake: routed up to `position`, and not from there to the watermark."""

    retailer_id = models.BigIntegerField(primary_key=True)
    position = models.BigIntegerField()

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_behind"


class Lane(models.Model):
    """What must stay in order: (flow, key). Exists only while it holds entries. A free one has no crashes."""

    class Share(models.IntegerChoices):
        """Of its endpoint's calls: what its head entry is counted among."""

        LIVE = 0
        RETRY = 1
        REPLAY = 2

    retailer_id = models.BigIntegerField()
    flow_id = models.BigIntegerField()
    key = models.TextField()
    endpoint_id = models.BigIntegerField()  # the target connection
    share = models.SmallIntegerField(choices=Share.choices, default=Share.LIVE)
    due_at = models.DateTimeField()
    parked = models.BooleanField(default=False)  # behind an exception
    early = models.BooleanField(default=False)  # its head has come too early: the next to come goes first
    token = models.BigIntegerField(default=0)  # fencing token of the last lease
    holder = models.IntegerField(null=True)  # advisory lock id of the drain that leases it
    leased_until = models.DateTimeField(null=True)
    crashes = models.SmallIntegerField(default=0)  # leases whose holder died, since its last outcome

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_lane"
        constraints = [models.UniqueConstraint(fields=["flow_id", "key"], name="lane_once")]
        indexes = [
            models.Index(
                fields=["flow_id", "share", "due_at"],
                name="lane_free",
                condition=models.Q(parked=False, holder__isnull=True),
            ),
            models.Index(
                fields=["endpoint_id", "leased_until"], name="lane_leased", condition=models.Q(holder__isnull=False)
            ),
        ]


class Entry(models.Model):
    """One delivery waiting in its lane, in position order."""

    retailer_id = models.BigIntegerField()
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="entries", db_constraint=False)
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
    """One target credential, shared by all workers: how fast it may be called, and whether at all.

    The rules are in `connectors.engine.drain.pacing`. `own_*` are a person's limits in place of the manifest's.
    """

    class Breaker(models.TextChoices):
        CLOSED = "closed"
        OPEN = "open"  # one probe at a time, from `probe_at` on
        HELD = "held"  # by a person: nothing goes until a person lets it

    connection_id = models.BigIntegerField(primary_key=True)
    retailer_id = models.BigIntegerField()
    concurrency = models.IntegerField()
    per_second = models.FloatField(default=0)
    burst = models.IntegerField(default=0)
    own_concurrency = models.IntegerField(null=True)
    own_per_second = models.FloatField(null=True)
    tokens = models.FloatField(default=0)  # at `counted_at`; below 0 where runs made more calls than they were given
    counted_at = models.DateTimeField(db_default=Now())
    pace = models.FloatField(default=1)  # share of the limits in use at `paced_at`; rises by itself
    pace_gain = models.FloatField(default=0)  # a minute
    paced_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(null=True)  # the target's Retry-After
    window_at = models.DateTimeField(db_default=Now())
    window_calls = models.IntegerField(default=0)  # runs that reached out since `window_at`
    window_failures = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)  # connection failures in a row, and failed probes
    breaker = models.TextField(choices=Breaker.choices, default=Breaker.CLOSED)
    breaker_reason = models.TextField(default="")
    breaker_at = models.DateTimeField(null=True)  # since when it is as it is
    probe_at = models.DateTimeField(null=True)  # while open: when one delivery may try

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_endpoint"
