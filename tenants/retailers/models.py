"""Retailers of one partner and their stores."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class RetailerRows(RetailerQuerySet):
    retailer_column = "id"


class Retailer(models.Model):
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=60, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RetailerRows.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """A place that sells. `key` is the id under which its sources speak of it."""

    retailer = models.ForeignKey(Retailer, on_delete=models.PROTECT, related_name="stores")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=60, default="UTC")
    is_active = models.BooleanField(default=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["retailer", "key"], name="store_key_once")]

    def __str__(self) -> str:
        return self.name
