"""Partners and the hosts they are reached under. The only tenant facts in the public schema."""

from __future__ import annotations

import base64
import os

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


def new_schema_name() -> str:
    """`p_` and eight random base32 characters: generated, never typed."""
    return "p_" + base64.b32encode(os.urandom(5)).decode("ascii").lower()


class Partner(TenantMixin):
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    auto_drop_schema = False

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """The schema name without its prefix: the public half of every intake address."""
        return self.schema_name.removeprefix("p_")


class Domain(DomainMixin):
    """An exact host name in lower case, without a port. Inactive rows answer 404."""

    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.domain
