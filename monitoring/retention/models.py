"""How long things are kept, what may not go, and what has gone."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class Clock(models.Model):
    """A partner's own number of days for one kind; without a row the default holds (`clocks.DEFAULT_DAYS`)."""

    kind = models.CharField(max_length=20, primary_key=True)
    days = models.IntegerField()


class Hold(models.Model):
    """Nothing of this retailer goes while it stands: until it is released, or its last day has passed."""

    retailer_id = models.BigIntegerField()
    why = models.TextField()
    placed_by = models.TextField()
    placed_at = models.DateTimeField()
    until = models.DateField(null=True)  # the last day; null: until released
    released_by = models.TextField(default="")
    released_at = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()


class Period(models.Model):
    """One month of one kind that was pruned, or is about to be.

    From DROPPING on its messages are counted by `retention_settled` alone, whether their tables are still there or not.
    """

    class State(models.TextChoices):
        KEPT = "kept", "kept in part"
        DROPPING = "dropping", "being dropped"
        DROPPED = "dropped", "dropped"

    kind = models.CharField(max_length=20)
    month = models.DateField()
    low = models.UUIDField()
    high = models.UUIDField()
    state = models.CharField(max_length=20, choices=State.choices)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "month"], name="period_once")]
