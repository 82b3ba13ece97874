"""The tills' evening: ten stores, each with its own habits, some of them bad ones.

1 as it should be        2 CRLF                 3 with a byte order mark       4 Latin-1
5 half a file, a pause, the rest                6 a wrong control total, corrected after minutes
7 under another name first, then renamed        8 sent twice, once under another name
9 late                   10 never
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.sandbox.pos.days import STORES, StoreDay, store_day
from connectors.sandbox.shopify.places import SHOP_TIMEZONE


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between stores, within a slow upload, until a correction, until the late one."""

    between: float = 6.0
    upload: float = 20.0
    correction: float = 420.0
    late: float = 600.0


class Tills:
    def __init__(self, folder: Path, pace: Pace) -> None:
        self._folder = folder
        self._pace = pace

    async def run(self) -> None:
        """Yesterday's files now, and every next day's when that day is over."""
        while True:
            await self.evening(yesterday(datetime.now(UTC)))
            await asyncio.sleep(60)

    async def evening(self, day: date) -> None:
        """Each store in a task of its own; a file that is there is not written again."""
        habits: tuple[Callable[[StoreDay], Awaitable[None]], ...] = (
            *(self._plain, self._crlf, self._marked, self._latin, self._slow),
            *(self._wrong, self._renamed, self._twice, self._late),
        )
        new = [
            (index, habit, store_day(place, day))
            for index, (habit, place) in enumerate(zip(habits, STORES, strict=False))
            if not self._path(str(place.id), day).exists()
        ]
        await asyncio.gather(*(self._after(index * self._pace.between, habit(made)) for index, habit, made in new))

    async def _after(self, seconds: float, work: Awaitable[None]) -> None:
        await asyncio.sleep(seconds)
        await work

    async def _plain(self, made: StoreDay) -> None:
        self._put(made, made.whole().encode())

    async def _crlf(self, made: StoreDay) -> None:
        self._put(made, made.whole().replace("\n", "\r\n").encode())

    async def _marked(self, made: StoreDay) -> None:
        self._put(made, made.whole().encode("utf-8-sig"))

    async def _latin(self, made: StoreDay) -> None:
        self._put(
            made, made.whole().replace(",cash", ",espèces").replace(",card", ",carte de crédit").encode("latin-1")
        )

    async def _slow(self, made: StoreDay) -> None:
        data = made.whole().encode()
        self._put(made, data[: len(data) // 2])
        await asyncio.sleep(self._pace.upload)
        self._put(made, data)

    async def _wrong(self, made: StoreDay) -> None:
        self._put(made, made.whole(total=made.total - Decimal("10.00")).encode())
        await asyncio.sleep(self._pace.correction)
        self._put(made, made.whole().encode())

    async def _renamed(self, made: StoreDay) -> None:
        path = self._path(made.store, made.day)
        draft = path.with_name(path.name + ".part")
        draft.write_text(made.whole())
        await asyncio.sleep(self._pace.upload)
        draft.replace(path)

    async def _twice(self, made: StoreDay) -> None:
        self._put(made, made.whole().encode())
        again = f"sales_{made.store}_{made.day:%Y%m%d}.csv"
        (self._folder / again).write_text(made.whole())

    async def _late(self, made: StoreDay) -> None:
        await asyncio.sleep(self._pace.late)
        self._put(made, made.whole().encode())

    def _put(self, made: StoreDay, data: bytes) -> None:
        self._path(made.store, made.day).write_bytes(data)

    def _path(self, store: str, day: date) -> Path:
        return self._folder / f"sales_{store}_{day.isoformat()}.csv"


def yesterday(at: datetime) -> date:
    return (at.astimezone(SHOP_TIMEZONE) - timedelta(days=1)).date()
