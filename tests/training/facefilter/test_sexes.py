import numpy as np
import pytest

from training.facefilter.corpus import Recording
from training.facefilter.sexes import GIVEN, sex_scores
from training.facefilter.voices import Readings


def speaker(corpus: str, i: int, sex: str) -> Recording:
    return Recording(f"{corpus}/{i}.flac", corpus, "speech", f"{corpus}/{i}", "train", sex)


@pytest.fixture
def recordings() -> list[Recording]:
    """Forty whose sex is given; six who do not say; twenty whose labels are estimates, all of them wrong."""
    return [
        *(speaker("librispeech", i, "mf"[i % 2]) for i in range(40)),
        *(speaker("facevoice", i, "") for i in range(6)),
        *(speaker("voices/dsp20", i, "fm"[i % 2]) for i in range(20)),
    ]


@pytest.fixture
def readings() -> Readings:
    """Every even speaker sounds male, in two windows each."""
    rng = np.random.default_rng(0)
    sounds = np.concatenate([np.arange(n) % 2 for n in (40, 6, 20)])
    owners = np.repeat(np.arange(66), 2)
    x = 0.05 * rng.normal(size=(132, 256)) + np.where(sounds[owners, None] == 0, 0.05, -0.05)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    return Readings(owners, np.zeros(132, np.float32), x, x)


def test_what_was_given_is_kept(recordings: list[Recording], readings: Readings) -> None:
    scores, _ = sex_scores(recordings, readings)
    assert [scores[i] for i in range(4)] == [GIVEN, -GIVEN, GIVEN, -GIVEN]


def test_where_nobody_says_it_is_heard(recordings: list[Recording], readings: Readings) -> None:
    scores, accuracy = sex_scores(recordings, readings)
    assert [scores[i] > 0 for i in range(40, 46)] == [True, False] * 3
    assert accuracy > 0.95


def test_labels_that_are_estimates_are_neither_learned_nor_believed(
    recordings: list[Recording], readings: Readings
) -> None:
    scores, _ = sex_scores(recordings, readings)
    assert [scores[i] > 0 for i in range(46, 66)] == [True, False] * 10
