"""BoundedQueue: never past its capacity, and nothing unaccounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bounded_queue import BoundedQueue, Overflow, QueueEmpty, QueueFull


@given(st.integers(1, 5), st.sampled_from(Overflow), st.lists(st.booleans(), max_size=60))
def test_every_item_is_popped_inside_or_counted_in_order(capacity, overflow, pushes):
    queue, popped, refused, pushed = BoundedQueue(capacity, overflow), [], 0, 0
    for push in pushes:
        if push:
            try:
                queue.push(pushed)
            except QueueFull:
                refused += 1
            else:
                pushed += 1
        elif len(queue):
            popped.append(queue.pop())
        assert len(queue) <= capacity
    assert len(popped) + len(queue) + queue.dropped == pushed
    assert popped == sorted(popped)
    assert refused == 0 or overflow is Overflow.BLOCK
    assert queue.dropped == 0 or overflow is not Overflow.BLOCK


@pytest.mark.parametrize(
    ("overflow", "dropped", "left"),
    [(Overflow.DROP_OLDEST, [0, 0, 0, 1, 1], [2, 3, 4]), (Overflow.LATEST, [0, 0, 0, 3, 0], [3, 4])],
)
def test_each_policy_drops_what_its_name_says(overflow, dropped, left):
    queue = BoundedQueue(3, overflow)
    assert [queue.push(item) for item in range(5)] == dropped
    assert [queue.pop() for _ in range(len(queue))] == left


def test_block_refuses_and_keeps_what_it_has():
    queue = BoundedQueue(1, Overflow.BLOCK)
    queue.push("first")
    with pytest.raises(QueueFull, match="expected fewer than 1 items"):
        queue.push("second")
    assert (queue.pop(), queue.dropped, queue.full) == ("first", 0, False)


def test_pop_of_an_empty_queue_is_refused():
    with pytest.raises(QueueEmpty):
        BoundedQueue(1, Overflow.BLOCK).pop()


def test_clear_is_no_drop():
    queue = BoundedQueue(2, Overflow.DROP_OLDEST)
    queue.push(1)
    queue.clear()
    assert (len(queue), queue.dropped) == (0, 0)


def test_a_capacity_below_one_is_refused():
    with pytest.raises(ValueError, match="got 0"):
        BoundedQueue(0, Overflow.BLOCK)


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="newest"):
        BoundedQueue(1, "newest")
