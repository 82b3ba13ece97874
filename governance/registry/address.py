"""Intake addresses: `/in/<partner code>-<secret>`. Whoever has one still cannot sign."""

from __future__ import annotations

from typing import Final

from tenants.context import require_scope

# Stored among a connection's secrets, though no manifest names it: only its hash is in the connection's row.
INTAKE_SECRET: Final = "intake_secret"  # noqa: S105


def intake_path_of(secret: str) -> str:
    return f"/in/{require_scope().schema.removeprefix('p_')}-{secret}"
