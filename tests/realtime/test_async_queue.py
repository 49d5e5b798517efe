"""AsyncBoundedQueue: order, fairness, cancelling and closing. No test sleeps: ``turn`` runs what is ready."""

import asyncio
import random

import pytest

from realtime.async_queue import AsyncBoundedQueue, QueueClosed
from realtime.bounded_queue import Overflow, QueueFull


async def turn(times: int = 3) -> None:
    """Lets every task that can run do so."""
    for _ in range(times):
        await asyncio.sleep(0)


def blocking(capacity: int, *items: object) -> AsyncBoundedQueue:
    queue = AsyncBoundedQueue(capacity, Overflow.BLOCK)
    for item in items:
        queue.put_nowait(item)
    return queue


async def test_get_waits_for_an_item():
    queue = blocking(1)
    getting = asyncio.create_task(queue.get())
    await turn()
    assert not getting.done()
    queue.put_nowait("item")
    assert await getting == "item"


async def test_put_waits_for_room_under_block():
    queue = blocking(1, "first")
    putting = asyncio.create_task(queue.put("second"))
    await turn()
    assert not putting.done()
    assert await queue.get() == "first"
    assert await putting == 0
    assert await queue.get() == "second"


@pytest.mark.parametrize(("overflow", "left"), [(Overflow.DROP_OLDEST, [2, 3]), (Overflow.LATEST, [2, 3])])
async def test_put_never_waits_under_the_other_policies(overflow, left):
    queue = AsyncBoundedQueue(2, overflow)
    async with asyncio.timeout(1):
        dropped = sum([await queue.put(item) for item in range(4)])
    assert (dropped, queue.dropped) == (2, 2)
    assert [await queue.get() for _ in range(2)] == left


async def test_waiting_producers_are_served_in_the_order_they_came():
    queue = blocking(1, "first")
    async with asyncio.TaskGroup() as tasks:
        for item in range(20):
            tasks.create_task(queue.put(item))
        await turn()
        assert [await queue.get() for _ in range(21)] == ["first", *range(20)]


async def test_a_latecomer_cannot_take_the_slot_of_one_that_waits():
    queue = blocking(2, "a", "b")
    waiting = asyncio.create_task(queue.put("early"))
    await turn()
    await queue.get()
    await queue.get()
    # A slot is free, but "early" has been granted one and has not run yet.
    with pytest.raises(QueueFull):
        queue.put_nowait("late")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue.put("late"))
        await waiting
    assert [await queue.get() for _ in range(2)] == ["early", "late"]


async def test_a_put_cancelled_while_it_waits_puts_nothing():
    queue = blocking(1, "first")
    cancelled, waiting = (asyncio.create_task(queue.put(item)) for item in ("cancelled", "second"))
    await turn()
    cancelled.cancel()
    await turn()
    assert await queue.get() == "first"
    await waiting
    assert await queue.get() == "second"
    assert (len(queue), cancelled.cancelled()) == (0, True)


async def test_a_put_cancelled_after_its_grant_passes_the_slot_on():
    queue = blocking(1, "first")
    cancelled, waiting = (asyncio.create_task(queue.put(item)) for item in ("cancelled", "second"))
    await turn()
    assert await queue.get() == "first"  # Grants the slot; the task has not run yet.
    cancelled.cancel()
    async with asyncio.timeout(1):
        await waiting
    assert await queue.get() == "second"
    assert cancelled.cancelled()


async def test_a_put_cancelled_before_its_grant_is_noticed_passes_the_slot_on():
    queue = blocking(1, "first")
    cancelled, waiting = (asyncio.create_task(queue.put(item)) for item in ("cancelled", "second"))
    await turn()
    cancelled.cancel()  # Its future is cancelled now; the task runs only after the grant below.
    assert await queue.get() == "first"
    async with asyncio.timeout(1):
        await waiting
    assert await queue.get() == "second"


async def test_a_cancelled_get_takes_nothing():
    queue = blocking(1)
    getting = asyncio.create_task(queue.get())
    await turn()
    queue.put_nowait("item")
    getting.cancel()
    await turn()
    assert getting.cancelled()
    assert await queue.get() == "item"


async def test_a_second_consumer_is_refused():
    queue = blocking(1)
    getting = asyncio.create_task(queue.get())
    await turn()
    with pytest.raises(RuntimeError, match="one consumer"):
        await queue.get()
    queue.put_nowait("item")
    assert await getting == "item"


async def test_close_lets_the_consumer_drain_and_then_ends_it():
    queue = blocking(2, "first", "second")
    queue.close()
    assert [await queue.get(), await queue.get()] == ["first", "second"]
    with pytest.raises(QueueClosed):
        await queue.get()


async def test_close_wakes_a_waiting_consumer():
    queue = blocking(1)
    getting = asyncio.create_task(queue.get())
    await turn()
    queue.close()
    with pytest.raises(QueueClosed):
        await getting


async def test_close_wakes_every_waiting_producer_even_one_that_was_granted():
    queue = blocking(1, "first")
    putting = [asyncio.create_task(queue.put(item)) for item in range(3)]
    await turn()
    await queue.get()
    queue.close()
    results = await asyncio.gather(*putting, return_exceptions=True)
    assert [type(result) for result in results] == [QueueClosed] * 3
    assert len(queue) == 0


@pytest.mark.parametrize("put", ["put", "put_nowait"])
async def test_a_closed_queue_refuses_puts(put):
    queue = blocking(1)
    queue.close()
    queue.close()
    with pytest.raises(QueueClosed):
        result = getattr(queue, put)("late")
        await result


@pytest.mark.parametrize("seed", range(20))
async def test_under_random_cancels_nothing_is_lost_doubled_or_out_of_order(seed):
    rng, queue, accepted, got = random.Random(seed), blocking(3), set(), []

    async def produce(item: tuple[int, int]) -> None:
        await queue.put(item)
        accepted.add(item)

    async def produce_all(producer: int) -> None:
        for index in range(40):
            task = asyncio.create_task(produce((producer, index)))
            await turn(rng.randrange(4))
            if rng.random() < 0.3:
                task.cancel()
            await asyncio.wait([task])

    async def consume() -> None:
        while True:
            task = asyncio.create_task(queue.get())
            await turn(rng.randrange(4))
            if rng.random() < 0.3:
                task.cancel()
            await asyncio.wait([task])
            if task.cancelled():
                continue
            if task.exception() is not None:
                return
            got.append(task.result())
            assert len(queue) <= 3

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        async with asyncio.TaskGroup() as producers:
            for producer in range(4):
                producers.create_task(produce_all(producer))
        queue.close()
    assert sorted(got) == sorted(accepted)
    for producer in range(4):
        indices = [index for name, index in got if name == producer]
        assert indices == sorted(indices)
