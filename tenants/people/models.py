"""People of one partner: its own staff and its retailers' staff. They exist at this partner only."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.scoping import RetailerQuerySet


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, email: str) -> Person:
        return self.get(email=email.lower())


class Person(AbstractBaseUser):
    """`all_retailers` is for partner staff; everyone else sees the retailers granted to them, or nothing."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20)
    is_active = models.BooleanField(default=True)
    all_retailers = models.BooleanField(default=False)
    timezone = models.CharField(max_length=60, default="UTC")
    theme = models.CharField(max_length=10, default="system")  # light, dark, system
    density = models.CharField(max_length=12, default="compact")  # compact, comfortable
    times = models.CharField(max_length=10, default="relative")  # relative, absolute
    zone = models.CharField(max_length=10, default="mine")  # utc, mine (`timezone`), retailer
    shortcuts = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Part of the session hash: raising it signs the person out everywhere.
    session_epoch = models.PositiveIntegerField(default=0)

    USERNAME_FIELD = "email"
    objects = PersonManager()

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    def get_session_auth_hash(self) -> str:
        return f"{super().get_session_auth_hash()}-{self.session_epoch}"


class RetailerGrant(models.Model):
    """One person may see one retailer."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants")
    retailer = models.ForeignKey("retailers.Retailer", on_delete=models.CASCADE, related_name="+")

    objects = RetailerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "retailer"], name="grant_once")]
