"""Batcher: one call for all sessions that are ready; a session that faults or hangs takes only itself away."""

import asyncio
import threading

import pytest
import torch

from realtime.batcher import MAX_ROUNDS, MAX_STALLS
from realtime.clock import ManualClock
from realtime.errors import PluginFault, PluginOutputInvalid, PluginRaised, PluginStalled, ServerFull

from .rig import CPU, Probe, ProbeParams, Recorder, arrived, batching, open_lane, probe, until, write_hops
from .tuned import NOBODY, person, tuned


def totals(recorder: Recorder) -> list[float]:
    return [event["total"] for event in recorder.events]


async def test_sessions_that_are_ready_are_one_call():
    async with batching(plugin := probe()) as batcher:
        listeners = [Recorder() for _ in range(5)]
        for value, listener in enumerate(listeners, 1):
            write_hops(open_lane(batcher, listener), float(value))
        for value, listener in enumerate(listeners, 1):
            assert (await listener.results(1))[0]["total"] == 160.0 * value
    assert [call.rows for call in plugin.calls] == [5]
    assert (batcher.steps, batcher.rows) == (1, 5)


async def test_what_arrives_during_a_call_is_the_next_batch():
    async with batching(plugin := probe()) as batcher:
        listeners = [Recorder() for _ in range(4)]
        lanes = [open_lane(batcher, listener) for listener in listeners]
        plugin.gate.clear()
        write_hops(lanes[0], 1.0)
        await arrived(plugin.entered)
        for lane in lanes:
            write_hops(lane, 1.0)
        plugin.gate.set()
        await listeners[0].results(2)
        for listener in listeners[1:]:
            await listener.results(1)
    assert [call.rows for call in plugin.calls] == [1, 4]


async def test_a_session_s_hops_are_stepped_in_order():
    async with batching(probe()) as batcher:
        listener = Recorder()
        write_hops(open_lane(batcher, listener), 1.0, 2.0, 3.0)
        assert [event["hops"] for event in await listener.results(3)] == [1, 2, 3]
        assert totals(listener) == [160.0, 480.0, 960.0]


async def test_hops_that_wait_are_one_visit_to_the_worker(monkeypatch):
    async with batching(plugin := probe()) as batcher:
        visits = []
        run = batcher._runner.run
        monkeypatch.setattr(
            batcher._runner, "run", lambda rounds, timeout_s: visits.append(len(rounds)) or run(rounds, timeout_s)
        )
        listener = Recorder()
        lane = open_lane(batcher, listener)
        write_hops(lane, 1.0)
        await listener.results(1)
        write_hops(lane, *[1.0] * (MAX_ROUNDS + 3))
        assert [event["hops"] for event in await listener.results(MAX_ROUNDS + 4)] == list(range(1, MAX_ROUNDS + 5))
        assert visits == [1, MAX_ROUNDS, 3]
        assert len(plugin.calls) == batcher.steps == MAX_ROUNDS + 4


async def test_a_plugin_that_takes_its_time_is_visited_for_one_hop_at_a_time(monkeypatch):
    async with batching(probe()) as batcher:
        batcher.step_times_s.append(0.006)
        visits = []
        run = batcher._runner.run
        monkeypatch.setattr(
            batcher._runner, "run", lambda rounds, timeout_s: visits.append(len(rounds)) or run(rounds, timeout_s)
        )
        listener = Recorder()
        write_hops(open_lane(batcher, listener), 1.0, 1.0)
        await listener.results(2)
        assert visits[0] == 1


async def test_inference_runs_off_the_event_loop_on_one_torch_thread():
    async with batching(plugin := probe()) as batcher:
        listener = Recorder()
        write_hops(open_lane(batcher, listener), 1.0)
        await listener.results(1)
    (call,) = plugin.calls
    assert call.thread != threading.get_ident()
    assert (call.threads, call.inference) == (1, True)


async def test_parameters_may_change_between_two_hops():
    async with batching(probe()) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener)
        write_hops(lane, 1.0)
        await listener.results(1)
        lane.params = ProbeParams(gain=3.0)
        write_hops(lane, 1.0)
        assert [event["gain"] for event in await listener.results(2)] == [1.0, 3.0]


async def test_a_slot_that_was_used_starts_afresh():
    async with batching(probe(), capacity=1) as batcher:
        first, second = Recorder(), Recorder()
        lane = open_lane(batcher, first)
        write_hops(lane, 1.0, 1.0)
        await first.results(2)
        lane.close()
        write_hops(open_lane(batcher, second), 2.0)
        assert await second.results(1) == [{"hops": 1, "total": 320.0, "gain": 1.0}]


async def test_a_slot_left_during_its_step_starts_afresh_for_the_next_session():
    async with batching(plugin := probe(), capacity=1) as batcher:
        first, second = Recorder(), Recorder()
        plugin.gate.clear()
        lane = open_lane(batcher, first)
        write_hops(lane, 1.0)
        await arrived(plugin.entered)
        lane.close()
        write_hops(open_lane(batcher, second), 2.0)
        plugin.gate.set()
        assert await second.results(1) == [{"hops": 1, "total": 320.0, "gain": 1.0}]
        assert first.events == []


