"""A folder of made-up results, read once."""

import pytest

from tests.training.reporting.made_up import write_all
from training.genre.reporting.results import Results, read_results


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every run and trial."""
    folder = tmp_path_factory.mktemp("results")
    write_all(folder)
    return read_results(folder)
