from pathlib import Path

import pytest

from tests.training.reporting.made_up import new_run, timeline, write
from training.genre.reporting.results import TIMELINE_POINTS, ResultError, Results, load_results, read_results
from training.genre.reporting.results import save_results as save


def test_the_path_says_what_a_file_is(tmp_path: Path) -> None:
    write(tmp_path, "shipped/filtered/seed0", new_run())
    write(tmp_path, "cnn/tracks/fold3", new_run())
    write(tmp_path, "shipped/real_audio", {"clips": 96})
    write(tmp_path, "shipped/speed/steps", {"rows": []})
    results = read_results(tmp_path)
    assert [(run.network, run.protocol, run.run) for run in results.runs] == [
        ("cnn", "tracks", "fold3"),
        ("shipped", "filtered", "seed0"),
    ]
    assert list(results.trials) == ["real_audio", "speed/steps"]


def test_runs_are_ordered_by_number(tmp_path: Path) -> None:
    for number in (10, 9, 2):
        write(tmp_path, f"cnn/tracks/fold{number}", new_run())
    assert [run.run for run in read_results(tmp_path).of("cnn", "tracks")] == ["fold2", "fold9", "fold10"]


def test_what_is_missing_comes_from_the_older_results_and_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, "old/cnn/filtered/seed0", new_run(note="old"))
    write(tmp_path, "old/cnn/filtered/seed1", new_run(note="old"))
    write(tmp_path, "old/shipped/real_audio", {"clips": 1})
    write(tmp_path, "old/shipped/robustness", {"clips": 1})
    write(tmp_path, "new/cnn/filtered/seed0", new_run(note="new"))
    write(tmp_path, "new/shipped/real_audio", {"clips": 2})
    merged = read_results(tmp_path / "new").over(read_results(tmp_path / "old"))
    assert [run.note for run in merged.of("cnn", "filtered")] == ["new", "old"]
    assert merged.trials == {"real_audio": {"clips": 2}, "robustness": {"clips": 1}}


def test_one_file_holds_everything_and_is_small(everything: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    save(everything, path)
    assert load_results(path) == everything
    assert path.stat().st_size < 300_000


def test_a_timeline_is_thinned_out_evenly(tmp_path: Path) -> None:
    write(tmp_path, "shipped/long_stream", {"timeline": timeline(3583)})
    thin = read_results(tmp_path).trials["long_stream"]["timeline"]
    assert len(thin["time_s"]) <= TIMELINE_POINTS
    assert thin["time_s"][:3] == [0.0, 5.0, 10.0]
    assert len(thin["probs"]) == len(thin["truth"]) == len(thin["label"]) == len(thin["time_s"])
    assert len(thin["labels"]) == 10


def test_a_short_timeline_stays_whole(tmp_path: Path) -> None:
    write(tmp_path, "shipped/long_stream", {"timeline": timeline(100)})
    assert len(read_results(tmp_path).trials["long_stream"]["timeline"]["time_s"]) == 100


def test_where_nothing_is_there_is_nothing(tmp_path: Path) -> None:
    assert read_results(tmp_path / "absent") == load_results(tmp_path / "absent.json") == Results()


def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path) -> None:
    run = new_run()
    del run["confusion"]
    write(tmp_path, "cnn/tracks/fold0", run)
    with pytest.raises(ResultError, match=r"fold0\.json: confusion: Field required"):
        read_results(tmp_path)


@pytest.mark.parametrize(("text", "complaint"), [("{", "expected JSON"), ("[1]", "expected an object, got list")])
def test_what_is_no_object_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "long_stream.json").write_text(text)
    with pytest.raises(ResultError, match=complaint):
        read_results(tmp_path)


def test_a_file_out_of_place_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "cnn/seed0", new_run())
    with pytest.raises(ResultError, match="expected NETWORK"):
        read_results(tmp_path)
