"""The values in force. What was proposed, by whom and why is the business of `governance.changes`."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet

ANY = "*"  # the value of a row that stands for all others: a table's stated default


class MappedValue(models.Model):
    """`value` of the source is `becomes` at the target, in one named table."""

    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey("registry.RetailConnection", on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("registry.RetailConnection", on_delete=models.PROTECT, related_name="+")
    table = models.TextField()
    value = models.TextField()
    becomes = models.TextField()
    since = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)  # of the change that brought it
    proposed_by = models.TextField(blank=True)
    approved_by = models.TextField(blank=True)
    reason = models.TextField(blank=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        db_table = "registry_mapped_value"
        ordering = ["table", "value"]
        constraints = [models.UniqueConstraint(fields=["source", "target", "table", "value"], name="mapped_value_once")]

    def __str__(self) -> str:
        return f"{self.table}: {self.value} is {self.becomes}"
