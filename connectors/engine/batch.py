"""Group commit for anything: while one batch is being flushed the next one gathers by itself. No timer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Full(RuntimeError):
    """More items wait than the batcher holds. The item was not taken."""


class Batcher(Generic[T, R]):
    """`submit` returns when the batch that holds its item was flushed.

    `flush` gives one outcome an item, in order; an outcome that is an exception is raised to that submitter only.
    What `flush` itself raises is raised to every submitter of the batch.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        max_batch: int,
        max_waiting: int,
        weight: Callable[[T], int] = lambda item: 1,
    ) -> None:
        """Both limits are sums of weights: items by default, bytes where `weight` says so."""
        self._flush = flush
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._weight = weight
        self._waiting_weight = 0
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        if self._waiting_weight >= self._max_waiting:
            raise Full
        self._waiting_weight += self._weight(item)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def finish(self) -> None:
        """Wait for what was submitted; for shutdown."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            batch = self._next()
            try:
                outcomes = await self._flush([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to every submitter, swallowed nowhere
                outcomes = [error] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                _settle(future, outcome)

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        """The first item however heavy it is, and what fits beside it."""
        batch, total = [], 0
        while self._waiting:
            weight = self._weight(self._waiting[0][0])
            if batch and total + weight > self._max_batch:
                break
            batch.append(self._waiting.popleft())
            total += weight
        self._waiting_weight -= total
        return batch


def _settle(future: asyncio.Future[R], outcome: R | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
