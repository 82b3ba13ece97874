"""Answers kept for callers who may ask the same thing again."""

from __future__ import annotations

from django.db import models


class KeptAnswer(models.Model):
    """One `Idempotency-Key` of one person. `status` is null while the first request is being worked on.

    Bodies name ids and states only: whoever loses a retailer learns nothing from an answer kept before.
    """

    principal_id = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal_id", "key"], name="api_key_once")]
        indexes = [models.Index(fields=["created_at"], name="api_key_age")]
