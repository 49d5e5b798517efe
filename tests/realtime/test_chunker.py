"""Chunker: the same chunks for any split, and every sample in one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.chunker import Chunk, Chunker

SPLITS = st.lists(st.integers(0, 40), max_size=30)
SIZES = st.integers(1, 24).flatmap(lambda chunk: st.tuples(st.just(chunk), st.integers(1, chunk)))


def stream(count: int) -> np.ndarray:
    """Two channels of samples that are nowhere zero and name their own place."""
    return np.stack([np.arange(1, count + 1), -np.arange(1, count + 1)]).astype(np.float32)


def chunks_of(samples: np.ndarray, splits: list[int], chunk: int, hop: int, *, pop_late: bool = False) -> list[Chunk]:
    """Pushes ``samples`` in blocks of the given lengths; what is over comes in the last block."""
    chunker, chunks = Chunker(2, chunk, hop), []
    for block in np.split(samples, np.minimum(np.cumsum(splits), samples.shape[1]).astype(int), axis=1):
        chunker.push(block)
        while not pop_late and (popped := chunker.pop()) is not None:
            chunks.append(popped)
    return chunks + chunker.flush()


def assert_same(got: list[Chunk], expected: list[Chunk]) -> None:
    assert [(c.start, c.num_valid) for c in got] == [(c.start, c.num_valid) for c in expected]
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(mine.samples, theirs.samples)


@given(SPLITS, SIZES, st.integers(0, 300), st.booleans())
def test_chunks_are_the_same_for_any_split(splits, sizes, length, pop_late):
    samples = stream(length)
    assert_same(chunks_of(samples, splits, *sizes, pop_late=pop_late), chunks_of(samples, [], *sizes))


@given(SPLITS, SIZES, st.integers(0, 300))
def test_a_chunk_holds_the_stream_at_its_start_and_zeros_after_it(splits, sizes, length):
    chunk_samples, hop_samples = sizes
    samples = stream(length)
    chunks = chunks_of(samples, splits, chunk_samples, hop_samples)
    padded = np.concatenate([samples, np.zeros((2, chunk_samples), np.float32)], axis=1)
    for index, chunk in enumerate(chunks):
        assert chunk.start == index * hop_samples
        assert chunk.num_valid == min(chunk_samples, length - chunk.start) > 0
        np.testing.assert_array_equal(chunk.samples, padded[:, chunk.start : chunk.start + chunk_samples])


@given(SIZES, st.integers(0, 300))
def test_every_sample_is_in_a_chunk_and_only_the_last_chunk_is_padded(sizes, length):
    chunks = chunks_of(stream(length), [], *sizes)
    assert max((c.start + c.num_valid for c in chunks), default=0) == length
    assert all(c.num_valid == sizes[0] for c in chunks[:-1])
    # Every chunk holds something that the one before it did not.
    ends = [c.start + c.num_valid for c in chunks]
    assert ends == sorted(set(ends))


def test_memory_stays_bounded_over_a_long_stream():
    chunker = Chunker(1, 2048, 1920)
    block = np.zeros((1, 960), np.float32)
    for _ in range(1000):
        chunker.push(block)
        while chunker.pop() is not None:
            pass
    assert chunker._line.shape[1] == 2 * 2048


def test_a_flushed_chunker_is_as_new():
    chunker = Chunker(2, 8, 5)
    chunker.push(stream(11))
    first = chunker.flush()
    chunker.push(stream(11))
    assert_same(chunker.flush(), first)


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"expected samples \[2, T\], got shape \[1, 4\]"):
        Chunker(2, 8, 8).push(np.zeros((1, 4), np.float32))


@pytest.mark.parametrize("sizes", [(0, 8, 8), (1, 8, 0), (1, 8, 9), (1, 0, 0)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="expected"):
        Chunker(*sizes)
