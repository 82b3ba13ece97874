"""Hosts that a partner lets its calls reach although they are private, or speak plain http, SFTP or PostgreSQL."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AllowedHost(models.Model):
    """Exactly this host, port and scheme, for the whole partner. Metadata addresses stay out of reach."""

    class Scheme(models.TextChoices):
        HTTPS = "https"
        HTTP = "http"
        SFTP = "sftp"
        POSTGRESQL = "postgresql"

    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    scheme = models.CharField(max_length=10, choices=Scheme.choices)
    note = models.CharField(max_length=200, blank=True)
    created_by = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["host", "port"]
        constraints = [
            models.UniqueConstraint(fields=["host", "port", "scheme"], name="allowed_host_once"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65535), name="allowed_host_port"),
            models.CheckConstraint(
                condition=Q(scheme__in=["https", "http", "sftp", "postgresql"]), name="allowed_host_scheme"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"
