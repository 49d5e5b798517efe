"""Facefilter with its real network: small and untrained, it is turned without a click; what ships keeps every law."""

import numpy as np
import pytest
import torch

from models.separator import Separator
from realtime.artifacts import models_from
from realtime.plugins.facefilter import HOP_SAMPLES, FacefilterParams, FacefilterPlugin
from realtime.targets.target import EMBEDDING_SIZE, Target
from realtime.testing import check_plugin
from tests.realtime.plugins.toy_separator import write_separator
from tests.realtime.rig import CPU, tone

RATE = 16_000
TURN = 20


@pytest.fixture(scope="module")
def plugin(tmp_path_factory) -> FacefilterPlugin:
    torch.manual_seed(0)
    net = Separator(width=32, hidden=32, num_blocks=1)
    with torch.no_grad():
        # As it begins, the target hardly matters; here one person's mask shall be far from another's.
        net.film.weight.mul_(40.0)
        net.mask.weight.mul_(10.0)
    with models_from(write_separator(tmp_path_factory.mktemp("models"), net)):
        return FacefilterPlugin(CPU)


def person(number: int) -> Target:
    embedding = np.random.default_rng(number).standard_normal(EMBEDDING_SIZE).astype(np.float32)
    return Target(face=embedding / np.linalg.norm(embedding))


def run(plugin, samples, turns=(), params=()) -> np.ndarray:
    """Steps ``samples`` ``[1, T]``; ``turns`` and ``params`` say what changes before which hop."""
    turns, params, mask = dict(turns), dict(params), torch.ones(1, dtype=torch.bool)
    state, now, out = plugin.init_state(1), FacefilterParams(), []
    with torch.inference_mode():
        for hop, chunk in enumerate(torch.from_numpy(samples)[None].split(HOP_SAMPLES, -1)):
            state = plugin.retarget(state, turns[hop]) if hop in turns else state
            now = params.get(hop, now)
            result, state = plugin.step(chunk, [now], state, mask)
            out.append(result.audio[0, 0])
    return torch.cat(out).numpy()


@pytest.mark.parametrize("after", [person(2), None], ids=["another", "nobody"])
def test_a_turn_makes_no_click(plugin, after):
    samples = tone(2 * TURN * HOP_SAMPLES, RATE, hz=200.0)
    before = run(plugin, samples, {0: person(1)})
    turned = run(plugin, samples, {0: person(1), TURN: after})
    change = (turned - before)[TURN * HOP_SAMPLES :]
    later = change[4 * HOP_SAMPLES :]
    np.testing.assert_array_equal(turned[: TURN * HOP_SAMPLES], before[: TURN * HOP_SAMPLES])
    assert np.abs(later).max() > 0.02, "the two sound the same: nothing is shown"
    # The tone that it came to fades in over a hop: its own slope, and that of the fade; a click is its amplitude.
    slope = 2 * np.pi * 200.0 / RATE + np.pi / HOP_SAMPLES
    assert np.abs(np.diff(change[: 2 * HOP_SAMPLES], prepend=0.0)).max() < 1.5 * slope * np.abs(change).max()


def test_a_change_of_what_it_goes_by_makes_no_click(plugin):
    samples = tone(2 * TURN * HOP_SAMPLES, RATE, hz=200.0)
    known = {0: Target(face=person(1).face, voice=person(2).face)}
    change = run(plugin, samples, known, {TURN: FacefilterParams(target="voice")}) - run(plugin, samples, known)
    slope = 2 * np.pi * 200.0 / RATE + np.pi / HOP_SAMPLES
    assert not change[: TURN * HOP_SAMPLES].any()
    assert np.abs(change).max() > 0.02, "the two sound the same: nothing is shown"
    assert np.abs(np.diff(change[TURN * HOP_SAMPLES :], prepend=0.0)).max() < 1.5 * slope * np.abs(change).max()


def test_the_loudest_and_the_softest_sound_that_come_in_leave_it_as_it_was(plugin):
    quiet = tone(100 * HOP_SAMPLES, RATE, hz=200.0, amplitude=0.1)
    expected = run(plugin, quiet)
    for peak in (1e6, 1e-30):
        burst = np.full((1, 10 * HOP_SAMPLES), peak, np.float32)
        silence = np.zeros((1, 200 * HOP_SAMPLES), np.float32)
        out = run(plugin, np.concatenate([burst, silence, quiet], axis=1))
        assert np.isfinite(out).all()
        after = out[210 * HOP_SAMPLES :]
        assert 0.5 < np.std(after[-8_000:]) / np.std(expected[-8_000:]) < 2.0


@pytest.mark.parametrize("target", [None, person(1)], ids=["nobody", "somebody"])
def test_what_ships_keeps_the_contract(target):
    check_plugin(FacefilterPlugin(CPU), target=target, seconds=0.3)
