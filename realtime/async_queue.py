"""A BoundedQueue between tasks: producers wait for room, the consumer waits for items.

Invariant: items keep the order in which their puts began; a put that is cancelled has put nothing, a get
that is cancelled has taken nothing, and neither costs anybody else a wake-up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from .bounded_queue import BoundedQueue, Overflow, QueueFull

T = TypeVar("T")


class QueueClosed(Exception):
    """A put on a closed queue, or a get on one that is closed and drained."""


class AsyncBoundedQueue(Generic[T]):
    """Several producers, one consumer, one event loop.

    A slot that comes free is granted to the producer that has waited longest. Until it has run, the slot
    is its own: nobody who comes later can take it, which ``asyncio.Queue`` allows.

    Args:
        capacity: Items it can hold, >= 1.
        overflow: What a put on the full queue does; only ``block`` ever waits.
    """

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        self._queue: BoundedQueue[T] = BoundedQueue(capacity, overflow)
        self._getter: asyncio.Future[None] | None = None
        self._putters: deque[asyncio.Future[None]] = deque()
        self._granted = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether a put would have to wait, or to drop."""
        return len(self._queue) + self._granted >= self._queue.capacity

    @property
    def closed(self) -> bool:
        """Whether ``close`` has been called."""
        return self._closed

    @property
    def dropped(self) -> int:
        """Items dropped so far."""
        return self._queue.dropped

    async def put(self, item: T) -> int:
        """Appends ``item``, waiting for room under ``block``; returns how many items this dropped.

        Raises:
            QueueClosed: When the queue is closed, before or while it waits.
        """
        self._check_open()
        if self._must_wait():
            await self._wait_for_slot()
        return self._push(item)

    def put_nowait(self, item: T) -> int:
        """Appends ``item`` at once; returns how many items this dropped.

        Raises:
            QueueFull: Under ``block``, when the queue is full or others wait for room.
            QueueClosed: When the queue is closed.
        """
        self._check_open()
        if self._must_wait():
            raise QueueFull(f"expected fewer than {self._queue.capacity} items, got a full queue")
        return self._push(item)

    async def get(self) -> T:
        """Removes and returns the oldest item, waiting for one.

        Raises:
            QueueClosed: When the queue is closed and drained.
            RuntimeError: When another task already waits in ``get``.
        """
        while not len(self._queue):
            self._check_open()
            if self._getter is not None:
                raise RuntimeError("expected one consumer, got a second get() while one waits")
            self._getter = asyncio.get_running_loop().create_future()
            try:
                await self._getter
            finally:
                self._getter = None
        item = self._queue.pop()
        self._grant()
        return item

    def close(self) -> None:
        """Refuses further puts and wakes both sides; what is inside can still be got. Safe to call twice."""
        self._closed = True
        self._wake_getter()
        while self._putters:
            _resolve(self._putters.popleft())

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosed("expected an open queue, got one that is closed")

    def _must_wait(self) -> bool:
        # Behind a producer that has been granted its slot but has not run yet, too: order is kept.
        return self._queue.overflow is Overflow.BLOCK and (self.full or self._granted > 0)

    def _push(self, item: T) -> int:
        dropped = self._queue.push(item)
        self._wake_getter()
        return dropped

    def _wake_getter(self) -> None:
        if self._getter is not None:
            _resolve(self._getter)

    async def _wait_for_slot(self) -> None:
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._putters.append(slot)
        self._grant()
        try:
            await slot
        except asyncio.CancelledError:
            if slot in self._putters:
                self._putters.remove(slot)
            elif not self._closed:
                self._granted -= 1
                self._grant()
            raise
        self._check_open()
        self._granted -= 1

    def _grant(self) -> None:
        while self._putters and len(self._queue) + self._granted < self._queue.capacity:
            self._granted += 1
            _resolve(self._putters.popleft())


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
