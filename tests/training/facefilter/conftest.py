"""People in miniature, and what mixtures are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.facefilter.miniature import build, made_up_embeddings, made_up_rooms
from training.facefilter.corpus import Recording, read_corpus
from training.facefilter.mixtures import Material
from training.facefilter.waveforms import Waveforms, load_waveforms


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few people and noises, which tests must not change."""
    return build(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def corpus(miniature: Path) -> tuple[Recording, ...]:
    return read_corpus(miniature)


@pytest.fixture(scope="session")
def waveforms(miniature: Path, corpus: tuple[Recording, ...], tmp_path_factory: pytest.TempPathFactory) -> Waveforms:
    return load_waveforms(miniature, corpus, tmp_path_factory.mktemp("waveforms"))


@pytest.fixture
def material(corpus: tuple[Recording, ...], waveforms: Waveforms) -> Material:
    """With embeddings that tell which face and which recording they are of."""
    return Material(corpus, waveforms, made_up_embeddings(corpus), made_up_rooms())
