"""People whose faces say how they sound: men hum below 1 kHz, women hiss above 2 kHz."""

import numpy as np
import pytest

from training.facefilter.corpus import Recording
from training.facefilter.papers.talkers import Talkers
from training.facefilter.waveforms import FULL_SCALE, Waveforms

SECONDS = 2.5
BANDS_HZ = {"m": (100.0, 1_000.0), "f": (2_000.0, 6_000.0)}


def voice(sex: str, rng: np.random.Generator) -> np.ndarray:
    """Noise in the band of a sex, waxing and waning."""
    num_samples = int(SECONDS * 16_000)
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    hz = np.fft.rfftfreq(num_samples, 1 / 16_000)
    low, high = BANDS_HZ[sex]
    x = np.fft.irfft(spectrum * ((hz >= low) & (hz < high)), num_samples)
    x *= 1.2 + np.sin(2 * np.pi * (3.0 * np.arange(num_samples) / 16_000 + rng.random()))
    return (0.05 * x / x.std()).astype(np.float32)


def face(sex: str, rng: np.random.Generator) -> np.ndarray:
    x = 0.3 * rng.standard_normal(128) / 128**0.5
    x[0] += 1.0 if sex == "m" else -1.0
    return (x / np.linalg.norm(x)).astype(np.float32)


class Village:
    """Twelve people, four of them for valid; the sex of every second is not in the manifest."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        people = [(f"p{i}", "mf"[i % 2], "valid" if i % 3 == 2 else "train") for i in range(12)]
        self.sexes = {name: sex for name, sex, _ in people}
        self.recordings = tuple(
            Recording(f"facevoice/voice/{name}.opus", "facevoice", "speech", name, part, sex if i % 4 < 2 else "")
            for i, (name, sex, part) in enumerate(people)
        )
        voices = [np.round(voice(sex, rng) * FULL_SCALE).astype(np.int16) for _, sex, _ in people]
        starts = np.cumsum([0] + [len(x) for x in voices])
        self.waveforms = Waveforms(np.concatenate(voices), starts)
        self.faces = {name: face(sex, rng) for name, sex, _ in people}

    def talkers(self, part: str) -> Talkers:
        return Talkers(self.recordings, self.waveforms, self.faces, self.sexes, part)


@pytest.fixture(scope="session")
def village() -> Village:
    return Village()


@pytest.fixture(scope="session")
def train(village: Village) -> Talkers:
    return village.talkers("train")


@pytest.fixture(scope="session")
def valid(village: Village) -> Talkers:
    return village.talkers("valid")
