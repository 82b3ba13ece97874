"""Counts per minute, written in the transaction of what they count."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class Minute(models.Model):
    """One writer's count of one kind of event in one minute.

    `kind`: received, repeated, disposed (ignored, filtered, …), attempt, delivery. `outcome` refines it.
    `histogram` counts durations in log-scale buckets (see monitoring.rollups.histogram); empty where none apply.
    """

    minute = models.DateTimeField()
    retailer_id = models.BigIntegerField()
    store_key = models.TextField()
    connection_key = models.TextField()
    flow_key = models.TextField()
    kind = models.TextField()
    outcome = models.TextField()
    api_version = models.TextField()
    currency = models.TextField()
    slot = models.SmallIntegerField()
    count = models.BigIntegerField()
    value = models.DecimalField(max_digits=28, decimal_places=6)
    histogram = models.TextField()  # bigint[] in the database

    pk = models.CompositePrimaryKey(
        "minute",
        "retailer_id",
        "kind",
        "outcome",
        "connection_key",
        "flow_key",
        "store_key",
        "api_version",
        "currency",
        "slot",
    )
    objects = RetailerQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "rollups_minute"
