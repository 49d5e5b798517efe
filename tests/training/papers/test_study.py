import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from models.baselines.hierarchy import TREE
from training.genre.corpus import Corpus, fold_of_tracks
from training.genre.papers import study as study_module
from training.genre.papers.command import numbers_of, summary, train_paper
from training.genre.papers.recipes import RECIPES
from training.genre.papers.study import NETWORKS, Study, run_name


@pytest.fixture
def study(gtzan: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Forty clips instead of a thousand, one epoch, and fifteen, ten and fifteen clips for the filtered split."""
    ids = np.array(gtzan.ids)
    order = fold_of_tracks(gtzan, 4, seed=0)
    split = {"train": ids[order <= 1], "valid": ids[order == 2], "test": ids[order == 3]}
    monkeypatch.setattr(study_module, "load_gtzan", lambda data: gtzan)
    monkeypatch.setattr("training.genre.papers.splits.load_split", lambda data, name: tuple(split[name]))
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, epochs=1, num_segments=6 if name == "lstm" else 3))
    return Study(tmp_path, tmp_path / "runs")


@pytest.mark.parametrize("protocol", ["segments", "tracks", "filtered"])
def test_a_result_has_what_the_report_reads(study: Study, protocol: str) -> None:
    result = study.run("mlp", protocol, 1)
    assert (result["network"], result["protocol"]) == ("mlp", protocol)
    assert result["run"] == run_name("mlp", protocol, 1)
    assert result["unit"] == ("segment" if protocol == "segments" else "clip")
    confusion = np.array(result["confusion"])
    assert confusion.shape == (10, 10) and confusion.sum() == result["n"]
    assert np.trace(confusion) / result["n"] == pytest.approx(result["accuracy"])
    assert result["labels"] == list(study.corpus.label_names)
    assert result["curve"][0].keys() == {"epoch", "loss", "valid_accuracy"}
    assert result["parameters"] > 0 and result["seconds"] > 0
    assert "Adam from 0.001 falling to 0 over 1 epochs" in result["note"]
    path = study.runs / "results" / "mlp" / protocol / f"{result['run']}.json"
    assert json.loads(path.read_text()) == result


def test_a_run_that_is_done_is_read_back(study: Study) -> None:
    first = study.run("mlp", "filtered", 0)
    watched = []
    assert study.run("mlp", "filtered", 0, lambda node, point: watched.append(point)) == first
    assert not watched


def test_posteriors_of_clips_are_kept_for_fusion(study: Study) -> None:
    result = study.run("mlp", "filtered", 0)
    with np.load(study.runs / "results" / "mlp" / "filtered" / "seed0.npz") as stored:
        assert len(stored["test_ids"]) == result["n"] == 10
        np.testing.assert_allclose(stored["test_probs"].sum(1), 1.0, atol=1e-5)
        right = stored["test_probs"].argmax(1) == stored["test_labels"]
        assert right.mean() == pytest.approx(result["accuracy"])
        assert not set(stored["valid_ids"]) & set(stored["test_ids"])
        names = [study.corpus.label_names[label] for label in stored["test_labels"]]
        assert [name.split(".")[0] for name in stored["test_ids"]] == names


def test_the_hierarchy_reports_every_node_and_both_combinations(study: Study) -> None:
    watched: list[str] = []
    result = study.run("hierarchy", "filtered", 0, lambda node, point: watched.append(node))
    assert watched == list(result["nodes"]) == [node.name for node in TREE]
    assert result["combinations"]["product"]["accuracy"] == result["accuracy"]
    assert result["combinations"]["hard"]["n"] == result["n"] == 10
    # A clip of each genre is tested: a node counts the clips of its own genres.
    counts = [sum(map(len, node.branches)) for node in TREE]
    assert [figures["n"] for figures in result["nodes"].values()] == counts
    assert [figures["by_segment"]["n"] for figures in result["nodes"].values()] == [6 * count for count in counts]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_is_trained_by_its_name(study: Study, network: str) -> None:
    result = study.run(network, "tracks", 0)
    assert 0.0 <= result["accuracy"] <= 1.0
    assert (study.runs / "results" / network / "tracks" / "fold0.json").is_file()


def test_what_there_is_not_is_refused(study: Study) -> None:
    with pytest.raises(ValueError, match="expected one of lstm, hierarchy, crnn, mlp, lstm64, cnn, got 'svm'"):
        study.run("svm", "tracks", 0)
    with pytest.raises(ValueError, match="expected one of segments, tracks, filtered, got 'random'"):
        study.run("mlp", "random", 0)
    with pytest.raises(ValueError, match=r"expected a fold in \[0, 9\], got 10"):
        study.run("mlp", "tracks", 10)


def test_runs_are_folds_where_they_differ_in_what_is_tested() -> None:
    assert [run_name("lstm", protocol, 2) for protocol in ("segments", "tracks", "filtered")] == [
        "fold2",
        "fold2",
        "seed2",
    ]
    assert run_name("cnn", "segments", 2) == "seed2"


def test_the_command_trains_the_seeds_that_are_asked_for(study: Study) -> None:
    app = typer.Typer()
    app.command()(train_paper)
    called = CliRunner().invoke(
        app, ["mlp", "--data", str(study.data), "--runs", str(study.runs), "--seed", "0", "--seed", "3"]
    )
    assert called.exit_code == 0, called.output
    assert "mlp filtered:" in called.output and "(2 runs)" in called.output
    assert {path.stem for path in (study.runs / "results" / "mlp" / "filtered").glob("*.json")} == {"seed0", "seed3"}


def test_without_seeds_a_protocol_has_all_of_its_runs() -> None:
    assert (len(numbers_of("mlp", "filtered")), len(numbers_of("mlp", "segments"))) == (5, 5)
    assert (len(numbers_of("lstm", "segments")), len(numbers_of("lstm", "tracks"))) == (10, 10)


def test_the_mean_is_given_with_its_standard_error() -> None:
    results = [{"accuracy": share, "unit": "clip", "n": 290} for share in (0.5, 0.6, 0.7)]
    assert summary(results) == "60.0 +- 5.8 % by clip (3 runs)"
    assert summary(results[:1]) == "50.0 % of 290 clips"
