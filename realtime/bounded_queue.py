"""A queue that never grows past its capacity and says what it does then.

Invariant: ``len(queue) <= capacity``, and every item pushed is popped, still inside or counted in ``dropped``.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Overflow(StrEnum):
    """What happens to an item that finds the queue full."""

    BLOCK = "block"
    """It is refused; the producer waits. For files: nothing is lost."""
    DROP_OLDEST = "drop_oldest"
    """It takes the place of the oldest. For live audio: the delay stays bounded."""
    LATEST = "latest"
    """It takes the place of everything. For displays: only the present matters."""


class QueueFull(Exception):
    """A push on a full queue whose policy is ``block``."""


class QueueEmpty(Exception):
    """A pop on an empty queue."""


class BoundedQueue(Generic[T]):
    """FIFO with a named overflow policy. Knows neither threads nor tasks.

    Args:
        capacity: Items it can hold, >= 1.
        overflow: What a push on the full queue does.
    """

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        if capacity < 1:
            raise ValueError(f"expected a capacity >= 1, got {capacity}")
        self.capacity = capacity
        self.overflow = Overflow(overflow)
        self.dropped = 0
        self._items: deque[T] = deque()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether the next push overflows."""
        return len(self._items) >= self.capacity

    def push(self, item: T) -> int:
        """Appends ``item`` and returns how many items this dropped.

        Raises:
            QueueFull: When the queue is full and its policy is ``block``.
        """
        dropped = self._make_room() if self.full else 0
        self._items.append(item)
        self.dropped += dropped
        return dropped

    def pop(self) -> T:
        """Removes and returns the oldest item.

        Raises:
            QueueEmpty: When there is none.
        """
        if not self._items:
            raise QueueEmpty("expected an item, got an empty queue")
        return self._items.popleft()

    def clear(self) -> None:
        """Removes every item, without counting them as dropped."""
        self._items.clear()

    def _make_room(self) -> int:
        match self.overflow:
            case Overflow.BLOCK:
                raise QueueFull(f"expected fewer than {self.capacity} items, got a full queue")
            case Overflow.DROP_OLDEST:
                self._items.popleft()
                return 1
            case Overflow.LATEST:
                dropped = len(self._items)
                self._items.clear()
                return dropped
