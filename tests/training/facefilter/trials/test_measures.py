"""Distances between signals, against known values and against other implementations."""

from __future__ import annotations

import warnings

import fast_bss_eval
import mir_eval.separation
import numpy as np
import pytest
import torch

from training.facefilter.trials.measures import active_rms, level_db, sdr, si_sdr


@pytest.fixture
def voices(rng):
    """Two voices of a second, coloured as speech is: each sample a little of the one before."""
    white = rng.standard_normal((2, 16_000))
    coloured = np.zeros_like(white)
    for t in range(1, white.shape[1]):
        coloured[:, t] = 0.9 * coloured[:, t - 1] + white[:, t]
    return (0.05 * coloured).astype(np.float32)


def test_si_sdr_of_orthogonal_noise_is_its_level(voices):
    one = voices[0]
    other = voices[1] - one * (voices[1] @ one) / (one @ one)
    other *= np.linalg.norm(one) / np.linalg.norm(other)
    assert si_sdr(one + 0.1 * other, one) == pytest.approx(20.0, abs=0.01)


def test_si_sdr_does_not_depend_on_the_scale_of_either(voices):
    mixture = voices.sum(0)
    assert si_sdr(0.01 * mixture, 7.0 * voices[0]) == pytest.approx(si_sdr(mixture, voices[0]), abs=1e-4)


def test_silence_is_the_worst_and_never_infinite(voices):
    assert si_sdr(np.zeros_like(voices[0]), voices[0]) == -60.0
    assert si_sdr(voices[0], voices[0]) == 100.0


def test_zeros_at_the_end_change_nothing(voices):
    mixture = voices.sum(0, keepdims=True)
    longer = [np.pad(x, ((0, 0), (0, 4_000))) for x in (mixture, voices[:1])]
    assert si_sdr(*longer) == pytest.approx(si_sdr(mixture, voices[:1]), abs=1e-6)
    assert sdr(*longer) == pytest.approx(sdr(mixture, voices[:1]), abs=0.02)


def test_sdr_agrees_with_both_public_implementations(voices):
    estimates = np.stack([voices[0] + 0.3 * voices[1], voices[1] + 0.5 * voices[0]])
    estimates[:, 5:] += 0.4 * estimates[:, :-5]  # BSS Eval forgives a filter.
    ours = sdr(estimates, voices)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # mir_eval will drop the function.
        theirs = mir_eval.separation.bss_eval_sources(voices, estimates, compute_permutation=False)[0]
    assert ours == pytest.approx(theirs, abs=0.05)
    sources = (torch.from_numpy(x).double() for x in (voices, estimates))
    assert ours == pytest.approx(
        fast_bss_eval.bss_eval_sources(*sources, compute_permutation=False)[0].numpy(), abs=0.05
    )


def test_pauses_do_not_make_a_voice_softer(voices):
    speaking = voices[0]
    with_pause = np.concatenate([speaking, np.zeros(32_000, np.float32)])
    assert active_rms(with_pause) == pytest.approx(active_rms(speaking), rel=1e-6)


def test_level_is_in_decibels_of_energy(voices):
    assert level_db(0.1 * voices[0], voices[0]) == pytest.approx(-20.0, abs=1e-4)
    assert level_db(0.0 * voices[0], voices[0]) == -60.0
