"""The states of all sessions of one plugin, in one set of tensors.

A slot is a row of every tensor. Gathering the rows of a batch and scattering them back by index costs a
few microseconds however many there are, where stacking states from Python lists grows with each.

Invariant: a slot belongs to at most one session, and starts as a stream that has heard nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .errors import PluginOutputInvalid
from .plugin import State

InitState = Callable[[int], State]


class StatePool:
    """Pooled plugin state with ``capacity`` slots, and one more, ``padding_slot``, that nobody owns.

    ``acquire`` and ``release`` are for the event loop; ``reset``, ``gather`` and ``scatter`` are for the one
    worker thread, whose order makes it safe to hand on a slot that is still being stepped.

    Args:
        init_state: The plugin's ``init_state``.
        capacity: Sessions at once, >= 1.
    """

    def __init__(self, init_state: InitState, capacity: int) -> None:
        self._free = list(range(capacity - 1, -1, -1))
        self._template = _own(init_state(1))
        self._pool = _own(init_state(capacity + 1))
        self.padding_slot = capacity
        for tensor in self._pool:
            if tensor.shape[:1] != (capacity + 1,):
                raise ValueError(f"expected state tensors with first axis {capacity + 1}, got {list(tensor.shape)}")

    @property
    def free(self) -> int:
        """Slots that nobody owns."""
        return len(self._free)

    @property
    def bytes_per_slot(self) -> int:
        """Memory of one session's state."""
        return sum(tensor[0].numel() * tensor.element_size() for tensor in self._pool)

    def acquire(self) -> int:
        """Takes a slot; it must be ``reset`` before its first step. Raises IndexError when all are taken."""
        return self._free.pop()

    def release(self, slot: int) -> None:
        """Gives a slot back."""
        self._free.append(slot)

    def reset(self, slots: Sequence[int]) -> None:
        """Makes ``slots`` streams that have heard nothing."""
        for pooled, fresh in zip(self._pool, self._template, strict=True):
            for slot in slots:
                pooled[slot].copy_(fresh[0])

    def gather(self, slots: torch.Tensor) -> State:
        """Returns copies of the rows ``slots`` (int64 ``[B]``), in the plugin's own state type."""
        return like(self._template, [tensor.index_select(0, slots) for tensor in self._pool])

    def scatter(self, slots: torch.Tensor, state: State) -> None:
        """Stores ``state`` in the rows ``slots`` (int64 ``[B]``), all of it or nothing.

        Raises:
            PluginOutputInvalid: When it is not made as ``init_state`` made it.
        """
        self.check(state, len(slots))
        for pooled, rows in zip(self._pool, state, strict=True):
            pooled.index_copy_(0, slots, rows)

    def check(self, state: State, count: int) -> None:
        """Raises PluginOutputInvalid unless ``state`` is of ``count`` streams and made as ``init_state`` made it."""
        if len(state) != len(self._pool):
            raise PluginOutputInvalid(f"expected a state of {len(self._pool)} tensors, got {len(state)}")
        for index, (pooled, rows) in enumerate(zip(self._pool, state, strict=True)):
            expected = (count, *pooled.shape[1:])
            if rows.shape != expected or rows.dtype != pooled.dtype:
                raise PluginOutputInvalid(
                    f"expected state tensor {index} to be {pooled.dtype} {list(expected)}, "
                    f"got {rows.dtype} {list(rows.shape)}"
                )


def _own(state: State) -> State:
    """Gives every tensor its own memory: ``init_state`` may return one tensor for several fields, or a view."""
    return like(state, [tensor.clone(memory_format=torch.contiguous_format) for tensor in state])


def like(template: State, tensors: Sequence[torch.Tensor]) -> State:
    """Returns ``tensors`` in the state type of ``template``."""
    state: State = getattr(type(template), "_make", tuple)(tensors)
    return state
