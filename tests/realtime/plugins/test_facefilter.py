"""Facefilter around its separator: the mix, who is kept, what is told and when, with a separator one can foretell."""

from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime.artifacts import models_from
from realtime.clock import ManualClock
from realtime.engine import Engine, EngineSettings
from realtime.errors import ArtifactError, BadFrame
from realtime.frames import AudioFrame
from realtime.plugins.facefilter import EVENT_HOPS, HOP_SAMPLES, FacefilterParams, FacefilterPlugin
from realtime.session_config import PluginConfig
from realtime.targets.target import EMBEDDING_SIZE, Target
from realtime.testing import check_plugin
from realtime.testing.laws import LAWS
from tests.realtime.plugins.toy_separator import LOCK_HOPS, ToySeparator, write_separator
from tests.realtime.rig import audio_of, config, drain, events_of, frames, tone, until

CPU = torch.device("cpu")
ANNA = np.eye(EMBEDDING_SIZE, dtype=np.float32)[5]
NOBODY, FACE, VOICE = 0.5, 0.25, 0.375  # What the toy multiplies by.
BOTH = 0.125


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return write_separator(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def plugin(models) -> FacefilterPlugin:
    with models_from(models):
        return FacefilterPlugin(CPU)


class Streams:
    """Some streams through the plugin, hop after hop."""

    def __init__(self, plugin, *params):
        self.plugin = plugin
        self.params = [FacefilterParams(**row) for row in params or ({},)]
        self.state = plugin.init_state(len(self.params))
        self.mask = torch.ones(len(self.params), dtype=torch.bool)

    def step(self, hops=1, level=1.0):
        """Returns the audio ``[B, T]`` and the events ``[B][hops]`` of hops of one level."""
        audio, events = [], []
        chunks = torch.full((len(self.params), 1, HOP_SAMPLES), level)
        for _ in range(hops):
            result, self.state = self.plugin.step(chunks, self.params, self.state, self.mask)
            audio.append(result.audio[:, 0])
            events.append(result.events)
        return torch.cat(audio, 1).numpy(), list(zip(*events, strict=True))

    def turn(self, target):
        self.state = self.plugin.retarget(self.state, target)


def test_it_keeps_the_contract(plugin):
    assert check_plugin(plugin, seconds=1.5).laws == tuple(law.__name__ for law in LAWS)


def test_it_keeps_the_contract_with_a_target(plugin):
    check_plugin(plugin, params=FacefilterParams(strength=0.7), target=Target(face=ANNA, voice=ANNA), seconds=1.0)


# The mix


def test_at_strength_0_the_input_comes_out_to_the_bit_as_late_as_stated(plugin):
    noise = torch.randn(1, 1, 8 * HOP_SAMPLES)
    state, out = plugin.init_state(1), []
    for chunk in noise.split(HOP_SAMPLES, -1):
        result, state = plugin.step(chunk, [FacefilterParams(strength=0.0)], state, torch.ones(1, dtype=torch.bool))
        out.append(result.audio)
    torch.testing.assert_close(torch.cat(out, -1)[..., HOP_SAMPLES:], noise[..., :-HOP_SAMPLES], rtol=0, atol=0)


@pytest.mark.parametrize(("strength", "level"), [(1.0, 0.5), (0.5, 0.75), (0.0, 1.0)])
def test_strength_is_the_share_of_the_filtered_sound(plugin, strength, level):
    audio, _ = Streams(plugin, {"strength": strength}).step(3)
    np.testing.assert_allclose(audio[:, HOP_SAMPLES:], level, rtol=1e-6)


@pytest.mark.parametrize("change", [{"strength": 0.0}, {"bypass": True}])
def test_strength_and_bypass_glide_over_a_hop(plugin, change):
    streams = Streams(plugin)
    streams.step(2)
    streams.params = [FacefilterParams(**change)]
    audio, _ = streams.step(2)
    np.testing.assert_allclose(np.diff(audio[0, :HOP_SAMPLES], prepend=0.5), 0.5 / HOP_SAMPLES, atol=1e-6)
    np.testing.assert_array_equal(audio[0, HOP_SAMPLES:], 1.0)


def test_each_session_has_its_own_parameters(plugin):
    audio, _ = Streams(plugin, {}, {"bypass": True}, {"strength": 0.5}).step(3)
    np.testing.assert_allclose(audio[:, -1], [0.5, 1.0, 0.75], rtol=1e-6)


# Who is kept


@pytest.mark.parametrize(
    ("target", "by", "level"),
    [
        (None, "both", NOBODY),
        (Target(face=ANNA), "both", FACE),
        (Target(face=ANNA), "face", FACE),
        (Target(face=ANNA), "voice", NOBODY),
        (Target(voice=ANNA), "both", VOICE),
        (Target(voice=ANNA), "face", NOBODY),
        (Target(face=ANNA, voice=ANNA), "both", BOTH),
        (Target(face=ANNA, voice=ANNA), "face", FACE),
        (Target(face=ANNA, voice=ANNA), "voice", VOICE),
    ],
)
def test_it_goes_by_what_was_given_and_asked_for(plugin, target, by, level):
    streams = Streams(plugin, {"target": by})
    streams.turn(target)
    np.testing.assert_allclose(streams.step(3)[0][0, HOP_SAMPLES:], level, rtol=1e-6)


def test_what_it_goes_by_can_be_changed_and_changed_back(plugin):
    streams = Streams(plugin, {}, {})
    streams.turn(Target(face=ANNA, voice=ANNA))
    levels = []
    for by in ("both", "voice", "face", "both"):
        streams.params[1] = FacefilterParams(target=by)
        levels.append(streams.step(3)[0][:, -1].tolist())
    assert levels == [[BOTH, BOTH], [BOTH, VOICE], [BOTH, FACE], [BOTH, BOTH]]


def test_another_person_of_the_same_kind_is_another_target(plugin):
    streams = Streams(plugin)
    streams.turn(Target(face=ANNA))
    streams.step(3)
    streams.turn(Target(face=np.roll(ANNA, -5)))  # The toy minds the first number.
    assert streams.step(3)[0][0, -1] == pytest.approx(FACE + 0.05)


def test_what_was_heard_survives_a_turn_and_the_sound_goes_on_without_a_step(plugin):
    streams = Streams(plugin)
    before, _ = streams.step(3)
    streams.turn(Target(face=ANNA))
    after, _ = streams.step(3)
    steps = np.diff(np.concatenate([before, after], 1)[0, HOP_SAMPLES:])
    assert np.abs(steps).max() <= (NOBODY - FACE) / HOP_SAMPLES + 1e-6
    assert after[0, -1] == pytest.approx(FACE)


# What is told


def test_events_come_twice_a_second(plugin):
    _, (events,) = Streams(plugin, {"lock_on": False}).step(3 * EVENT_HOPS)
    assert [hop for hop, event in enumerate(events, 1) if event] == [EVENT_HOPS, 2 * EVENT_HOPS, 3 * EVENT_HOPS]
    assert EVENT_HOPS * HOP_SAMPLES == 8_000


def test_an_event_says_how_it_goes(plugin):
    streams = Streams(plugin, {"lock_on": False})
    streams.turn(Target(face=ANNA))
    _, (events,) = streams.step(EVENT_HOPS)
    assert events[-1] == {"target_present": 0.5, "suppressed_db": 12.04, "locked": False, "confidence": 0.25}


def test_with_nobody_given_there_is_nobody_to_be_present(plugin):
    _, (events,) = Streams(plugin).step(EVENT_HOPS)
    assert events[-1] == {"target_present": None, "suppressed_db": 6.02, "locked": False, "confidence": None}


def test_nothing_is_locked_on_unless_that_is_asked_for(plugin):
    streams = Streams(plugin)
    streams.turn(Target(face=ANNA))
    _, (events,) = streams.step(3 * EVENT_HOPS)
    assert [event["locked"] for event in events if event] == [False] * 3


def test_locking_and_letting_go_are_told_at_once(plugin):
    streams = Streams(plugin, {"lock_on": True})
    streams.turn(Target(face=ANNA))
    _, (events,) = streams.step(LOCK_HOPS + 5)
    assert [(hop, event["locked"]) for hop, event in enumerate(events, 1) if event] == [(LOCK_HOPS + 1, True)]
    streams.params = [FacefilterParams(lock_on=False)]
    _, (events,) = streams.step(5)
    assert [(hop, event["locked"]) for hop, event in enumerate(events, 1) if event] == [(1, False)]


def test_a_turn_lets_go_of_the_lock(plugin):
    streams = Streams(plugin, {"lock_on": True})
    streams.turn(Target(face=ANNA))
    streams.step(LOCK_HOPS + 5)
    streams.turn(Target(face=np.roll(ANNA, 1)))
    _, (events,) = streams.step(5)
    assert [event["locked"] for event in events if event] == [False]


def test_sessions_tell_of_themselves_alone(plugin):
    streams = Streams(plugin, {"lock_on": True}, {"lock_on": False})
    streams.turn(Target(face=ANNA))
    _, (locks, does_not) = streams.step(LOCK_HOPS + 5)
    assert [event is not None for event in locks].count(True) == 1
    assert does_not == (None,) * (LOCK_HOPS + 5)


# In the engine

LOCKING = PluginConfig("facefilter", {"lock_on": True})


@asynccontextmanager
async def session_with(models: Path):
    """A file's session through the plugin, at its own rate, that may lock on."""
    async with Engine(EngineSettings("cpu", models=models), [FacefilterPlugin], ManualClock()) as engine:
        async with engine.open_session(config(LOCKING, live=False)) as session:
            yield session


async def test_a_file_comes_out_aligned_and_by_the_target_from_its_first_sample(models):
    samples = tone(16_000, 16_000)
    async with session_with(models) as session:
        session.retarget(Target(face=ANNA))
        for frame in frames(samples, 16_000, 1000):
            await session.write(frame)
        await session.end()
        outputs = await drain(session)
    np.testing.assert_allclose(audio_of(outputs), FACE * samples, atol=1e-6)
    assert [event["locked"] for event in events_of(outputs, "facefilter")] == [True, True]


async def test_a_frame_that_is_no_number_is_refused_and_what_comes_after_is_as_if_it_had_not_come(models):
    samples = tone(3_200, 16_000)
    async with session_with(models) as session:
        for frame in frames(samples, 16_000, 1600):
            await session.write(frame)
            for poison in (np.nan, np.inf):
                with pytest.raises(BadFrame):
                    await session.write(AudioFrame(np.full((1, 160), poison, np.float32), 16_000, frame.end_pts))
            with pytest.raises(BadFrame):
                await session.write(AudioFrame(np.full((1, 160), 1e7, np.float32), 16_000, frame.end_pts))
        await session.end()
        outputs = await drain(session)
    np.testing.assert_allclose(audio_of(outputs), NOBODY * samples, atol=1e-6)


async def test_parameters_change_in_the_middle_without_a_step(models):
    ones = np.ones((1, 9_600), np.float32)
    async with session_with(models) as session:
        for index, frame in enumerate(frames(ones, 16_000, 160)):
            if index % 10 == 0:
                await until(lambda: session._lanes()["facefilter"].idle)
                session.configure((PluginConfig("facefilter", {"strength": index // 10 % 2 * 0.9}),))
            await session.write(frame)
        await session.end()
        audio = audio_of(await drain(session))[0, 160:-160]
    assert np.ptp(audio) > 0.4
    assert np.abs(np.diff(audio)).max() <= 0.9 * NOBODY / HOP_SAMPLES + 1e-6


# Its model


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ({"sample_rate": 48_000}, "got (48000, 1, 160, 160, 160)"),
        ({"latency_samples": 0}, "got (16000, 1, 160, 160, 0)"),
    ],
)
def test_a_model_of_another_shape_is_refused(tmp_path, card, says):
    with models_from(write_separator(tmp_path, **card)), pytest.raises(ArtifactError) as caught:
        FacefilterPlugin(CPU)
    assert says in caught.value.message


class Deaf(ToySeparator):
    """It has no step that takes what a step is given."""

    @torch.jit.export
    def step(self, audio: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return audio, state

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, state


def test_a_model_that_cannot_be_stepped_is_refused(tmp_path):
    with (
        models_from(write_separator(tmp_path, Deaf())),
        pytest.raises(ArtifactError, match="with_target and step, got"),
    ):
        FacefilterPlugin(CPU)
