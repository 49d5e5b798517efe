"""RingBuffer against a list that does the same thing slowly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.ring_buffer import RingBuffer

OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["write", "read", "peek", "skip", "clear"]), st.integers(0, 12)), max_size=60
)


def ramp(start: int, count: int, channels: int) -> np.ndarray:
    """Samples that name their own place: channel ``c`` holds ``1000 c + index``."""
    return (np.arange(start, start + count) + 1000 * np.arange(channels)[:, None]).astype(np.float32)


@given(OPERATIONS, st.integers(1, 3), st.integers(1, 10))
def test_any_sequence_of_operations_agrees_with_a_list(operations, channels, capacity):
    ring, expected, written = RingBuffer(channels, capacity), ramp(0, 0, channels), 0
    for operation, count in operations:
        if operation == "write":
            block = ramp(written, count, channels)
            if count > capacity - expected.shape[1]:
                with pytest.raises(BufferError):
                    ring.write(block)
            else:
                ring.write(block)
                expected, written = np.concatenate([expected, block], axis=1), written + count
        elif operation == "clear":
            ring.clear()
            expected = expected[:, :0]
        elif count > expected.shape[1]:
            with pytest.raises(BufferError):
                getattr(ring, operation)(count)
        else:
            got = getattr(ring, operation)(count)
            if operation != "skip":
                np.testing.assert_array_equal(got, expected[:, :count])
            if operation != "peek":
                expected = expected[:, count:]
        assert (ring.available, ring.free) == (expected.shape[1], capacity - expected.shape[1])
    np.testing.assert_array_equal(ring.peek(ring.available), expected)


def test_what_was_read_is_not_changed_by_later_writes():
    ring = RingBuffer(1, 4)
    ring.write(ramp(0, 4, 1))
    samples = ring.read(4)
    ring.write(np.full((1, 4), 9, dtype=np.float32))
    np.testing.assert_array_equal(samples, ramp(0, 4, 1))


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"expected samples \[2, T\], got shape \[1, 4\]"):
        RingBuffer(2, 8).write(np.zeros((1, 4), dtype=np.float32))


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        RingBuffer(1, 8).read(-1)


@pytest.mark.parametrize(("channels", "capacity"), [(0, 1), (1, 0)])
def test_an_empty_ring_is_refused(channels, capacity):
    with pytest.raises(ValueError, match="expected channels and capacity >= 1"):
        RingBuffer(channels, capacity)