async def test_no_more_sessions_than_slots():
    async with batching(probe(), capacity=2) as batcher:
        open_lane(batcher, Recorder())
        lane = open_lane(batcher, Recorder())
        with pytest.raises(ServerFull, match="every session slot of plugin 'probe' is taken"):
            open_lane(batcher, Recorder())
        lane.close()
        open_lane(batcher, Recorder())
        assert batcher.num_lanes == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("raise", PluginRaised),
        ("exit", PluginRaised),
        ("cancel", PluginRaised),
        ("nan", PluginOutputInvalid),
        ("not_an_event", PluginOutputInvalid),
        ("bad_state", PluginOutputInvalid),
        ("bad_count", PluginOutputInvalid),
    ],
)
async def test_a_session_that_faults_is_disabled_and_the_others_are_as_if_it_had_not_been_there(fault, kind):
    async with batching(probe()) as batcher:
        listeners = [Recorder() for _ in range(3)]
        wanted = [ProbeParams(), ProbeParams(fault=fault, after=2), ProbeParams()]
        lanes = [open_lane(batcher, listener, params) for listener, params in zip(listeners, wanted, strict=True)]
        for _ in range(5):
            for value, lane in enumerate(lanes, 1):
                write_hops(lane, float(value))
        await listeners[1].until(lambda: listeners[1].faults)
        for value, listener in ((1, listeners[0]), (3, listeners[2])):
            await listener.results(5)
            assert totals(listener) == [160.0 * value * hop for hop in range(1, 6)]
            assert listener.faults == []
    assert [type(found) for found in listeners[1].faults] == [kind]
    assert totals(listeners[1]) == [320.0, 640.0]
    assert batcher.faults == 1


async def test_a_disabled_session_gives_its_slot_back_and_is_stepped_no_more():
    async with batching(plugin := probe(), capacity=1) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener, ProbeParams(fault="raise"))
        write_hops(lane, 1.0, 1.0)
        await listener.until(lambda: listener.faults)
        write_hops(lane, 1.0)
        assert batcher.pool.free == 1
        lane.close()
        assert batcher.pool.free == 1
        other = Recorder()
        write_hops(open_lane(batcher, other), 1.0)
        await other.results(1)
    assert len(plugin.calls) == 2


async def test_a_session_that_hangs_is_given_up_and_the_others_lose_nothing():
    async with batching(plugin := probe(), stall_timeout_s=0.05) as batcher:
        listeners = [Recorder() for _ in range(3)]
        wanted = [ProbeParams(), ProbeParams(fault="stall"), ProbeParams()]
        for value, (listener, params) in enumerate(zip(listeners, wanted, strict=True), 1):
            write_hops(open_lane(batcher, listener, params, live=False), float(value), float(value))
        await listeners[1].until(lambda: listeners[1].faults)
        for value, listener in ((1, listeners[0]), (3, listeners[2])):
            await listener.results(2)
            assert totals(listener) == [160.0 * value, 320.0 * value]
        (fault,) = listeners[1].faults
        assert isinstance(fault, PluginStalled)
        assert fault.message == "plugin 'probe' did not return within 0.1 s"
        assert batcher.stalls == 2  # The batch, then the session alone.
        # The threads that were left behind come back, and change nothing.
        plugin.stalled.set()
        await arrived(plugin.left, len(plugin.calls))
        listener = Recorder()
        write_hops(open_lane(batcher, listener), 1.0)
        assert await listener.results(1) == [{"hops": 1, "total": 160.0, "gain": 1.0}]


async def test_a_plugin_that_hangs_too_often_takes_no_more_sessions():
    async with batching(probe(), stall_timeout_s=0.01) as batcher:
        for _ in range(MAX_STALLS):
            listener = Recorder()
            write_hops(open_lane(batcher, listener, ProbeParams(fault="stall")), 1.0)
            await listener.until(lambda listener=listener: listener.faults)
        with pytest.raises(PluginStalled, match="hung 8 times and is off until restart"):
            open_lane(batcher, Recorder())


async def test_a_live_listener_s_hop_that_is_too_old_is_dropped_and_counted():
    clock = ManualClock()
    async with batching(plugin := probe(), clock=clock) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener)
        plugin.gate.clear()
        write_hops(lane, 1.0)
        await arrived(plugin.entered)
        write_hops(lane, 2.0, 3.0)
        clock.advance(1.0 + 0.01 + 0.001)  # The grace, the hop itself, and a moment.
        write_hops(lane, 4.0, now_s=clock.now_s())
        plugin.gate.set()
        await listener.results(2)
        assert totals(listener) == [160.0, 160.0 + 640.0]
        assert (lane.dropped_chunks, batcher.dropped_hops) == (2, 2)
        assert (lane.deadline_misses, batcher.deadline_misses) == (1, 1)
        lane.close()
        assert (batcher.dropped_hops, batcher.deadline_misses) == (2, 1)


