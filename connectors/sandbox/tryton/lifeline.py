"""A child that must not outlive the process that started it, also when that one is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = "SIGNALBOX_TRYTON_PARENT"
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies. Linux only; elsewhere a no-op."""
    parent = os.environ.pop(PARENT, "")
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        # It died before the kernel knew of our wish.
        sys.exit(1)
