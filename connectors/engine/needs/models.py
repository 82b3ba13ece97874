"""A small table that is empty while nothing waits."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tenants.scoping import RetailerQuerySet


class Need(models.Model):
    """What one delivery waits for. It is woken once for each time the thing or the value came to be known."""

    class Kind(models.TextChoices):
        THING = "thing"  # `name` is its object type, `key` its id at the source
        VALUE = "value"  # `name` is the table, `key` the value that it lacks

    delivery_id = models.UUIDField(primary_key=True)
    retailer_id = models.BigIntegerField()
    kind = models.TextField(choices=Kind.choices)
    name = models.TextField()
    key = models.TextField()
    source_id = models.BigIntegerField()
    target_id = models.BigIntegerField()
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)  # then a person is asked; a value is asked for at once
    woken_for = models.DateTimeField(null=True)  # since when what it was last woken for was known

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "engine_need"
        indexes = [models.Index(fields=["retailer_id", "kind", "name", "key"], name="need_of")]
