"""Settings of a real server, with the waiting for a silent target shortened (`pace`). Everything connects as app."""

from __future__ import annotations

from console.settings.server import *  # noqa: F403
from console.settings.server import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.pace.Pace"]
