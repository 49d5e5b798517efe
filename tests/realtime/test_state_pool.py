"""StatePool: slots are rows of their own, whatever ``init_state`` returned."""

from typing import NamedTuple

import pytest
import torch

from realtime.state_pool import StatePool


class Pair(NamedTuple):
    level: torch.Tensor
    count: torch.Tensor


def pair(batch_size: int) -> Pair:
    return Pair(torch.full((batch_size, 2), 0.5), torch.zeros(batch_size, dtype=torch.int64))


def rows(*slots: int) -> torch.Tensor:
    return torch.tensor(slots, dtype=torch.int64)


def test_what_was_scattered_is_gathered_and_the_other_slots_keep_theirs():
    pool = StatePool(pair, 3)
    pool.scatter(rows(2, 0), Pair(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([7, 8])))
    level, count = pool.gather(rows(0, 1, 2))
    assert level.tolist() == [[3.0, 4.0], [0.5, 0.5], [1.0, 2.0]]
    assert count.tolist() == [8, 0, 7]


def test_gathered_state_has_the_plugin_s_own_type_and_its_own_memory():
    pool = StatePool(pair, 2)
    state = pool.gather(rows(0, 1))
    assert type(state) is Pair
    state.level.fill_(9.0)
    assert pool.gather(rows(0)).level.tolist() == [[0.5, 0.5]]


def test_a_plain_tuple_stays_one():
    assert type(StatePool(lambda batch_size: (torch.zeros(batch_size, 1),), 2).gather(rows(0))) is tuple


def test_a_reset_slot_has_heard_nothing_and_the_others_go_on():
    pool = StatePool(pair, 2)
    pool.scatter(rows(0, 1), Pair(torch.ones(2, 2), torch.tensor([5, 6])))
    pool.reset([0])
    level, count = pool.gather(rows(0, 1))
    assert level.tolist() == [[0.5, 0.5], [1.0, 1.0]]
    assert count.tolist() == [0, 6]


def test_fields_that_share_one_tensor_become_separate():
    def shared(batch_size: int) -> Pair:
        zeros = torch.zeros(batch_size)
        return Pair(zeros, zeros)

    pool = StatePool(shared, 2)
    pool.scatter(rows(0), Pair(torch.tensor([1.0]), torch.tensor([2.0])))
    assert [tensor.tolist() for tensor in pool.gather(rows(0))] == [[1.0], [2.0]]


def test_a_state_that_is_an_expanded_view_becomes_rows():
    pool = StatePool(lambda batch_size: (torch.zeros(1, 3).expand(batch_size, 3),), 2)
    pool.scatter(rows(1), (torch.ones(1, 3),))
    assert pool.gather(rows(0, 1))[0].tolist() == [[0.0] * 3, [1.0] * 3]


def test_each_slot_has_one_owner_and_comes_back():
    pool = StatePool(pair, 2)
    assert {pool.acquire(), pool.acquire()} == {0, 1}
    assert pool.free == 0
    with pytest.raises(IndexError):
        pool.acquire()
    pool.release(1)
    assert pool.acquire() == 1


def test_padding_belongs_to_nobody():
    pool = StatePool(pair, 2)
    assert pool.padding_slot not in {pool.acquire(), pool.acquire()}
    assert pool.gather(rows(pool.padding_slot)).count.tolist() == [0]


def test_memory_of_a_slot_is_that_of_its_tensors():
    assert StatePool(pair, 2).bytes_per_slot == 2 * 4 + 8


def test_state_without_a_session_axis_is_refused():
    with pytest.raises(ValueError, match=r"first axis 3, got \[7\]"):
        StatePool(lambda batch_size: (torch.zeros(7),), 2)


@pytest.mark.cuda
def test_state_on_a_gpu_stays_there():
    def on_gpu(batch_size: int) -> Pair:
        return Pair(*(tensor.cuda() for tensor in pair(batch_size)))

    pool = StatePool(on_gpu, 2)
    pool.scatter(rows(1).cuda(), Pair(torch.ones(1, 2).cuda(), rows(3).cuda()))
    state = pool.gather(rows(0, 1).cuda())
    assert state.count.tolist() == [0, 3]
    assert state.level.is_cuda
