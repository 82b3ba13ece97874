"""Run the stand-in tills: `python -m connectors.sandbox.pos --port 8122 --data data/sandbox/pos`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from connectors.sandbox.pos.access import FOLDER, access_of
from connectors.sandbox.pos.server import serve
from connectors.sandbox.pos.tills import Pace, Tills


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox.pos", description=__doc__)
    parser.add_argument("--port", type=int, default=8122)
    parser.add_argument("--data", type=Path, required=True, help="folder of this server: host key, pos.json, drop/")
    return parser.parse_args(argv)


async def main(data: Path, port: int) -> None:
    """Until SIGTERM or SIGINT."""
    access, key = access_of(data)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    acceptor = await serve(data, port, access, key)
    tills = asyncio.create_task(Tills(data / FOLDER, Pace()).run())
    try:
        await stopped.wait()
    finally:
        tills.cancel()
        acceptor.close()


if __name__ == "__main__":
    chosen = arguments()
    asyncio.run(main(chosen.data, chosen.port))
