"""One thing's ids over systems."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class Identity(models.Model):
    """What a connection calls the thing that its master calls `master_id`. The master's own id has no row itself."""

    retailer_id = models.BigIntegerField()
    object_type = models.TextField()
    master_connection_id = models.BigIntegerField()
    master_connection_key = models.TextField()
    master_id = models.TextField()
    connection_id = models.BigIntegerField()
    connection_key = models.TextField()
    external_id = models.TextField()
    how = models.TextField()  # created, found
    since = models.DateTimeField()
    message_id = models.UUIDField()  # whose delivery told it

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "ledger_identity"
        constraints = [
            models.UniqueConstraint(
                fields=["master_connection_id", "object_type", "master_id", "connection_id"], name="identity_once"
            )
        ]
        indexes = [models.Index(fields=["connection_id", "object_type", "external_id"], name="identity_by_id")]
