"""Fixtures for every test: where the recordings are, and a port that is free."""

from __future__ import annotations

import os

# Before numpy and torch are imported: worker threads of OpenMP fight over the cores that the tests measure with.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recordings: ``$TECTUM_DATA``, or ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("TECTUM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"the recordings are not at {folder}; set TECTUM_DATA to the folder that holds them")
    return folder


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives TCP ports of the loopback that nobody listens on, a different one each call."""
    given: set[int] = set()

    def find() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in given:
                given.add(port)
                return port

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips, saying so, the tests marked ``cuda`` where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="there is no CUDA device"))
