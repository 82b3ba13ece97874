"""The floor of retailer isolation: querysets that a view may use are limited to the scope's retailers.

Row-level security stands behind this; each alone must leak nothing.
"""

from __future__ import annotations

from typing import Self

from django.db import models

from tenants.context import ALL, require_scope


class RetailerQuerySet(models.QuerySet):
    retailer_column = "retailer_id"

    def scoped(self) -> Self:
        """Only rows of the retailers in the current scope; all of the partner's under ALL."""
        retailers = require_scope().retailers
        if retailers == ALL:
            return self
        return self.filter(**{f"{self.retailer_column}__in": sorted(retailers)})
