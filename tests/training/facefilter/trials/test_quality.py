"""PESQ and STOI where they can tell, and where not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.training.facefilter.trials.made_up import new_voice
from training.facefilter.trials.quality import columns, pesq_of, quality_of, stoi_of


def test_a_voice_against_itself_is_perfect_and_with_noise_is_not(rng):
    clean = new_voice("m", 2.0, rng)
    noisy = clean + 0.05 * rng.standard_normal(len(clean)).astype(np.float32)
    perfect, worse = quality_of(clean, clean), quality_of(noisy, clean)
    assert perfect.pesq == pytest.approx(4.64, abs=0.01)
    assert perfect.stoi == pytest.approx(1.0, abs=1e-3)
    assert all(bad < good for bad, good in zip(worse, perfect, strict=True))


def test_silence_has_the_worst_pesq(rng):
    clean = new_voice("m", 2.0, rng)
    assert pesq_of(np.zeros_like(clean), clean) == 1.0


def test_where_nobody_speaks_there_is_nothing_to_tell():
    silence = np.zeros(16_000, np.float32)
    assert math.isnan(pesq_of(silence + 1e-9, silence))
    assert math.isnan(stoi_of(silence[:3_000], silence[:3_000]))


def test_columns_keep_the_order(rng):
    clean = new_voice("m", 1.0, rng)
    judged = [quality_of(clean, clean), quality_of(0.5 * clean, clean)]
    assert columns(judged)["pesq"].tolist() == [one.pesq for one in judged]
