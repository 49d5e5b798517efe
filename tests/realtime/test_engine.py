"""Engine: sessions admitted up to a limit, no session hurt by another, and nothing left behind."""

import asyncio
import threading

import numpy as np
import pytest
import torch

from realtime.clock import MonotonicClock
from realtime.engine import Engine, EngineSettings
from realtime.errors import ArtifactError, DeviceUnavailable, PluginRaised, ServerFull, UnknownPlugin
from realtime.frames import AudioFrame
from realtime.output_line import CROSSFADE_S
from realtime.plugins.gain import GainPlugin
from realtime.plugins.genre import GenrePlugin
from realtime.session_config import PluginConfig

from .rig import (
    Probe,
    arrived,
    audio_of,
    config,
    drain,
    events_of,
    frames,
    probe,
    processor,
    run_through,
    serving,
    tone,
)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("tectum-")}


def noise(num_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (1, num_samples)).astype(np.float32)


# Loading


async def test_an_engine_is_ready_once_its_plugins_are_warm():
    engine = Engine(EngineSettings("cpu"), (plugin := probe(),))
    assert not engine.ready
    with pytest.raises(ServerFull):
        async with engine.open_session(config("probe")):
            pass
    async with engine:
        assert engine.ready
        assert plugin.calls
        assert list(engine.batchers) == ["probe"]
    assert not engine.ready


async def test_plugins_are_found_by_name_and_all_of_them_if_none_is_named():
    async with Engine(EngineSettings("cpu"), ("gain",)) as engine:
        assert list(engine.batchers) == ["gain"]
    assert {plugin.spec.name for plugin in Engine()._classes} >= {"gain", "genre"}
    with pytest.raises(UnknownPlugin, match="got 'nobody'"):
        Engine(plugins=("nobody",))


async def test_a_plugin_is_loaded_off_the_event_loop():
    where = []

    class Notes(probe("notes")):
        def __init__(self, device):
            where.append(threading.get_ident())
            super().__init__(device)

    async with serving(Notes):
        assert where[0] != threading.get_ident()


async def test_a_device_that_is_not_there_is_a_typed_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable):
        async with Engine(EngineSettings("cuda"), (probe(),)):
            pass


async def test_what_keeps_a_plugin_from_loading_is_raised_as_it_is_and_leaves_no_thread():
    class NoModel(probe("unlucky")):
        def __init__(self, device):
            raise ArtifactError("expected a model, got nothing")

    with pytest.raises(ArtifactError, match="expected a model"):
        async with Engine(EngineSettings("cpu"), (probe("lucky"), NoModel)):
            pass
    assert threads() == set()


async def test_what_keeps_a_plugin_from_stepping_is_raised_as_it_is_and_leaves_no_thread():
    class NeverSteps(probe("unlucky")):
        def _before(self, faults):
            raise RuntimeError("not today")

    with pytest.raises(PluginRaised, match="not today"):
        async with Engine(EngineSettings("cpu"), (NeverSteps,)):
            pass
    assert threads() == set()


# Admission


async def test_one_session_more_than_allowed_is_refused_until_another_leaves():
    async with serving(probe(), max_sessions=2) as engine:
        async with engine.open_session(config("probe")):
            async with engine.open_session(config("probe")):
                assert len(engine.sessions) == 2
                with pytest.raises(ServerFull, match="all 2 sessions are taken; try again later"):
                    async with engine.open_session(config("probe")):
                        pass
            async with engine.open_session(config("probe")) as session:
                assert engine.sessions[session.id] is session


async def test_a_refused_configuration_takes_no_place():
    async with serving(probe(), max_sessions=1) as engine:
        with pytest.raises(UnknownPlugin):
            async with engine.open_session(config("probe", "nobody")):
                pass
        assert engine.batchers["probe"].pool.free == 1
        async with engine.open_session(config("probe")):
            pass


async def test_a_thousand_sessions_that_vanish_leave_every_slot_free():
    async with serving(probe(), GainPlugin, max_sessions=4) as engine:
        frame = AudioFrame(np.ones((1, 160), np.float32), 16_000, 0)
        tasks = len(asyncio.all_tasks())
        for _ in range(1_000):
            async with engine.open_session(config("probe", "gain")) as session:
                await session.write(frame)
        assert len(asyncio.all_tasks()) == tasks
        assert [batcher.pool.free for batcher in engine.batchers.values()] == [4, 4]
        assert [batcher.num_lanes for batcher in engine.batchers.values()] == [0, 0]


