import math

import numpy as np
import pytest

from training.genre.trials import random_starts
from training.genre.trials.evidence import CLIP_FRAMES, Evidence
from training.genre.trials.listening import Heard, Subject
from training.genre.trials.random_starts import FIRST_START_FRAME, answers, draw_starts, frames_in, stretches


@pytest.mark.parametrize(("seconds", "frames"), [(1, 11), (3, 34), (5, 57), (10, 114), (30, 344)])
def test_only_whole_frames_are_in_a_time(seconds: float, frames: int) -> None:
    assert frames_in(seconds) == frames
    assert (2_048 + 1_920 * (frames - 1)) / 22_050 <= seconds < (2_048 + 1_920 * frames) / 22_050


def test_no_stretch_begins_in_the_first_second_or_leaves_the_clip() -> None:
    starts = draw_starts(500, 114)
    assert starts.shape == (500, random_starts.STARTS_A_CLIP)
    assert starts.min() == FIRST_START_FRAME and starts.min() * 1_920 >= 22_050
    assert starts.max() + 114 == CLIP_FRAMES


def test_stretches_are_cut_where_they_start(evidence: Evidence) -> None:
    bands = evidence.bands(np.array([3, 17]))
    cut = stretches(bands, np.array([[12, 50, 99], [13, 60, 200]]), 20)
    assert len(cut) == 6
    assert np.array_equal(cut.mel[1], bands.mel[0, 50:70])
    assert np.array_equal(cut.chroma[5], bands.chroma[1, 200:220])
    assert np.array_equal(cut.level_db[3], bands.level_db[1, 13:33])


def test_the_three_answers_differ_where_they_should() -> None:
    """Label 1 for 30 frames and 2 for 10: now it is 2, in the mean 1, and the label shown has not followed."""
    probs = np.zeros((1, 40, 3), dtype=np.float32)
    probs[0, :30, 1] = probs[0, 30:, 2] = 1.0
    shown = np.full((1, 40), 1)
    heard = Heard(probs, probs, shown, shown > 0, shown > 0)
    assert {name: int(said[0]) for name, said in answers(heard, 40).items()} == {"now": 2, "mean": 1, "shown": 1}
    assert int(answers(heard, 20)["now"][0]) == 1


def test_a_tagger_that_hears_the_genres_is_right_at_once(
    subject: Subject, evidence: Evidence, short_clips: int
) -> None:
    figures = random_starts.run(subject, evidence)
    assert figures["clips"] == 30
    assert figures["accuracy_after_s"]["1"] == {"mean": 1.0, "se": 0.0, "n": 30}
    assert figures["by_answer"]["shown"]["1"]["mean"] == 1.0
    assert figures["by_answer"]["shown"]["30"]["mean"] == 1.0


def test_the_error_is_over_clips_and_not_over_starts(subject: Subject, evidence: Evidence, short_clips: int) -> None:
    """Fifteen of thirty clips are always right, the others never: five starts a clip are no more evidence than one."""
    tests = evidence.part("test")
    evidence.corpus.labels[tests[::2]] = (evidence.corpus.labels[tests[::2]] + 1) % 10
    figure = random_starts.run(subject, evidence)["accuracy_after_s"]["3"]
    assert figure == {"mean": 0.5, "se": round(math.sqrt(0.25 / 29), 4), "n": 30}
