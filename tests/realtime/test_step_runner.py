"""StepRunner: several rounds in one visit to the thread, and of each it is known whether it counts."""

import threading

import numpy as np
import pytest
import torch

from realtime.errors import PluginOutputInvalid, PluginStalled
from realtime.state_pool import StatePool
from realtime.step_runner import StepRunner
from realtime.stepper import BatchFailed, Row, Stepper

from .rig import CPU, PATIENCE_S, ProbeParams, arrived, probe


@pytest.fixture
async def run():
    """``run(rounds, timeout_s)`` on a runner of its own, with its ``plugin``, the ``runner`` and ``hops(*slots)``."""
    plugin = probe("runner")
    loaded = plugin(CPU)
    pool = StatePool(loaded.init_state, 4)
    runner = StepRunner(Stepper(loaded, pool), "runner")

    async def call(rounds, timeout_s=PATIENCE_S):
        return await runner.run(rounds, timeout_s)

    call.plugin, call.runner = plugin, runner
    call.hops = lambda *slots: pool.gather(torch.tensor(slots)).hops.tolist()
    yield call
    plugin.gate.set()
    plugin.stalled.set()
    await runner.aclose()
    assert "tectum-runner" not in {thread.name for thread in threading.enumerate()}


def row(slot=0, *, fresh=False, **params):
    return Row(slot, fresh, np.ones((1, 160), np.float32), ProbeParams(**params))


async def test_rounds_are_stepped_in_order_each_from_the_state_before(run):
    outcomes, error = await run([[row(0, fresh=True), row(1, fresh=True)], [row(0), row(1)], [row(1)]])
    assert error is None
    assert [[outcome.event["hops"] for outcome in given] for given in outcomes] == [[1, 1], [2, 2], [3]]
    assert [call.rows for call in run.plugin.calls] == [2, 2, 1]
    assert len({call.thread for call in run.plugin.calls}) == 1


async def test_rounds_after_a_fault_are_left_for_another_visit(run):
    outcomes, error = await run([[row(0), row(1)], [row(0), row(1, fault="nan")], [row(0), row(1, fault="nan")]])
    assert error is None
    assert [[outcome.fault is None for outcome in given] for given in outcomes] == [[True, True], [True, False]]
    assert isinstance(outcomes[1][1].fault, PluginOutputInvalid)
    assert run.hops(0, 1) == [2, 2]


async def test_rounds_before_one_that_fails_as_a_whole_count(run):
    outcomes, error = await run([[row(0), row(1)], [row(0), row(1, fault="raise")], [row(0)]])
    assert isinstance(error, BatchFailed)
    assert len(outcomes) == 1
    assert run.hops(0, 1) == [1, 1]


async def test_rounds_before_one_that_hangs_count_and_what_comes_late_does_not(run):
    outcomes, error = await run([[row(0)], [row(0, fault="stall")], [row(0)]], timeout_s=0.05)
    assert isinstance(error, PluginStalled)
    assert len(outcomes) == 1
    assert run.runner.stalls == 1
    run.plugin.stalled.set()
    await arrived(run.plugin.left, 2)
    again, error = await run([[row(0)]])
    assert (again[0][0].event["hops"], error) == (2, None)


async def test_a_late_exception_counts_as_little_as_a_late_result(run):
    def stall_and_raise(self, faults):
        if "stall" in faults:
            self.stalled.wait(PATIENCE_S)
            raise RuntimeError("late")

    run.plugin._before = stall_and_raise
    outcomes, error = await run([[row(0, fault="stall")]], timeout_s=0.05)
    run.plugin.stalled.set()
    assert isinstance(error, PluginStalled)
    again, _ = await run([[row(0)]])
    assert (outcomes, again[0][0].event["hops"]) == ([], 1)
