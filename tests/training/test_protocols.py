"""The protocols over a data folder of twenty clips."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.ten_tones import CLIPS_A_GENRE, shortened, ten_tones
from training.genre.fit import FitSettings
from training.genre.members import MEMBERS, STATISTICS_STATE
from training.genre.protocols import Study

SETTINGS = FitSettings(epochs=10, batch=5)
PARTS = {"train": slice(0, 10), "valid": slice(10, 15), "test": slice(15, 20)}
MUSIC = {"missed_music": 0.1, "false_music": 0.1}


def write_data(data: Path) -> None:
    """Writes ``gtzan_bands.npz`` and the split: clips 0 and 1 of each tone, in this order."""
    corpus = shortened(ten_tones())
    chosen = np.concatenate([np.arange(0, 40, CLIPS_A_GENRE), np.arange(1, 40, CLIPS_A_GENRE)])
    ids = [corpus.ids[clip] for clip in chosen]
    (data / "gtzan" / "splits").mkdir(parents=True)
    np.savez(
        data / "gtzan" / "gtzan_bands.npz",
        mel=corpus.mel[chosen],
        chroma=corpus.chroma[chosen],
        frames=corpus.frames[chosen],
        id=np.array(ids),
        bins=corpus.bins.numpy(),
        mel_filters=corpus.mel_filters.numpy(),
        chroma_filters=corpus.chroma_filters.numpy(),
    )
    for name, part in PARTS.items():
        lines = [f"{name.split('.')[0]}/{name}.wav" for name in ids[part]]
        (data / "gtzan" / "splits" / f"{name}_filtered.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


@pytest.fixture(scope="module")
def measured_runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder where all is measured and ``music.pt`` is finished, so that no recordings are needed."""
    runs = tmp_path_factory.mktemp("runs")
    net = Study(data, runs, SETTINGS).corpus.new_net()
    torch.save({"music": net.music.state_dict(), "figures": MUSIC}, runs / "music.pt")
    return runs


@pytest.fixture
def study(data: Path, measured_runs: Path, tmp_path: Path) -> Study:
    """A study of its own over what was measured once."""
    shutil.copytree(measured_runs, tmp_path / "runs")
    return Study(data, tmp_path / "runs", SETTINGS)


def test_the_parts_are_those_of_the_split(study: Study) -> None:
    assert {name: len(part) for name, part in study.parts.items()} == {"train": 10, "valid": 5, "test": 5}
    assert study.readings.stored.shape[:3] == (13, 20, 12)


def test_a_seed_is_measured_on_the_test_clips_and_written(study: Study) -> None:
    result = study.run_seed(0)
    assert result == json.loads((study.runs / "results" / "shipped" / "filtered" / "seed0.json").read_text())
    assert (result["network"], result["protocol"], result["run"]) == ("shipped", "filtered", "seed0")
    assert (result["unit"], result["n"], len(result["labels"])) == ("clip", 5, 10)
    assert np.sum(result["confusion"]) == 5
    truth = np.sum(result["confusion"], axis=1).tolist()
    assert truth == np.bincount(study.corpus.labels[study.parts["test"]], minlength=10).tolist()
    assert result["accuracy"] == pytest.approx(np.trace(result["confusion"]) / 5)
    assert [point["epoch"] for point in result["curve"]] == list(range(1, 11))
    assert all(0.0 <= point["valid_accuracy"] <= 1.0 for point in result["curve"])

    net = study.load_seed(0)
    assert net.embedding_size == MEMBERS * study.corpus.new_net().embedding_size
    assert float(net.temperature) == pytest.approx(result["valid"]["temperature"])
    assert result["parameters"] == sum(value.numel() for value in net.parameters())


def test_what_was_measured_is_read_back(study: Study) -> None:
    first = study.run_fold(0)
    shutil.rmtree(study.runs / "members")
    assert study.run_fold(0) == first
    assert not (study.runs / "members").exists(), "nothing was trained"


def test_a_fold_is_trained_on_the_others(study: Study) -> None:
    """Two clips a genre, dealt over ten folds: the first two hold one of each."""
    result = study.run_fold(1)
    assert (result["protocol"], result["run"], result["n"]) == ("tracks", "fold1", 10)
    assert np.sum(result["confusion"], axis=1).tolist() == [1] * 10


def test_the_test_clips_decide_nothing(study: Study, data: Path, tmp_path: Path) -> None:
    """With other labels on the test clips the network is the same, and so is what was chosen on valid."""
    result = study.run_seed(1)
    net = study.load_seed(1)
    other_runs = tmp_path / "other"
    shutil.copytree(study.runs / "readings", other_runs / "readings")
    for name in ("statistics.pt", "music.pt"):
        shutil.copy(study.runs / name, other_runs)
    other = Study(data, other_runs, SETTINGS)
    test = other.parts["test"]
    other.corpus.labels[test] = (other.corpus.labels[test] + 3) % 10
    same = other.run_seed(1)
    assert same["valid"] == result["valid"]
    assert same["confusion"] != result["confusion"]
    for name, value in other.load_seed(1).state_dict().items():
        assert torch.equal(value, net.state_dict()[name]), name


def test_statistics_are_measured_once(study: Study, data: Path) -> None:
    before = (study.runs / "statistics.pt").stat().st_mtime_ns
    again = Study(data, study.runs, SETTINGS)
    assert (study.runs / "statistics.pt").stat().st_mtime_ns == before
    saved = torch.load(study.runs / "statistics.pt", weights_only=True)
    assert set(saved) == set(STATISTICS_STATE)
    assert torch.equal(again.readings.stored, study.readings.stored)


def test_a_seed_that_was_not_trained_cannot_be_loaded(study: Study) -> None:
    with pytest.raises(FileNotFoundError):
        study.load_seed(7)