# Batches


async def test_sessions_share_calls_and_each_gets_its_own_results():
    async with serving(plugin := probe()) as engine:
        tasks = []
        plugin.gate.clear()
        async with asyncio.TaskGroup() as group:
            for value in range(1, 6):

                async def one(value=value):
                    async with engine.open_session(config("probe", live=False)) as session:
                        samples = np.full((1, 1_600), value, np.float32)
                        return await run_through(session, frames(samples, 16_000, 160))

                tasks.append(group.create_task(one()))
            await arrived(plugin.entered)
            plugin.gate.set()
        for value, task in enumerate(tasks, 1):
            assert [event["total"] for event in task.result()] == [160.0 * value * hop for hop in range(1, 11)]
        assert sum(call.rows for call in plugin.calls) == 50
        assert len(plugin.calls) <= 15


# One session's fault is nobody else's


def passed_through(out: np.ndarray, samples: np.ndarray, from_hop: int) -> bool:
    """Whether ``out`` is ``samples``, but for the crossfade where a processor at 0 dB was left."""
    fade = round(CROSSFADE_S * 48_000)
    begin = from_hop * 480
    kept = np.r_[0:begin, begin + fade : samples.shape[1]]
    return out.shape[1] >= samples.shape[1] and np.array_equal(out[:, kept], samples[:, kept])


@pytest.mark.parametrize("fault", ["raise", "exit", "cancel", "nan", "huge", "not_an_event", "bad_state", "bad_count"])
async def test_a_session_beside_a_faulty_one_loses_no_sample(fault):
    samples = noise(48_000)
    async with serving(processor()) as engine:

        async def witness() -> np.ndarray:
            async with engine.open_session(config("wet", rate=48_000)) as session:
                return audio_of(await run_through(session, frames(samples, 48_000, 960)))[:, session.delay_samples :]

        async def faulty() -> list:
            params = PluginConfig("wet", {"fault": fault, "after": 7})
            async with engine.open_session(config(params, rate=48_000)) as session:
                return await run_through(session, frames(samples, 48_000, 960))

        async with asyncio.TaskGroup() as group:
            watching, failing = group.create_task(witness()), group.create_task(faulty())
        np.testing.assert_array_equal(watching.result(), samples)
        (error,) = events_of(failing.result(), "error")
        assert error["code"] in {"plugin_raised", "plugin_output_invalid"}
        assert passed_through(audio_of(failing.result())[:, 480:], samples, from_hop=7)


async def test_a_file_beside_a_session_that_hangs_loses_no_sample():
    samples = noise(48_000)
    async with serving(plugin := processor(), stall_timeout_s=0.05) as engine:

        async def run(**params) -> list:
            async with engine.open_session(config(PluginConfig("wet", params), rate=48_000, live=False)) as session:
                return await run_through(session, frames(samples, 48_000, 960))

        async with asyncio.TaskGroup() as group:
            watching, hanging = group.create_task(run()), group.create_task(run(fault="stall", after=3))
        np.testing.assert_array_equal(audio_of(watching.result()), samples)
        assert passed_through(audio_of(hanging.result()), samples, from_hop=3)
        assert events_of(watching.result(), "error") == []
        assert [error["code"] for error in events_of(hanging.result(), "error")] == ["plugin_stalled"]
        plugin.stalled.set()


async def test_a_live_session_beside_one_that_hangs_keeps_its_pace():
    samples = tone(48_000, 48_000)
    async with serving(plugin := processor(), stall_timeout_s=0.05, clock=MonotonicClock()) as engine:
        async with (
            engine.open_session(config("wet", rate=48_000)) as watching,
            engine.open_session(config(PluginConfig("wet", {"fault": "stall", "after": 5}), rate=48_000)) as hanging,
        ):
            reading = [asyncio.create_task(drain(session)) for session in (watching, hanging)]
            for frame in frames(samples, 48_000, 960):
                await watching.write(frame)
                await hanging.write(frame)
            await watching.end()
            await hanging.end()
            out = audio_of(await reading[0])[:, watching.delay_samples :]
        # At 0 dB wet and dry are the same, so that only a sample lost, moved or late beyond its block would show,
        # but for the crossfades into the dry signal, where 5 ms of it are mirrored.
        assert out.shape == samples.shape
        assert np.abs(np.diff(out)).max() < 2 * np.abs(np.diff(samples)).max()
        plugin.stalled.set()


