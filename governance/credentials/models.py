"""Secrets of connections: ciphertext here, the keys in files outside the database."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenants.ids import uuid7
from tenants.scoping import RetailerQuerySet


class CredentialRows(RetailerQuerySet):
    def active(self) -> CredentialRows:
        return self.filter(retired_at__isnull=True)


class Credential(models.Model):
    """One version of one secret field. During a rotation two versions are active, at other times one.

    `ciphertext` is AES-256-GCM under a key of this row only, `wrapped_key` that key under the partner's key
    `key_id`; both are bound to the partner, this id and the version, so that no row can stand in for another.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.PROTECT, related_name="+")
    connection_id = models.BigIntegerField()
    field = models.CharField(max_length=60)
    purpose = models.CharField(max_length=10, choices=[("verify", "verify"), ("call", "call")])
    version = models.PositiveIntegerField()
    key_id = models.CharField(max_length=120)
    wrapped_key = models.BinaryField()
    ciphertext = models.BinaryField()
    created_by = models.TextField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = CredentialRows.as_manager()

    class Meta:
        ordering = ["connection_id", "field", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["connection_id", "field", "version"], name="credential_version_once")
        ]
        indexes = [
            models.Index(
                fields=["connection_id", "purpose"], name="credential_active", condition=Q(retired_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.field}, version {self.version}"
