"""What is known of drops: their files, what is seen of them and not taken yet, and what should come."""

from __future__ import annotations

from django.db import models

from tenants.scoping import RetailerQuerySet


class DropWatch(models.Model):
    """One a connection that reads a drop: its last look, and what keeps it from looking."""

    connection_id = models.BigIntegerField(primary_key=True)
    retailer_id = models.BigIntegerField()
    looked_at = models.DateTimeField(null=True)  # the last look that saw the folder
    due_at = models.DateTimeField(null=True)  # no look before this; also the lease of whoever looks now
    problem = models.TextField(blank=True)  # one sentence; "" while all is well
    problem_since = models.DateTimeField(null=True)
    message_id = models.UUIDField(null=True)  # what told a person of the problem

    objects = RetailerQuerySet.as_manager()


class DropFile(models.Model):
    """A file that came, known by its content: the same bytes under another name are the same file."""

    class State(models.TextChoices):
        TAKING = "taking", "being taken"
        TAKEN = "taken", "taken"
        REFUSED = "refused", "refused"

    connection_id = models.BigIntegerField()
    retailer_id = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    name = models.TextField()
    also_named = models.JSONField(default=list)  # further names it came under
    size = models.BigIntegerField()
    store_key = models.TextField()
    day = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.TAKING)
    encoding = models.CharField(max_length=12, blank=True)
    receipts = models.IntegerField(null=True)
    rows = models.IntegerField(null=True)
    total = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    stated_rows = models.IntegerField(null=True)
    stated_total = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    reason = models.TextField(blank=True)  # why it was refused
    message_id = models.UUIDField(null=True)  # the message that tells of the refusal
    seen_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection_id", "sha256"], name="drop_file_once")]
        indexes = [models.Index(fields=["connection_id", "store_key", "day"], name="drop_file_of_day")]


class Sighting(models.Model):
    """A name in a drop as it was last seen. `file_id` once its bytes were read; null while it may still grow."""

    connection_id = models.BigIntegerField()
    retailer_id = models.BigIntegerField()
    name = models.TextField()
    size = models.BigIntegerField()
    modified = models.BigIntegerField()  # the server's own time, in its own unit: only ever compared
    first_seen_at = models.DateTimeField()  # as it is now
    seen_at = models.DateTimeField()
    file_id = models.BigIntegerField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection_id", "name"], name="drop_name_once")]


class ExpectedFile(models.Model):
    """The contract: this store's file of this day, by `due_at`."""

    class State(models.TextChoices):
        EXPECTED = "expected", "expected"
        ARRIVED = "arrived", "in time"
        LATE = "late", "late"
        MISSING = "missing", "missing"
        WRONG = "wrong", "wrong"

    connection_id = models.BigIntegerField()
    retailer_id = models.BigIntegerField()
    store_key = models.TextField()
    day = models.DateField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.EXPECTED)
    file_id = models.BigIntegerField(null=True)
    message_id = models.UUIDField(null=True)  # what told a person that it is missing or wrong
    arrived_at = models.DateTimeField(null=True)

    objects = RetailerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection_id", "store_key", "day"], name="expected_once")]
        indexes = [
            models.Index(fields=["due_at"], name="expected_due", condition=models.Q(state="expected")),
            models.Index(fields=["connection_id", "-day", "store_key"], name="expected_newest"),
        ]
