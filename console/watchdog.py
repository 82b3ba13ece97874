"""Ends a process whose event loop stands still: code that never returns cannot be interrupted in any other way.

The mapping language cannot loop; a connector's own code can. The process that runs it is ended, with the stack of
where it stands in its log; whoever runs it starts another, its leases are free at once, and a message that does it a
second time is parked. The clock is a thread of C that needs nothing of Python, so it also ends what holds the
interpreter.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from typing import Final

# Longer than any pause a living process is given (a frozen or suspended one goes on and finds its leases gone).
STUCK_SECONDS: Final = 45.0
ARMED_AGAIN: Final = 9  # times before it would run out


async def end_when_stuck(seconds: float = STUCK_SECONDS) -> None:
    """Runs on the loop it watches, until it is cancelled. One a process."""
    try:
        while True:
            faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)
            await asyncio.sleep(seconds / ARMED_AGAIN)
    finally:
        faulthandler.cancel_dump_traceback_later()
