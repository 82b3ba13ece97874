"""Group commit: what is flushed together, what is refused, and who is told of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from connectors.engine.batch import Batcher, Full


async def test_what_comes_while_a_batch_is_flushed_goes_together_in_the_next():
    batches: list[list[int]] = []
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await gate.wait()
        return list(items)

    batcher = Batcher(flush, max_batch=10, max_waiting=100)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(batcher.submit(n)) for n in range(1, 4)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*tasks) == [0, 1, 2, 3]
    assert batches == [[0], [1, 2, 3]]


async def test_a_batch_holds_no_more_weight_than_its_limit_but_always_one():
    batches: list[list[int]] = []

    async def flush(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        return list(items)

    batcher = Batcher(flush, max_batch=10, max_waiting=1000, weight=lambda item: item)
    await asyncio.gather(*(batcher.submit(n) for n in (6, 6, 50, 3)))
    assert batches == [[6], [6], [50], [3]]


async def test_more_weight_than_may_wait_is_refused():
    async def flush(items: Sequence[int]) -> list[int]:
        return list(items)

    batcher = Batcher(flush, max_batch=10, max_waiting=10, weight=lambda item: item)
    waiting = asyncio.create_task(batcher.submit(10))
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await batcher.submit(1)
    assert await waiting == 10
    assert await batcher.submit(1) == 1


async def test_one_items_failure_is_told_to_its_submitter_only():
    async def flush(items: Sequence[int]) -> list[int | Exception]:
        return [ValueError(str(item)) if item == 2 else item for item in items]

    batcher = Batcher(flush, max_batch=10, max_waiting=10)
    answers = await asyncio.gather(*(batcher.submit(n) for n in (1, 2, 3)), return_exceptions=True)
    assert (answers[0], str(answers[1]), answers[2]) == (1, "2", 3)


async def test_a_flush_that_fails_is_told_to_all_and_the_next_goes_on():
    fails = [True]

    async def flush(items: Sequence[int]) -> list[int]:
        if fails.pop() if fails else False:
            raise OSError("away")
        return list(items)

    batcher = Batcher(flush, max_batch=10, max_waiting=10)
    with pytest.raises(OSError, match="away"):
        await batcher.submit(1)
    assert await batcher.submit(2) == 2
