"""The configuration of record: which retailer is connected to what, and which flows run between them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenants.ids import uuid7
from tenants.scoping import RetailerQuerySet


class RetailConnection(models.Model):
    """One retailer's use of one connector. Secrets live in `governance.credentials`, never here."""

    class State(models.TextChoices):
        ACTIVE = "active"
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
        """Follows from the open pauses of the flow and of its source; nothing else sets it."""

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


class PauseRows(RetailerQuerySet):
    def open(self) -> PauseRows:
        return self.filter(ended_at__isnull=True)


class Pause(models.Model):
    """Somebody made a flow, what a connection sends or what it is sent wait. Several may be open over one object.

    What waits moves when all of them are over. Objectives read `sla` and the two times.
    """

    class Scope(models.TextChoices):
        FLOW = "flow"
        SOURCE = "source"  # everything that comes from the connection
        TARGET = "target"  # everything that goes to it

    class Sla(models.TextChoices):
        """Whether what was late because of it counts against what was promised."""

        COUNTS = "counts"
        EXCLUDED = "excluded"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=10, choices=Scope.choices)
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, null=True, related_name="pauses")
    connection = models.ForeignKey(RetailConnection, on_delete=models.CASCADE, null=True, related_name="pauses")
    reason = models.TextField()
    sla = models.CharField(max_length=10, choices=Sla.choices, default=Sla.COUNTS)
    sla_reason = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.TextField()
    by_partner = models.BooleanField()  # by somebody who sees every retailer: only such a person may end it
    request_id = models.TextField()  # that of the act: what was paused together has one
    expires_at = models.DateTimeField(null=True)  # when it ends by itself; null: when somebody ends it
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(blank=True)
    end_reason = models.TextField(blank=True)

    objects = PauseRows.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="flow", flow__isnull=False, connection__isnull=True)
                | Q(scope__in=["source", "target"], flow__isnull=True, connection__isnull=False),
                name="pause_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="pause_open", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["-opened_at", "-id"], name="pause_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} of {self.label}"

    @property
    def label(self) -> str:
        return str(self.flow if self.scope == self.Scope.FLOW else self.connection)