# Leaving


async def test_leaving_ends_every_thread_and_task():
    before = asyncio.all_tasks()
    async with serving(probe(), GainPlugin) as engine:
        assert threads() == {"tectum-probe", "tectum-gain"}
        async with engine.open_session(config("probe", "gain")) as session:
            await run_through(session, frames(noise(16_000), 16_000, 160))
    assert threads() == set()
    assert asyncio.all_tasks() == before


async def test_leaving_at_once_ends_every_thread_and_task():
    before = asyncio.all_tasks()
    async with Engine(EngineSettings("cpu"), (probe(),)):
        pass
    assert threads() == set()
    assert asyncio.all_tasks() == before


async def test_leaving_with_sessions_open_ends_them():
    plugin = probe()
    engine = Engine(EngineSettings("cpu"), (plugin,))
    async with engine:
        opened = engine.open_session(config("probe"))
        session = await opened.__aenter__()
        reading = asyncio.create_task(drain(session))
        await asyncio.sleep(0)
    assert await reading == []
    await session.end()
    await opened.__aexit__(None, None, None)
    assert engine.sessions == {}


async def test_leaving_while_a_plugin_hangs_does_not_wait_for_it():
    plugin = probe("hanging")
    async with asyncio.timeout(5.0):
        async with Engine(EngineSettings("cpu", stall_timeout_s=60.0), (plugin,)) as engine:
            async with engine.open_session(config("hanging")) as session:
                plugin.gate.clear()
                while plugin.entered.acquire(blocking=False):
                    pass
                await session.write(AudioFrame(np.ones((1, 160), np.float32), 16_000, 0))
                await arrived(plugin.entered)
    plugin.gate.set()


async def test_an_error_in_the_body_comes_out_as_it_is():
    with pytest.raises(KeyError, match="mine"):
        async with Engine(EngineSettings("cpu"), (probe(),)):
            raise KeyError("mine")
    assert threads() == set()


async def test_a_session_that_is_cancelled_gives_everything_back():
    async with serving(plugin := probe(), max_sessions=1) as engine:
        running = asyncio.Event()

        async def run() -> None:
            async with engine.open_session(config("probe", live=False)) as session:
                running.set()
                await run_through(session, frames(noise(160_000), 16_000, 160))

        plugin.gate.clear()
        before = asyncio.all_tasks()
        task = asyncio.create_task(run())
        await running.wait()
        await arrived(plugin.entered)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before
        assert (len(engine.sessions), engine.batchers["probe"].pool.free) == (0, 1)
        plugin.gate.set()


# A GPU gives what a CPU gives


@pytest.mark.cuda
@pytest.mark.parametrize("plugin", [GainPlugin, GenrePlugin])
async def test_a_gpu_gives_what_a_cpu_gives(plugin):
    results = []
    for device in ("cpu", "cuda"):
        async with Engine(EngineSettings(device), (plugin,)) as engine:
            assert engine.batchers[plugin.spec.name].plugin.device.type == device
            wanted = config(plugin.spec.name, rate=22_050, live=False)
            async with engine.open_session(wanted) as session:
                results.append(await run_through(session, frames(tone(8 * 22_050, 22_050), 22_050, 2_205)))
    on_cpu, on_gpu = results
    if plugin is GainPlugin:
        np.testing.assert_allclose(audio_of(on_gpu), audio_of(on_cpu), atol=1e-6)
    else:
        assert [event["pts"] for event in on_gpu] == [event["pts"] for event in on_cpu]
        assert [event["label"] for event in on_gpu] == [event["label"] for event in on_cpu]
        for mine, theirs in zip(on_gpu, on_cpu, strict=True):
            assert mine["confidence"] == pytest.approx(theirs["confidence"], abs=1e-3)


def test_a_probe_class_is_its_own():
    assert probe().calls is not probe().calls
    assert issubclass(probe(), Probe)
