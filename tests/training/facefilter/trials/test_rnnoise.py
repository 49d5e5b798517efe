"""RNNoise, given its best alignment."""

from __future__ import annotations

import numpy as np
import soundfile

from training.facefilter.trials.measures import active_rms, si_sdr
from training.facefilter.trials.rnnoise import denoise


def test_its_speech_is_aligned_to_the_sample(shared_data):
    path = sorted((shared_data / "librispeech").glob("*.opus"))[0]
    clean = soundfile.read(path, dtype="float32")[0][:48_000]
    clean *= np.float32(0.05 / active_rms(clean))
    out = denoise(clean)
    shifted = {
        shift: float(si_sdr(out[100:-100], clean[100 + shift : len(clean) - 100 + shift])) for shift in (-1, 0, 1)
    }
    assert max(shifted, key=shifted.__getitem__) == 0
    assert shifted[0] > 8.0


def test_it_takes_noise_away(rng):
    noise = 0.05 * rng.standard_normal(32_000).astype(np.float32)
    out = denoise(noise)
    assert out.shape == noise.shape
    assert np.square(out[16_000:]).mean() < 0.05 * np.square(noise[16_000:]).mean()
