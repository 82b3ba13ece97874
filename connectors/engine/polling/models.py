"""How far each stream of a connection was read, and who reads it now."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.scoping import RetailerQuerySet


class Cursor(models.Model):
    """One stream of one connection. `state` moves only in the transaction that stores what was read up to there.

    Leased by whoever asks; `token` fences every write of an earlier holder off.
    """

    retailer_id = models.BigIntegerField()
    connection_id = models.BigIntegerField()
    stream = models.TextField()
    state = models.JSONField(default=dict)
    due_at = models.DateTimeField(db_default=Now())
    token = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)  # the last time it was read to its end
    failures = models.IntegerField(default=0)  # in a row
    failed_at = models.DateTimeField(null=True)
    error_class = models.TextField(default="", blank=True)
    error = models.TextField(default="", blank=True)  # one sentence; "" since it was read again
    created_at = models.DateTimeField(db_default=Now())

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "polling_cursor"
        constraints = [models.UniqueConstraint(fields=["connection_id", "stream"], name="cursor_once")]
        indexes = [models.Index(fields=["due_at"], name="cursor_due")]
