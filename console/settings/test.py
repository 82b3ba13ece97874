"""Settings of the test run. tests.support.plugin starts the database and sets the URLs before Django loads."""

from __future__ import annotations

import os
from pathlib import Path

from console.settings.base import *  # noqa: F403
from console.settings.database import database, role_url

SECRET_KEY = "test-key-that-is-long-enough-to-be-accepted-by-every-check-of-ours"  # noqa: S105
DEBUG = False
DATABASES = {
    "default": database(
        role_url(os.environ.get("DATABASE_URL", ""), os.environ.get("APP_DATABASE_URL", "")), pool_size=10
    )
}
BROKER_URL = os.environ.get("BROKER_URL", "memory://")
KEYS_DIR = Path(os.environ.get("SIGNALBOX_KEYS_DIR", "no-keys-outside-a-test-run"))
EMBEDDED = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The run's cluster need not survive a power cut.
REQUIRE_DURABLE_DATABASE = False
