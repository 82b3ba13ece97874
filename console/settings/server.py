"""Real servers: everything by environment variables, TLS in front. See docs/how-to/run-on-a-server.md."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from console.settings.base import *  # noqa: F403
from console.settings.database import database, role_url


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set")
    return value


SECRET_KEY = _required("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters")
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
DEBUG = False
DATABASES = {"default": database(role_url(os.environ.get("DATABASE_URL", ""), os.environ.get("APP_DATABASE_URL", "")))}
BROKER_URL = _required("BROKER_URL")
KEYS_DIR = Path(_required("SIGNALBOX_KEYS_DIR"))
EMBEDDED = False

SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000
# A partner's own domain is theirs to extend to its subdomains, not ours.
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT", "0"))
if os.environ.get("TRUST_PROXY_SSL_HEADER") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
