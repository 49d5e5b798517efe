import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from training.facefilter.embeddings import Embeddings
from training.facefilter.papers.command import summary, train_row
from training.facefilter.papers.fit import Recipe
from training.facefilter.papers.rows import ROWS
from training.facefilter.papers.run import Trial, run_row
from training.facefilter.papers.talkers import Talkers
from training.facefilter.study import Study

RECIPE = Recipe(width=6, steps=2, batch_size=2, point_steps=1)


@pytest.fixture(scope="module")
def trial(train: Talkers) -> Trial:
    return Trial.draw(train, num_each=2, num_watched=2)


def test_a_result_has_what_the_report_reads(train: Talkers, trial: Trial, tmp_path: Path) -> None:
    result = run_row(ROWS["audio_visual"], RECIPE, train, trial, None, tmp_path)
    assert json.loads((tmp_path / "results" / "paper" / "audio_visual.json").read_text()) == result
    assert (result["row"], result["width"], result["mixtures"]) == ("audio_visual", 6, 8)
    assert [point["step"] for point in result["curve"]] == [1, 2]
    assert set(result["pairs"]["M-F"]) == {"sdri", "sdri_se", "si_sdri", "si_sdri_se", "accuracy", "accuracy_se", "n"}
    assert result["parameters"] == sum(p.numel() for p in ROWS["audio_visual"].new_network(6).parameters())


def test_a_row_that_is_done_is_read_back(train: Talkers, trial: Trial, tmp_path: Path) -> None:
    first = run_row(ROWS["audio_only"], RECIPE, train, trial, None, tmp_path)
    steps: list[int] = []
    again = run_row(ROWS["audio_only"], RECIPE, train, trial, None, tmp_path, lambda step, point: steps.append(step))
    assert again == first and not steps


def test_rows_are_judged_on_the_same_mixtures(train: Talkers) -> None:
    one, other = (Trial.draw(train, num_each=2, num_watched=2).mixtures for _ in range(2))
    assert all(bool((a == b).all()) for a, b in zip(one, other, strict=True))


def test_one_call_trains_and_judges_a_row_of_a_study(village, tmp_path: Path) -> None:
    study, told = Study(tmp_path, tmp_path, tmp_path, Console()), io.StringIO()
    # Stages that are there are not made.
    study.recordings, study.waveforms = village.recordings, village.waveforms
    scores = {name: 5.0 if sex == "m" else -5.0 for name, sex in village.sexes.items()}
    study.embeddings = Embeddings(village.faces, village.faces, {}, {}, scores)
    result = train_row("audio_visual", study, RECIPE, num_each=1, console=Console(file=told, width=200))
    assert result["mixtures"] == 4 and (tmp_path / "paper" / "audio_visual" / "checkpoint.pt").is_file()
    assert "Audio-visual, MSE: all SDRi" in told.getvalue()


def test_the_summary_names_gain_and_accuracy_with_their_errors() -> None:
    figures = {"sdri": 2.345, "sdri_se": 0.1, "accuracy": 0.805, "accuracy_se": 0.02}
    told = summary({"pairs": {"all": figures, "opposite": figures}})
    assert told.startswith("all SDRi 2.35 +- 0.10 dB, right 80.5 +- 2.0 %; opposite ")
