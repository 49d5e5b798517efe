"""Music to hear: notes with attacks over a noise floor, and a recording where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from tests.models.features.notes import SAMPLE_RATE, notes


@pytest.fixture(scope="package", params=["notes", "recording"])
def music(request: pytest.FixtureRequest) -> NDArray[np.float32]:
    """Six seconds at 22,050 Hz."""
    if request.param == "notes":
        return notes(6.0, seed=0)
    folder: Path = request.getfixturevalue("shared_data")
    path = min((folder / "gtzan_audio" / "clip30s").glob("*.opus"))
    samples, rate = soundfile.read(path, dtype="float32")
    return soxr.resample(samples, rate, SAMPLE_RATE, "HQ")[5 * SAMPLE_RATE : 11 * SAMPLE_RATE]
