"""One-time links and the memory of failed sign-ins. Both live in the partner's schema, so neither works at another."""

from __future__ import annotations

from django.db import models


class OneTimeLink(models.Model):
    """Opens one door once. Only the token's SHA-256 is kept; the token is shown once, to whoever made the link."""

    class Purpose(models.TextChoices):
        INVITE = "invite", "set a first password"
        RESET = "reset", "set a new password"
        SIGN_IN = "sign-in", "sign in"

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="links")
    digest = models.BinaryField(max_length=32, unique=True)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} until {self.expires_at:%Y-%m-%d %H:%M} UTC"


class SignInFailure(models.Model):
    """How often one door was tried in vain. `key` is a hash, since a typed e-mail address may belong to nobody here."""

    key = models.BinaryField(max_length=32, primary_key=True)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField(db_index=True)
