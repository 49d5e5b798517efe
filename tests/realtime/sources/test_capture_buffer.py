"""CaptureBuffer: in order, never blocking, every loss counted and visible in pts."""

from __future__ import annotations

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import Samples
from realtime.sources.capture_buffer import CaptureBuffer


def ramp(start: int, count: int) -> Samples:
    """Samples that say where they are: each is its own index."""
    return np.arange(start, start + count, dtype=np.float32)[None]


@given(
    capacity=st.integers(1, 50),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 120)), max_size=60),
)
def test_what_is_read_is_in_place_and_what_is_not_is_counted(capacity: int, steps: list[tuple[bool, int]]) -> None:
    buffer = CaptureBuffer(1, capacity)
    written = read = 0
    for writes, count in steps:
        if writes:
            buffer.write(ramp(written, count))
            written += count
        elif (block := buffer.read(count)) is not None:
            samples, pts = block
            np.testing.assert_array_equal(samples, ramp(pts, count))
            read += count
    assert written == read + buffer.available + buffer.dropped_samples
    assert buffer.available <= capacity


def test_a_late_reader_gets_the_newest_and_a_gap() -> None:
    buffer = CaptureBuffer(2, 100)
    for start in range(0, 180, 20):
        buffer.write(np.repeat(ramp(start, 20), 2, axis=0))
    block = buffer.read(20)
    assert block is not None
    assert block[1] == 80
    assert buffer.dropped_samples == 80


def test_reading_more_than_there_is_gives_nothing_and_takes_nothing() -> None:
    buffer = CaptureBuffer(1, 100)
    buffer.write(ramp(0, 10))
    assert buffer.read(11) is None
    assert buffer.available == 10


def test_a_writing_and_a_reading_thread_agree() -> None:
    buffer = CaptureBuffer(1, 4_000)
    total, block_size = 400_000, 480

    def produce() -> None:
        for start in range(0, total, block_size):
            buffer.write(ramp(start, min(block_size, total - start)))

    producer = threading.Thread(target=produce)
    producer.start()
    read, running = 0, True
    while running:
        running = producer.is_alive()
        while (block := buffer.read(32)) is not None:
            samples, pts = block
            np.testing.assert_array_equal(samples, ramp(pts, 32))
            read += 32
    producer.join()
    assert read + buffer.available + buffer.dropped_samples == total
