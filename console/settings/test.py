"""Settings of the test run. tests/conftest.py starts the database and sets APP_DATABASE_URL before Django loads."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from console.settings.base import *  # noqa: F403
from console.settings.database import database, role_url

SECRET_KEY = "test-key-that-is-long-enough-to-be-accepted-by-every-check-of-ours"
DEBUG = False
DATABASES = {
    "default": database(
        role_url(os.environ.get("DATABASE_URL", ""), os.environ.get("APP_DATABASE_URL", "")), pool_size=10
    )
}
BROKER_URL = os.environ.get("BROKER_URL", "memory://")
KEYS_DIR = Path(os.environ.get("SIGNALBOX_KEYS_DIR") or tempfile.mkdtemp(prefix="signalbox-keys-"))
EMBEDDED = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The run's cluster need not survive a power cut.
REQUIRE_DURABLE_DATABASE = False
