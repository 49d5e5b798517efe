from pathlib import Path
from typing import Any

import pytest

from tests.training.reporting.made_up import new_run, share, trials, write
from training.genre.reporting.document import NOT_MEASURED, SECTIONS, render
from training.genre.reporting.figures import in_percent
from training.genre.reporting.markdown import table
from training.genre.reporting.results import Results, read_results

NOTHING_DRAWN: frozenset[str] = frozenset()


def section(text: str, heading: str) -> str:
    """The part of ``text`` below a heading of the third level."""
    return text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]


def of(**found: dict[str, Any]) -> str:
    return render(Results.collect((), found), NOTHING_DRAWN)


@pytest.mark.parametrize("heading", [heading for heading, _ in SECTIONS])
def test_what_was_not_measured_is_said_not_to_be(heading: str, everything: Results) -> None:
    assert section(of(), heading).strip() == NOT_MEASURED
    assert NOT_MEASURED not in section(render(everything, NOTHING_DRAWN), heading)


def test_a_picture_is_shown_only_where_it_was_drawn(everything: Results) -> None:
    assert "](" not in render(everything, NOTHING_DRAWN).split("## Every network", 1)[1]
    assert "](timeline.webp)" in render(everything, frozenset({"timeline.webp"}))


def test_a_percentile_among_those_that_never_came_is_no_number() -> None:
    rows = section(of(long_stream=trials()["long_stream"]), "A long stream").splitlines()
    assert "| a change of genre | 3.4 ± 0.4 | never | 4 / 10 | 21.0 | 90 |" in rows


def test_held_out_recordings_that_there_are_none_of_have_no_share() -> None:
    rows = section(of(non_music=trials()["non_music"]), "What is not music").splitlines()
    assert "| moodist, held out | - | - | 0 | 0 |" in rows


def test_a_share_of_nothing_is_absent() -> None:
    assert in_percent(share(None)) == "-"
    assert in_percent(share(0.5)) == "50.0 ± 2.0"


def test_trials_of_one_artifact_name_it() -> None:
    text = of(real_audio={**trials()["real_audio"], "model_sha256": "a" * 64})
    assert "SHA-256 `aaaaaaaaaaaa...`" in text


def test_trials_of_two_artifacts_are_told_apart() -> None:
    found = {
        name: {**trials()[name], "model_sha256": digest * 64}
        for name, digest in (("real_audio", "a"), ("robustness", "b"))
    }
    text = of(**found)
    assert "Not all of this was measured on one artifact" in text
    assert "- `bbbbbbbbbbbb...`: robustness" in text


def test_every_note_is_told_once(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path, f"cnn/filtered/seed{seed}", new_run(note="three of ten epochs"))
    write(tmp_path, "cnn/tracks/fold0", new_run(note="two | folds"))
    text = render(read_results(tmp_path), NOTHING_DRAWN)
    assert text.count("three of ten epochs") == 1
    assert "- CNN of three layers (tracks): two | folds" in text


def test_a_cell_cannot_break_a_table() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")]).splitlines()[-1] == "| x\\|y | two lines |"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 cells, got 1"):
        table(("a", "b"), [("x",)])


def test_the_calibration_error_of_one_seed_has_no_binomial_error(tmp_path: Path) -> None:
    write(tmp_path, "shipped/filtered/seed0", new_run(ece=0.08, ece_uncalibrated=0.09))
    one = section(render(read_results(tmp_path), NOTHING_DRAWN), "Calibration")
    assert "mean over seeds: 8.0 (1) %; 9.0 (1) % before temperature" in one
    write(tmp_path, "shipped/filtered/seed1", new_run(ece=0.06))
    two = section(render(read_results(tmp_path), NOTHING_DRAWN), "Calibration")
    assert "mean over seeds: 7.0 ± 1.0 (2) %; 9.0 (1) % before temperature" in two
