from pathlib import Path
from typing import Any

from tests.training.reporting.made_up import hierarchy_extra, new_run, write
from training.genre.reporting.results import Results, read_results
from training.genre.reporting.tables import hierarchy_table, network_table, segment_table


def cells(table: str) -> dict[str, list[str]]:
    """Rows by their first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in rows}


def of(folder: Path, **runs: dict[str, Any]) -> Results:
    """Results of runs named ``NETWORK__PROTOCOL__RUN``."""
    for name, run in runs.items():
        write(folder, name.replace("__", "/"), run)
    return read_results(folder)


def test_every_network_of_the_papers_has_a_row_and_nothing_is_invented() -> None:
    rows = cells(network_table(Results()))
    assert rows["CNN of three layers"] == ["004, tables 1 and 2", "74.4", "-", "-", "-", "-"]
    assert rows["LSTM 13-128-32-10"][1] == "50 to 60"
    assert rows["Tectum, as it ships"] == ["-"] * 6
    assert len(rows) == 2 + 7


def test_the_network_that_ships_comes_first(everything: Results) -> None:
    assert list(cells(network_table(everything)))[2] == "Tectum, as it ships"


def test_protocols_are_never_mixed(tmp_path: Path) -> None:
    results = of(
        tmp_path,
        mlp__segments__seed0={**new_run(n=100), "accuracy": 0.5},
        mlp__tracks__fold0={**new_run(), "accuracy": 0.4},
        mlp__tracks__fold1={**new_run(), "accuracy": 0.6},
    )
    row = cells(network_table(results))["MLP 512-256-128"]
    assert row[2:] == ["50.0 ± 5.0 (1†)", "50.0 ± 10.0 (2)", "-", "94,634"]


def test_a_network_that_no_paper_has_comes_last(tmp_path: Path) -> None:
    rows = cells(network_table(of(tmp_path, aardvark__filtered__seed0=new_run())))
    assert list(rows)[-1] == "aardvark"


def test_sizes_that_differ_are_shown_as_a_range(tmp_path: Path) -> None:
    one, other = ({**new_run(), "parameters": size} for size in (1000, 2000))
    rows = cells(network_table(of(tmp_path, cnn__filtered__seed0=one, cnn__tracks__fold0=other)))
    assert rows["CNN of three layers"][-1] == "1,000 to 2,000"


def test_segments_of_runs_by_clip_are_scored_apart(tmp_path: Path) -> None:
    run = {**new_run(), "by_segment": {"n": 100, "accuracy": 0.2}}
    rows = cells(segment_table(of(tmp_path, cnn__filtered__seed0=run, mlp__filtered__seed0=new_run())))
    assert rows["CNN of three layers"] == ["-", "20.0 ± 2.3 (1†)"]
    assert rows["MLP 512-256-128"] == ["-", "-"]


def test_nodes_and_both_combinations_stand_beside_the_paper(tmp_path: Path) -> None:
    results = of(
        tmp_path,
        hierarchy__filtered__seed0={**new_run(), **hierarchy_extra(0.5, 100)},
        hierarchy__filtered__seed1={**new_run(), **hierarchy_extra(0.6, 100)},
    )
    rows = cells(hierarchy_table(results))
    assert rows["LSTM3a"] == ["74.6", "-", "-", "76.0 ± 0.0 (2)"]
    assert rows["end to end, products of posteriors"] == ["50.0", "-", "-", "55.0 ± 5.0 (2)"]
    assert rows["end to end, hard routing"] == ["50.0", "-", "-", "53.0 ± 5.0 (2)"]
    assert rows["one LSTM for all ten"] == ["50 to 60", "-", "-", "-"]
