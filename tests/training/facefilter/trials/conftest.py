"""The stand-in model, and people whose voices and pictures it understands."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.facefilter.trials.made_up import new_evidence, new_subject
from training.facefilter.trials.evidence import Evidence
from training.facefilter.trials.observations import Bench
from training.facefilter.trials.subject import Subject


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def subject() -> Subject:
    return new_subject()


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return new_evidence(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def bench(subject: Subject, evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Six mixtures a seed, observed once for all tests."""
    return Bench(subject, evidence.faces, tmp_path_factory.mktemp("observed"), 6)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
