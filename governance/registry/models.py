"""The configuration of record: which retailer is connected to what, and which flows run between them."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class RetailConnection(models.Model):
    """One retailer's use of one connector. Secrets live in `governance.credentials`, never here."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        DISCONNECTED = "disconnected"

    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="connections")
    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=120)
    connector = models.CharField(max_length=40)
    config = models.JSONField(default=dict)
    api_version = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    live = models.BooleanField(default=True)
    # SHA-256 of the secret half of the intake address; the address itself is shown once, at creation.
    intake_hash = models.BinaryField(max_length=32, null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class Flow(models.Model):
    """Takes events of some object types from one connection to one target, in lanes."""

    class Mode(models.TextChoices):
        """What order a flow keeps: of each document's events, of the newest state of each object only, or none."""

        STRICT = "strict"
        LATEST_WINS = "latest-wins"
        UNORDERED = "unordered"

    class Latency(models.TextChoices):
        LIVE = "live", "seconds"
        MINUTES = "minutes", "minutes"
        BATCH = "batch", "by the end of the day"

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="flows")
    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=120)
    source = models.ForeignKey(RetailConnection, on_delete=models.PROTECT, related_name="flows_out")
    target = models.ForeignKey(RetailConnection, on_delete=models.PROTECT, related_name="flows_in")
    # object type -> operation of the target's connector, e.g. {"order": "order.upsert"}
    operations = models.JSONField(default=dict)
    mode = models.CharField(max_length=20, choices=Mode.choices, default=Mode.STRICT)
    latency = models.CharField(max_length=20, choices=Latency.choices, default=Latency.LIVE)
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    revision = models.PositiveIntegerField(default=1)
    business_owner = models.CharField(max_length=120, blank=True)
    technical_owner = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label
