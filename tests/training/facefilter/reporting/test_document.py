"""The README, its tables and its pictures."""

from __future__ import annotations

import re

import pytest

from training.facefilter.reporting.command import write_report
from training.facefilter.reporting.document import NOT_MEASURED, SECTIONS, render
from training.facefilter.reporting.pictures.gallery import GALLERY
from training.facefilter.reporting.results import Results, load_results
from training.facefilter.reporting.sections.goals import GOALS, goals_section


@pytest.fixture(scope="module")
def folder(everything, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(everything, folder)
    return folder


def test_every_section_and_every_picture_is_there(folder):
    text = (folder / "README.md").read_text()
    assert NOT_MEASURED not in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Goals",
        *(heading for heading, _ in SECTIONS.values()),
        "The paper's network",
        "Training of the separator",
    ]
    assert sorted(re.findall(r"\]\((\w+\.webp)\)", text)) == sorted(GALLERY)
    assert all((folder / name).stat().st_size > 2_000 for name in GALLERY)


def test_the_report_is_rebuilt_from_its_own_results_byte_for_byte(folder, tmp_path):
    write_report(load_results(folder / "results.json"), tmp_path)
    for name in ("README.md", "results.json", *GALLERY):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_without_results_every_heading_says_so(tmp_path):
    text = render(Results(), frozenset())
    assert text.count(NOT_MEASURED) == len(SECTIONS) + 2
    write_report(Results(), tmp_path)
    assert not list(tmp_path.glob("*.webp"))


def test_a_picture_without_data_any_more_is_taken_away(tmp_path):
    (tmp_path / "training.webp").write_bytes(b"old")
    write_report(Results(), tmp_path)
    assert not (tmp_path / "training.webp").exists()


def test_known_figures_are_in_their_places(folder):
    text = (folder / "README.md").read_text()
    by_face = next(line for line in text.split("Accuracy, %:")[1].splitlines() if line.startswith("| face |"))
    # M-F, F-M, M-M, F-F, opposite, same: the stand-in tells kinds of voices apart, and nothing else.
    cells = [cell.split(" ")[0] for cell in by_face.strip("| ").split(" | ")]
    assert cells[1:7] == ["100.0", "100.0", "50.0", "50.0", "100.0", "50.0"]
    assert "| audio-only, PIT | 0.69 | 49.9 | 1.00 ± 0.10 |" in text
    assert "| + attention | 2.41 | 80.9 | - |" in text, "a row that was not trained keeps the paper's figures"
    assert "- face: expected a face, got none" in text


def test_a_goal_is_met_by_what_was_measured_and_by_nothing_else(everything):
    rows = dict(line.strip("| ").split(" | ", 1) for line in goals_section(everything).splitlines()[2:])
    assert rows["face, opposite sex: accuracy, %"] == "95 | 100.0 ± 0.0 | yes"
    assert rows["face, same sex: accuracy, %"].startswith("60 | 50.0")
    assert rows["face, same sex: accuracy, %"].endswith("| no")
    assert rows["wrong face (the other's): other talker kept, %"] == "80 | 100.0 ± 0.0 | yes"
    assert rows["face and voice, same sex: SI-SDRi, dB"].endswith("| no")
    assert rows["over RNNoise at 5 dB, no target: PESQ"] == "0 | - | -", "only 0 dB was measured"
    nothing = goals_section(Results()).splitlines()[2:]
    assert len(nothing) == len(GOALS) + 1
    assert all(line.endswith("| - | - |") for line in nothing)