async def test_a_file_s_hop_is_never_too_old():
    clock = ManualClock()
    async with batching(plugin := probe(), clock=clock) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener, live=False)
        plugin.gate.clear()
        write_hops(lane, 1.0, 2.0)
        clock.advance(3600.0)
        plugin.gate.set()
        assert len(await listener.results(2)) == 2
        assert (lane.dropped_chunks, lane.deadline_misses) == (0, 0)


async def test_warming_up_leaves_every_slot_free_and_fresh():
    async with batching(plugin := probe(), capacity=4) as batcher:
        await batcher.warm_up()
        assert {call.rows for call in plugin.calls} == {1, 4}
        assert batcher.pool.free == 4
        listener = Recorder()
        write_hops(open_lane(batcher, listener), 1.0)
        assert (await listener.results(1))[0]["hops"] == 1


class NeverSteps(Probe):
    def _before(self, faults):
        raise RuntimeError("not today")


class StepsOnlyAlone(Probe):
    def _before(self, faults):
        if len(faults) > 1:
            raise RuntimeError("one at a time")


@pytest.mark.parametrize(
    ("kind", "says"),
    [(NeverSteps, "raised RuntimeError: not today"), (StepsOnlyAlone, "steps one session but not 4: one at a time")],
)
async def test_a_plugin_that_does_not_step_is_found_while_warming_up(kind, says):
    broken = type("broken", (kind,), dict(vars(probe())))
    async with batching(broken) as batcher:
        with pytest.raises(PluginFault, match=says):
            await batcher.warm_up()


async def test_closing_ends_the_thread():
    plugin = probe("closing")
    async with batching(plugin):
        assert "tectum-closing" in {thread.name for thread in threading.enumerate()}
    assert "tectum-closing" not in {thread.name for thread in threading.enumerate()}


async def test_a_session_that_leaves_while_its_batch_is_told_apart_is_skipped():
    async with batching(plugin := probe(), stall_timeout_s=0.05) as batcher:
        hanging, leaving = Recorder(), Recorder()
        write_hops(open_lane(batcher, hanging, ProbeParams(fault="stall")), 1.0)
        lane = open_lane(batcher, leaving)
        write_hops(lane, 1.0)
        await arrived(plugin.entered)
        lane.close()
        await hanging.until(lambda: hanging.faults)
        await asyncio.sleep(0)
        assert leaving.events == []
        assert [call.rows for call in plugin.calls] == [2, 1]


@pytest.mark.cuda
async def test_a_batch_on_a_gpu_gives_what_it_gives_on_a_cpu():
    results = []
    for device in (CPU, torch.device("cuda")):
        plugin = probe()
        async with batching(
            type("on_device", (plugin,), {"__init__": lambda self, _, d=device: Probe.__init__(self, d)})
        ) as b:
            listeners = [Recorder() for _ in range(3)]
            for value, listener in enumerate(listeners, 1):
                write_hops(open_lane(b, listener), float(value), float(value))
            for listener in listeners:
                await listener.results(2)
            results.append([listener.events for listener in listeners])
    assert results[0] == results[1]


async def test_a_target_is_in_force_from_the_next_step_on():
    async with batching(tuned()) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener)
        write_hops(lane, 1.0)
        await listener.results(1)
        lane.target = person(3)
        write_hops(lane, 1.0, 1.0)
        events = await listener.results(3)
        assert [(event["person"], event["since"]) for event in events] == [(NOBODY, 1), (3, 1), (3, 2)]


async def test_a_session_that_cannot_be_turned_is_disabled_and_the_others_go_on():
    async with batching(tuned()) as batcher:
        listeners = [Recorder(), Recorder()]
        lanes = [open_lane(batcher, listener) for listener in listeners]
        lanes[0].target, lanes[1].target = person(3), person(5, "voice")
        for lane in lanes:
            write_hops(lane, 1.0)
        await listeners[1].until(lambda: listeners[1].faults)
        assert [event["person"] for event in await listeners[0].results(1)] == [3]
        assert [type(fault) for fault in listeners[1].faults] == [PluginRaised]


async def test_what_is_known_of_a_person_goes_with_the_session():
    async with batching(tuned()) as batcher:
        listener = Recorder()
        lane = open_lane(batcher, listener)
        lane.target = person(3)
        write_hops(lane, 1.0)
        await listener.results(1)
        assert 3 in batcher.pool.gather(torch.arange(8)).person
        lane.close()
        await until(lambda: 3 not in batcher.pool.gather(torch.arange(8)).person)


async def test_a_session_that_leaves_during_its_step_is_forgotten_after_it():
    async with batching(plugin := tuned()) as batcher:
        lane = open_lane(batcher, Recorder())
        lane.target = person(3)
        plugin.gate.clear()
        write_hops(lane, 1.0)
        await arrived(plugin.entered)
        lane.close()
        plugin.gate.set()
        other = Recorder()
        write_hops(open_lane(batcher, other), 1.0)
        assert [event["person"] for event in await other.results(1)] == [NOBODY]
        assert 3 not in batcher.pool.gather(torch.arange(8)).person
