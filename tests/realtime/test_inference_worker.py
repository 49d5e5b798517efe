"""InferenceWorker: calls run in order on one thread of their own, and a thread that hangs holds nothing up."""

import asyncio
import threading

import pytest
import torch

from realtime.inference_worker import InferenceWorker

from .rig import PATIENCE_S


@pytest.fixture
def worker():
    worker = InferenceWorker("test-worker")
    yield worker
    worker.stop()
    assert worker.join(PATIENCE_S)


async def test_a_call_runs_on_the_worker_s_thread_and_gives_its_result(worker):
    assert await worker.submit(lambda: threading.current_thread().name) == "test-worker"


async def test_what_a_call_raises_is_raised_to_the_caller(worker):
    with pytest.raises(ZeroDivisionError):
        await worker.submit(lambda: 1 / 0)
    assert await worker.submit(lambda: "alive") == "alive"


async def test_torch_uses_one_thread_and_keeps_no_gradients_there(worker):
    assert await worker.submit(torch.get_num_threads) == 1
    assert await worker.submit(torch.is_inference_mode_enabled)


async def test_calls_run_one_at_a_time_in_their_order(worker):
    seen = []
    gate = threading.Event()
    first = worker.submit(lambda: (gate.wait(PATIENCE_S), seen.append(1)))
    second = worker.submit(lambda: seen.append(2))
    assert seen == []
    gate.set()
    await asyncio.gather(first, second)
    assert seen == [1, 2]


async def test_who_is_cancelled_waits_no_more_and_the_call_goes_on(worker):
    gate, done = threading.Event(), threading.Event()
    call = worker.submit(lambda: (gate.wait(PATIENCE_S), done.set()))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    assert await asyncio.to_thread(done.wait, PATIENCE_S)
    assert await worker.submit(lambda: "alive") == "alive"


async def test_a_worker_that_is_stopped_finishes_what_was_submitted():
    worker = InferenceWorker("test-worker")
    call = worker.submit(lambda: "done")
    worker.stop()
    assert await call == "done"
    assert worker.join(PATIENCE_S)


async def test_a_worker_that_hangs_is_a_daemon_and_can_be_left_behind():
    worker = InferenceWorker("test-hung")
    gate = threading.Event()
    call = worker.submit(lambda: gate.wait(PATIENCE_S))
    worker.stop()
    assert not worker.join(0.0)
    assert next(thread for thread in threading.enumerate() if thread.name == "test-hung").daemon
    gate.set()
    assert await call
    assert worker.join(PATIENCE_S)


def test_a_result_that_comes_after_the_loop_has_closed_is_lost_in_peace():
    worker = InferenceWorker("test-worker")
    gate = threading.Event()

    async def submit() -> None:
        worker.submit(lambda: gate.wait(PATIENCE_S))

    asyncio.run(submit())
    gate.set()
    worker.stop()
    assert worker.join(PATIENCE_S)
