"""Routing rules as versioned data: who proposed what, who approved it, and since when it is live."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class RuleSet(models.Model):
    """One version of a connection's routing rules. At most one is live; what it says is never changed."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        LIVE = "live"
        RETIRED = "retired"  # was live: may be again
        WITHDRAWN = "withdrawn"  # never was

    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey("registry.RetailConnection", on_delete=models.PROTECT, related_name="rule_sets")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.PROPOSED)
    reason = models.TextField()
    proposed_by = models.TextField()
    proposer_id = models.TextField()  # whoever proposed it does not approve it
    proposed_at = models.DateTimeField()
    approved_by = models.TextField(blank=True)
    live_since = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "routing_rule_set"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="rule_set_once"),
            models.UniqueConstraint(fields=["connection"], condition=models.Q(state="live"), name="one_live_rule_set"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
