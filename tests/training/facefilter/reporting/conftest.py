"""A folder of runs in which everything was measured once, and its results."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.facefilter.reporting.measured import measure
from training.facefilter.reporting.results import Results, read_results


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs")
    measure(folder)
    return folder


@pytest.fixture(scope="session")
def everything(runs: Path) -> Results:
    return read_results(runs)
