"""Credentials of a connection for the two parties that may read them: the intake and the drain."""

from __future__ import annotations

from governance.credentials.selectors import secrets_for_connection


def verify_secrets(connection_id: int) -> tuple[str, ...]:
    """Signing secrets, newest first: two while one is being rotated."""
    found = secrets_for_connection(connection_id, purpose="verify")
    return tuple(secret.reveal() for values in found.values() for secret in values)


def call_secrets(connection_id: int) -> dict[str, str]:
    """Secrets for calls to the target, by field name."""
    found = secrets_for_connection(connection_id, purpose="call")
    return {name: values[0].reveal() for name, values in found.items() if values}
