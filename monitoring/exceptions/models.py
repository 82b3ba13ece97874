"""What a person must decide: one row per failed message and flow, with every change of its state."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class ExceptionItem(models.Model):
    """`delivery_id` is null for what failed before any delivery (unreadable, forged repeat)."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        RETRYING = "retrying", "retrying"
        RESOLVED = "resolved", "resolved"

    OPEN_STATES = (State.OPEN, State.RETRYING)

    id = models.UUIDField(primary_key=True)
    retailer_id = models.BigIntegerField()
    message_id = models.UUIDField(db_index=True)
    delivery_id = models.UUIDField(null=True, db_index=True)
    flow_key = models.TextField(blank=True)
    connection_key = models.TextField(blank=True)
    error_class = models.TextField()
    title = models.TextField()
    detail = models.TextField(blank=True)
    fingerprint = models.TextField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    resolution = models.TextField(blank=True)  # in words: how it ended
    order_number = models.TextField(blank=True)
    store_key = models.TextField(blank=True)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True)
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    failures = models.IntegerField(default=1)
    resolved_at = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["retailer_id", "state", "-id"], name="exception_by_state"),
            # The desk's list and the sums above it, without a look at what is resolved.
            models.Index(
                fields=["-id"],
                name="exception_open_newest",
                include=["retailer_id", "state", "error_class", "currency", "value", "opened_at"],
                condition=models.Q(state__in=["open", "retrying"]),
            ),
            models.Index(
                fields=["fingerprint"], name="exception_open_group", condition=models.Q(state__in=["open", "retrying"])
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery_id"],
                name="one_open_exception_per_delivery",
                condition=models.Q(state__in=["open", "retrying"]),
            )
        ]


class Transition(models.Model):
    """One change of an exception's state: who or what, when, why."""

    id = models.UUIDField(primary_key=True)
    retailer_id = models.BigIntegerField()
    exception = models.ForeignKey(ExceptionItem, on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    by = models.TextField()
    reason = models.TextField(blank=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
