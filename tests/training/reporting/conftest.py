"""Folders of made-up results, and the report of all of them, drawn once."""

from pathlib import Path

import pytest

from tests.training.reporting.made_up import write_all
from training.genre.reporting.command import write_report
from training.genre.reporting.results import Results, read_results


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every run and trial."""
    folder = tmp_path_factory.mktemp("results")
    write_all(folder)
    return read_results(folder)


@pytest.fixture(scope="session")
def whole_report(everything: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of everything."""
    folder = tmp_path_factory.mktemp("report")
    write_report(everything, folder)
    return folder
