"""Gain: decibels, to the bit at 0, gliding where they change."""

import numpy as np
import pytest
import torch

from realtime.plugins.gain import HOP_SAMPLES, GainParams, GainPlugin

PLUGIN = GainPlugin(torch.device("cpu"))


def step(*gains_db: float, state=None, chunks=None, mask=None):
    rows = len(gains_db)
    chunks = torch.ones(rows, 2, HOP_SAMPLES) if chunks is None else chunks
    mask = torch.ones(rows, dtype=torch.bool) if mask is None else mask
    state = PLUGIN.init_state(rows) if state is None else state
    result, state = PLUGIN.step(chunks, [GainParams(gain_db=gain) for gain in gains_db], state, mask)
    return result.audio.numpy(), state


@pytest.mark.parametrize(("gain_db", "factor"), [(-60.0, 0.001), (-20.0, 0.1), (6.0206, 2.0), (20.0, 10.0)])
def test_decibels_are_a_factor(gain_db, factor):
    np.testing.assert_allclose(step(gain_db)[0], factor, rtol=1e-5)


def test_0_db_gives_every_sample_back_to_the_bit():
    chunks = torch.randn(3, 2, HOP_SAMPLES)
    np.testing.assert_array_equal(step(0.0, 0.0, 0.0, chunks=chunks)[0], chunks.numpy())


def test_a_change_glides_over_one_hop_and_makes_no_step():
    _, state = step(0.0)
    audio, state = step(-20.0, state=state)
    steps = np.diff(audio[0, 0], prepend=1.0)
    np.testing.assert_allclose(steps, -0.9 / HOP_SAMPLES, atol=1e-6)
    assert audio[0, 0, -1] == pytest.approx(0.1)
    np.testing.assert_allclose(step(-20.0, state=state)[0], 0.1, rtol=1e-6)


def test_a_stream_begins_at_its_gain():
    np.testing.assert_allclose(step(-20.0)[0], 0.1, rtol=1e-6)


def test_each_session_has_its_own_gain():
    audio, _ = step(0.0, -20.0)
    np.testing.assert_allclose(audio[:, 0, 0], [1.0, 0.1], rtol=1e-6)


def test_a_masked_row_keeps_its_gain():
    _, state = step(-20.0, -20.0)
    _, state = step(0.0, 0.0, state=state, mask=torch.tensor([True, False]))
    np.testing.assert_allclose(state.gain, [1.0, 0.1], rtol=1e-6)
