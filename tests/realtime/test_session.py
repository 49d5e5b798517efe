"""Session: numbered events, exact audio, settings all or none, and back-pressure or counted loss as asked for."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.batcher import MAX_STALLS
from realtime.clock import ManualClock
from realtime.errors import BadFrame, BadMessage, BadParam, PluginStalled, UnknownPlugin
from realtime.frames import AudioFrame
from realtime.plugins.gain import GainPlugin
from realtime.session import MAX_OUTPUTS
from realtime.session_config import PluginConfig

from .rig import (
    PATIENCE_S,
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
    until,
)
from .tuned import NOBODY, person, tuned


def noise(num_samples: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (channels, num_samples)).astype(np.float32)


def hops(count: int, value: float = 1.0, first: int = 0) -> list[AudioFrame]:
    """Frames of one hop of the probe each."""
    return frames(np.full((1, 160 * count), value, np.float32), 16_000, 160, 160 * first)


# Events


async def test_events_are_numbered_and_dated_with_the_end_of_what_was_heard():
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        outputs = await run_through(session, hops(3))
    assert outputs == [
        {"type": "probe", "seq": 0, "pts": 160, "hops": 1, "total": 160.0, "gain": 1.0, "time_s": 0.01},
        {"type": "probe", "seq": 1, "pts": 320, "hops": 2, "total": 320.0, "gain": 1.0, "time_s": 0.02},
        {"type": "probe", "seq": 2, "pts": 480, "hops": 3, "total": 480.0, "gain": 1.0, "time_s": 0.03},
    ]


async def test_pts_of_an_event_counts_at_the_session_s_rate():
    async with serving(probe()) as engine:
        async with engine.open_session(config("probe", rate=48_000, live=False)) as session:
            outputs = await run_through(session, frames(tone(48_000, 48_000), 48_000, 960))
    assert [event["pts"] for event in outputs] == [480 * hop for hop in range(1, 101)]


async def test_audio_lost_on_the_way_is_counted_and_later_events_are_dated_after_it():
    async with serving(probe()) as engine, engine.open_session(config("probe")) as session:
        outputs = await run_through(session, [*hops(1), *hops(1, first=101)])
        assert session.stats.dropped_samples == 16_000
        assert session.stats.received_samples == 320
    assert [event["time_s"] for event in outputs] == [0.01, 1.02]


async def test_levels_come_ten_times_and_stats_once_a_second_of_audio():
    async with serving(probe()) as engine, engine.open_session(config("probe", reports=True)) as session:
        outputs = await run_through(session, hops(300, 0.1))
    levels, stats = events_of(outputs, "levels"), events_of(outputs, "stats")
    assert [event["pts"] for event in levels] == [1_600 * count for count in range(1, 31)]
    assert {(event["rms_db"], event["peak_db"]) for event in levels} == {(-20.0, -20.0)}
    assert [event["pts"] for event in stats] == [16_000, 32_000, 48_000]
    assert stats[-1]["received_frames"] == 300
    assert stats[-1]["received_samples"] == 48_000
    assert [event["seq"] for event in outputs] == list(range(len(outputs)))


async def test_a_report_tells_latency_once_there_is_a_result():
    clock = ManualClock()
    async with serving(plugin := probe(), clock=clock) as engine, engine.open_session(config("probe")) as session:
        assert session.report()["latency_ms"] == {"p50": None, "p99": None}
        plugin.gate.clear()
        for frame in hops(1):
            await session.write(frame)
        await arrived(plugin.entered)
        clock.advance(0.004)
        plugin.gate.set()
        await session.end()
        await drain(session)
        assert session.report()["latency_ms"] == {"p50": 4.0, "p99": 4.0}


# Audio


@given(
    sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=20), channels=st.sampled_from([1, 2]), live=st.booleans()
)
@settings(max_examples=25, deadline=None)
def test_gain_at_0_db_gives_every_sample_back_to_the_bit(sizes, channels, live):
    samples = noise(sum(sizes), channels)

    async def run() -> tuple[np.ndarray, int, list[int]]:
        async with serving(GainPlugin) as engine:
            async with engine.open_session(config("gain", rate=48_000, channels=channels, live=live)) as session:
                outputs = await run_through(session, frames(samples, 48_000, sizes))
                starts = [output.pts for output in outputs if isinstance(output, AudioFrame)]
                return audio_of(outputs), session.delay_samples, starts

    out, delay, starts = asyncio.run(run())
    np.testing.assert_array_equal(out[:, delay:], samples)
    assert delay == (480 if live else 0)
    assert starts[: len(sizes)] == [0, *np.cumsum(sizes)[:-1].tolist()]


async def test_processors_work_one_after_another_and_their_delays_add_up():
    first, second = processor("first", latency_samples=64), processor("second", chunk_samples=960)
    wanted = (PluginConfig("first", {"gain": 0.5}), PluginConfig("second", {"gain": 3.0}))
    samples = noise(48_000)
    async with serving(first, second) as engine:
        async with engine.open_session(config(*wanted, rate=48_000)) as session:
            out = audio_of(await run_through(session, frames(samples, 48_000, 960)))
            assert session.delay_samples == 480 + 64 + 960
    np.testing.assert_allclose(out[:, 1504 : 1504 + 48_000], 1.5 * samples, atol=1e-6)


async def test_listeners_hear_the_input_and_not_what_processors_make_of_it():
    async with serving(probe(), processor()) as engine:
        wanted = config(PluginConfig("wet", {"gain": 0.0}), "probe", live=False)
        async with engine.open_session(wanted) as session:
            outputs = await run_through(session, hops(10))
    assert events_of(outputs, "probe")[-1]["total"] == 1_600.0
    assert np.abs(audio_of(outputs)).max() == 0.0


async def test_loud_input_is_refused_before_it_reaches_a_processor():
    async with serving(GainPlugin) as engine, engine.open_session(config("gain", rate=48_000)) as session:
        with pytest.raises(BadFrame, match=r"expected samples within 1e\+06, got 1.5e\+06"):
            await session.write(AudioFrame(np.full((1, 960), 1.5e6, np.float32), 48_000, 0))
        loudest = np.full((1, 960), 1e6, np.float32)
        outputs = await run_through(session, [AudioFrame(loudest, 48_000, 0)])
        np.testing.assert_array_equal(audio_of(outputs)[:, 480:1440], loudest)


# What may not be written


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (AudioFrame(np.zeros((1, 160), np.float32), 44_100, 0), "expected 16000 Hz and 1 channels, got 44100 Hz and 1"),
        (AudioFrame(np.zeros((2, 160), np.float32), 16_000, 0), "got 16000 Hz and 2"),
        (AudioFrame(np.zeros((1, 160), np.float32), 16_000, 100), "expected pts 160 or later, got 100"),
    ],
)
async def test_a_frame_that_does_not_fit_is_refused_and_the_stream_goes_on(frame, says):
    async with serving(probe()) as engine, engine.open_session(config("probe")) as session:
        await session.write(hops(1)[0])
        with pytest.raises(BadFrame, match=says):
            await session.write(frame)
        outputs = await run_through(session, hops(1, first=1))
    assert [event["hops"] for event in outputs] == [1, 2]


async def test_nothing_is_taken_after_the_end():
    async with serving(probe()) as engine, engine.open_session(config("probe")) as session:
        await session.end()
        await session.end()
        with pytest.raises(BadFrame, match="after the end of the stream"):
            await session.write(hops(1)[0])
        assert await drain(session) == []


# Settings


async def test_parameters_change_between_two_hops_and_go_back_to_their_defaults():
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        reading = asyncio.create_task(drain(session))
        for gain in ({"gain": 2.0}, {"gain": 3.0}, {}):
            session.configure((PluginConfig("probe", gain),))
            await session.write(hops(1, first=session.pts // 160)[0])
            await asyncio.to_thread(engine.batchers["probe"].plugin.left.acquire, timeout=PATIENCE_S)
        await session.end()
        assert [(event["hops"], event["gain"]) for event in await reading] == [(1, 2.0), (2, 3.0), (3, 1.0)]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ((PluginConfig("probe", {"gain": 9.0}), PluginConfig("nobody")), UnknownPlugin),
        ((PluginConfig("probe", {"gain": 9.0}), PluginConfig("other", {"gain": "loud"})), BadParam),
        ((PluginConfig("probe", {"gain": 9.0}), PluginConfig("probe")), BadParam),
        ((PluginConfig("other"), PluginConfig("probe", {"after": -1})), BadParam),
    ],
)
async def test_settings_with_something_wrong_change_nothing(wanted, error):
    async with serving(probe(), probe("other")) as engine, engine.open_session(config("probe")) as session:
        with pytest.raises(error):
            session.configure(wanted)
        assert list(session.params) == ["probe"]
        assert session.params["probe"].gain == 1.0
        assert engine.batchers["other"].num_lanes == 0


async def test_settings_that_a_plugin_cannot_take_on_change_nothing():
    async with serving(probe(), probe("other"), probe("hung")) as engine:
        engine.batchers["hung"]._runner.stalls = MAX_STALLS
        async with engine.open_session(config("probe")) as session:
            wanted = (PluginConfig("probe", {"gain": 9.0}), PluginConfig("other"), PluginConfig("hung"))
            with pytest.raises(PluginStalled, match="is off until restart"):
                session.configure(wanted)
            assert list(session.params) == ["probe"]
            assert session.params["probe"].gain == 1.0
            assert engine.batchers["other"].num_lanes == 0
        with pytest.raises(PluginStalled):
            async with engine.open_session(config("other", "hung")):
                pass
        assert (engine.batchers["other"].num_lanes, len(engine.sessions)) == (0, 0)


async def test_a_listener_that_comes_back_starts_afresh_and_what_it_lost_stays_counted():
    clock = ManualClock()
    async with serving(plugin := probe(), clock=clock) as engine, engine.open_session(config("probe")) as session:
        outputs = session.outputs()
        for first in (0, 3):
            session.configure((PluginConfig("probe"),))
            plugin.gate.clear()
            await session.write(hops(1, first=first)[0])
            await arrived(plugin.entered)
            await session.write(hops(1, first=first + 1)[0])
            clock.advance(2.0)
            plugin.gate.set()
            assert (await anext(outputs))["hops"] == 1
            await until(lambda: session._lanes()["probe"].idle)
            session.configure(())
            await session.write(hops(1, first=first + 2)[0])
        assert (session.report()["dropped_hops"], session.report()["deadline_misses"]) == (2, 2)
        assert engine.batchers["probe"].pool.free == 8


async def test_processors_may_be_put_in_another_order_until_audio_flows():
    async with serving(processor("first"), processor("second")) as engine:
        async with engine.open_session(config("first", "second", rate=48_000)) as session:
            session.configure((PluginConfig("second"), PluginConfig("first")))
            assert [stage.lane.spec.name for stage in session._stages] == ["second", "first"]
            await session.write(frames(tone(960, 48_000), 48_000, 960)[0])
            with pytest.raises(BadMessage, match="cannot change once audio has flowed"):
                session.configure((PluginConfig("first"), PluginConfig("second")))
            with pytest.raises(BadMessage):
                session.configure(())
            session.configure((PluginConfig("second", {"gain": 0.5}), PluginConfig("first")))
            assert session.params["second"].gain == 0.5


async def test_leaving_the_plugin_that_a_writer_waits_for_lets_it_go_on():
    async with serving(plugin := probe()) as engine:
        async with engine.open_session(config("probe", live=False)) as session:
            plugin.gate.clear()
            writing = asyncio.create_task(run_through(session, hops(600)))
            await arrived(plugin.entered)
            await until(lambda: session.stats.received_samples > 16_000)
            assert not writing.done()
            session.configure(())
            assert await writing == []


async def test_leaving_the_last_plugin_after_the_end_ends_the_session():
    async with serving(plugin := probe()) as engine, engine.open_session(config("probe")) as session:
        plugin.gate.clear()
        await session.write(hops(1)[0])
        await session.end()
        session.configure(())
        assert await drain(session) == []


# Faults


async def test_a_fault_reaches_the_client_as_a_typed_event_and_the_session_goes_on():
    faulty = PluginConfig("probe", {"fault": "nan", "after": 1})
    async with serving(probe(), probe("other")) as engine:
        async with engine.open_session(config(faulty, "other", live=False)) as session:
            outputs = await run_through(session, hops(5))
    (error,) = events_of(outputs, "error")
    assert (error["code"], error["param"]) == ("plugin_output_invalid", "probe")
    assert len(events_of(outputs, "probe")) == 1
    assert len(events_of(outputs, "other")) == 5


# Loss and back-pressure


async def test_a_live_writer_never_waits_and_what_the_reader_misses_is_counted():
    async with serving(plugin := probe()) as engine, engine.open_session(config("probe")) as session:
        count = MAX_OUTPUTS + 50
        for frame in hops(count):
            await asyncio.wait_for(session.write(frame), PATIENCE_S)
            await arrived(plugin.left)
        await until(lambda: session._lanes()["probe"].idle)
        await session.end()
        outputs = await drain(session)
        assert len(outputs) == MAX_OUTPUTS
        assert [event["seq"] for event in outputs] == list(range(50, count))
        assert session.report()["dropped_events"] == 50


async def test_a_live_plugin_that_does_not_keep_up_drops_hops_and_they_are_counted():
    clock = ManualClock()
    async with serving(plugin := probe(), clock=clock) as engine, engine.open_session(config("probe")) as session:
        plugin.gate.clear()
        for frame in hops(300):
            await session.write(frame)
            clock.advance(0.01)
        await arrived(plugin.entered)
        plugin.gate.set()
        await session.end()
        outputs = await drain(session)
        assert session.report()["dropped_hops"] == 300 - len(outputs)
        assert 100 <= len(outputs) < 110
        assert outputs[-1]["time_s"] == 3.0


async def test_a_file_s_writer_waits_for_a_reader_that_takes_its_time_and_nothing_is_lost():
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        blocks = frames(np.ones((1, 16 * 16_000), np.float32), 16_000, 1_600)

        async def write() -> None:
            for block in blocks:
                await session.write(block)
            await session.end()

        writing = asyncio.create_task(write())
        await until(lambda: 2 * len(session._outputs) >= MAX_OUTPUTS and session._lanes()["probe"].idle)
        # The writer was let in while there was room: a second more was inside by then.
        assert not writing.done()
        assert len(session._outputs) <= MAX_OUTPUTS // 2 + 120
        events = []
        async for event in session.outputs():
            events.append(event)
            await asyncio.sleep(0)
        await writing
        assert [event["hops"] for event in events] == list(range(1, 1_601))
        assert session.report()["dropped_events"] == 0


async def test_a_file_s_writer_waits_for_a_slow_plugin_and_nothing_is_lost():
    async with serving(plugin := probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        plugin.gate.clear()
        writing = asyncio.create_task(
            run_through(session, frames(np.ones((1, 12 * 16_000), np.float32), 16_000, 1_600))
        )
        await arrived(plugin.entered)
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert session.stats.received_samples < 1.3 * 16_000
        plugin.gate.set()
        assert [event["hops"] for event in await writing] == list(range(1, 1_201))


async def test_a_file_through_a_fast_and_a_slow_processor_comes_out_whole():
    fast, slow = processor("fast"), processor("slow", hop_samples=240, chunk_samples=240)
    samples = noise(12 * 48_000)
    async with serving(fast, slow) as engine:
        async with engine.open_session(config("fast", "slow", rate=48_000, live=False)) as session:
            slow.gate.clear()
            writing = asyncio.create_task(run_through(session, frames(samples, 48_000, 200_000)))
            await arrived(slow.entered)
            slow.gate.set()
            out = audio_of(await writing)
    np.testing.assert_array_equal(out, samples)


# Ending


async def test_the_end_lets_out_what_is_inside():
    async with serving(GainPlugin) as engine, engine.open_session(config("gain", rate=48_000)) as session:
        outputs = await run_through(session, frames(tone(1_000, 48_000), 48_000, 1_000))
    assert [(frame.pts, frame.num_samples) for frame in outputs] == [(0, 1_000), (1_000, 480)]


async def test_a_closed_session_ends_for_reader_and_writer():
    async with serving(plugin := probe(), GainPlugin) as engine:
        async with engine.open_session(config("probe", "gain", live=False)) as session:
            plugin.gate.clear()
            writing = asyncio.create_task(run_through(session, hops(1_000)))
            await arrived(plugin.entered)
            session.close()
            with pytest.raises(ExceptionGroup) as caught:
                await writing
            assert caught.group_contains(BadFrame, match="after the end of the stream")
            await session.end()
            with pytest.raises(BadFrame):
                await session.write(hops(1)[0])


# Targets


async def test_a_target_is_told_to_the_plugin_that_takes_one_and_forgotten_again():
    async with serving(tuned(), probe()) as engine:
        async with engine.open_session(config("tuned", "probe", live=False)) as session:
            assert {name: target.kinds for name, target in session.targets.items()} == {"tuned": ()}
            session.retarget(anna := person(3))
            assert session.targets == {"tuned": anna}
            await session.write(hops(1)[0])
            await until(lambda: session._lanes()["tuned"].idle)
            session.retarget(None)
            outputs = await run_through(session, hops(1, first=1))
    assert [(event["person"], event["hops"]) for event in events_of(outputs, "tuned")] == [(3, 1), (NOBODY, 2)]


async def test_other_settings_keep_the_target():
    async with serving(tuned(), probe()) as engine, engine.open_session(config("tuned")) as session:
        session.retarget(anna := person(3))
        session.configure((PluginConfig("probe"), PluginConfig("tuned")))
        assert session.targets == {"tuned": anna}


async def test_one_plugin_of_several_can_be_told():
    async with serving(tuned("one"), tuned("two")) as engine:
        async with engine.open_session(config("one", "two")) as session:
            session.retarget(anna := person(3), "two")
            assert (session.targets["one"].kinds, session.targets["two"]) == ((), anna)


@pytest.mark.parametrize(("plugins", "named"), [(["probe"], None), ([], None), (["tuned"], "probe"), (["tuned"], "x")])
async def test_a_target_that_no_plugin_of_the_session_takes_is_refused(plugins, named):
    async with serving(tuned(), probe()) as engine, engine.open_session(config(*plugins)) as session:
        with pytest.raises(BadParam, match="expected a plugin that takes a target") as caught:
            session.retarget(person(3), named)
        assert caught.value.param == "plugin"
        assert all(not target.kinds for target in session.targets.values())
