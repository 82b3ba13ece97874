"""The trail's rows. Written once, in the transaction of the act they tell; numbered later by the sealer."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from governance.audit.changes import change_values
from tenants.ids import uuid7
from tenants.scoping import RetailerQuerySet


class AuditEventManager(models.Manager.from_queryset(RetailerQuerySet)):
    """Also the door django-auditlog writes through: AUDITLOG_LOGENTRY_MODEL names this model."""

    def log_create(
        self, instance: models.Model, force_log: bool = False, *, action: int, changes: dict[str, Any] | None = None
    ) -> AuditEvent | None:
        if not changes:
            return None
        return self.create(**change_values(instance, AuditEvent.Action.VERBS[action], changes))


class AuditEvent(models.Model):
    """One act. `retailer_id` names the log it belongs to; without one it is in the partner's own log.

    Actor and object are kept as text, since their rows may change or go. `before` and `after` are JSON texts with
    secrets masked, for search; what is hashed, and what an export shows, is `canonical`.
    """

    class Action:
        """django-auditlog's numbers, and our words for them."""

        CREATE = 0
        UPDATE = 1
        DELETE = 2
        ACCESS = 3
        VERBS = ("created", "changed", "deleted", "viewed")

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"

    event_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retailer_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=80)
    actor_text = models.TextField()
    actor_role = models.CharField(max_length=20)
    auth_method = models.CharField(max_length=30, blank=True)
    source_ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=200, blank=True)
    object_text = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    before = models.TextField(null=True)
    after = models.TextField(null=True)
    canonical = models.BinaryField()
    leaf = models.BinaryField(max_length=32)
    seq = models.BigIntegerField(null=True)
    chain = models.BinaryField(max_length=32, null=True)

    objects = AuditEventManager()

    class Meta:
        ordering = ["-event_id"]
        indexes = [
            models.Index(fields=["retailer_id", "event_id"], name="audit_log"),
            models.Index(fields=["object_type", "object_id", "event_id"], name="audit_object"),
            models.Index(fields=["event_id"], name="audit_unsealed", condition=Q(seq__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["retailer_id", "seq"],
                name="audit_seq_once_a_log",
                condition=Q(seq__isnull=False),
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_text}: {self.action} {self.object_text}".rstrip()
