from dataclasses import replace

import numpy as np
import pytest
import torch

from models.genre import TICK_FRAMES, GenreNet
from tests.training.ten_tones import SHORT_FRAMES, Measured, shortened
from training.genre.readings import read_whole
from training.genre.score import (
    accuracy,
    accuracy_after,
    clip_probs,
    confusion,
    fit_temperature,
    reliability,
    start_probs,
)
from training.genre.variation import decibels


@pytest.fixture
def net(measured: Measured) -> GenreNet:
    """Untrained, with the statistics of the clips; it notices no change."""
    torch.manual_seed(1)
    net = measured.corpus.new_net()
    net.load_state_dict(measured.net.state_dict())
    with torch.no_grad():
        net.genre.weight.mul_(5.0)
        net.limit.fill_(1e9)
    return net.eval()


def rows(confidences: list[float], right: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors of three labels, each highest at label 0, and the truth."""
    probs = np.array([[c, (1 - c) * 0.6, (1 - c) * 0.4] for c in confidences], dtype=np.float32)
    return probs, np.array([0 if is_right else 2 for is_right in right])


def test_accuracy_is_the_share_of_the_highest() -> None:
    probs, labels = rows([0.9, 0.8, 0.7, 0.6], [True, False, True, True])
    assert accuracy(probs, labels) == 0.75


def test_rows_of_the_confusion_are_the_truth() -> None:
    assert confusion(*rows([0.9, 0.8, 0.7], [True, False, False])) == [[1, 0, 0], [0, 0, 0], [2, 0, 0]]


def test_who_is_as_often_right_as_sure_has_no_calibration_error() -> None:
    error, bins = reliability(*rows([0.75] * 8, [True] * 6 + [False] * 2))
    assert error == pytest.approx(0.0, abs=1e-6)
    assert bins == [{"confidence": pytest.approx(0.75), "accuracy": 0.75, "n": 8}]


def test_calibration_errors_are_weighed_by_the_clips_of_a_bin() -> None:
    """Six at 0.9 of which three are right, two at 0.5 of which both are: (6 * 0.4 + 2 * 0.5) / 8."""
    error, bins = reliability(*rows([0.9] * 6 + [0.5] * 2, [True] * 3 + [False] * 3 + [True] * 2))
    assert error == pytest.approx(0.425, abs=1e-6)
    assert [entry["n"] for entry in bins] == [2, 6]


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    error, bins = reliability(*rows([1.0, 0.95], [True, True]))
    assert [entry["n"] for entry in bins] == [2]
    assert error == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_recovered(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4_000, 10, generator=generator) * 3.0
    labels = torch.multinomial(torch.softmax(logits / temperature, 1), 1, generator=generator)[:, 0].numpy()
    probs = torch.softmax(logits, 1)[:, None].numpy()
    assert fit_temperature(probs, labels) == pytest.approx(temperature, rel=0.06)


def test_clips_are_heard_as_they_are_from_their_beginning(measured: Measured, net: GenreNet) -> None:
    clips = np.array([2, 30, 31])
    probs = clip_probs(net, measured.readings, clips)
    assert probs.shape == (3, SHORT_FRAMES // TICK_FRAMES, 10)
    np.testing.assert_allclose(probs.sum(2), 1.0, atol=1e-5)
    mel, chroma = (torch.from_numpy(decibels(table[clips])) for table in (measured.corpus.mel, measured.corpus.chroma))
    with torch.inference_mode():
        log_probs = net.tag(mel, chroma, net.init_state(3))[0][:, TICK_FRAMES - 1 :: TICK_FRAMES]
    assert float(np.ptp(probs, axis=0).max()) > 0.05, "clips that are alike would agree in any order"
    # The readings are stored with 21 steps a deviation.
    np.testing.assert_allclose(probs, log_probs.exp().numpy(), atol=0.02)


def test_a_start_is_within_the_clip_and_never_its_beginning(measured: Measured, net: GenreNet) -> None:
    """A clip one frame longer than what is heard of it can begin at its second frame alone."""
    corpus = shortened(measured.corpus, 5 * TICK_FRAMES + 1)
    clips = np.arange(6)
    seconds = 5.01 * TICK_FRAMES * net.hop_s
    heard = start_probs(net, corpus, clips, seconds, seed=0)
    mel, chroma = (torch.from_numpy(decibels(table[clips, 1:])) for table in (corpus.mel, corpus.chroma))
    with torch.inference_mode():
        hidden, _, _ = net.recall(read_whole(net, net.tick_sums(mel, chroma)), *torch.zeros(2, 6, 64))
        expected = torch.softmax(net.genre(hidden), 2).numpy()
    assert heard.shape == (6, 5, 10)
    np.testing.assert_allclose(heard, expected, atol=1e-4)
    beginnings = corpus.mel.copy()
    beginnings[:, 0] = 255
    assert np.array_equal(start_probs(net, replace(corpus, mel=beginnings), clips, seconds, seed=0), heard)


def test_a_clip_shorter_than_what_is_asked_for_goes_on_from_its_second_frame(measured: Measured, net: GenreNet) -> None:
    corpus = shortened(measured.corpus, 40)
    heard = start_probs(net, corpus, np.array([7]), 5.01 * TICK_FRAMES * net.hop_s, seed=0)
    again = np.concatenate([np.arange(1, 40), np.arange(1, 40)])[: 5 * TICK_FRAMES]
    mel, chroma = (torch.from_numpy(decibels(table[[7]][:, again])) for table in (corpus.mel, corpus.chroma))
    with torch.inference_mode():
        hidden, _, _ = net.recall(read_whole(net, net.tick_sums(mel, chroma)), *torch.zeros(2, 1, 64))
        expected = torch.softmax(net.genre(hidden), 2).numpy()
    np.testing.assert_allclose(heard, expected, atol=1e-4)


def test_starts_are_drawn_by_the_seed(measured: Measured, net: GenreNet) -> None:
    one, same, other = (start_probs(net, measured.corpus, np.arange(20), 4.0, seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_accuracy_after_is_that_of_the_tick_that_ends_then(measured: Measured, net: GenreNet) -> None:
    clips = np.arange(40)
    whole = clip_probs(net, measured.readings, clips)
    after = accuracy_after(net, measured.corpus, clips, whole)
    assert list(after) == ["1", "3", "5", "10", "30"]
    assert after["30"] == accuracy(whole[:, -1], measured.corpus.labels)
    for seconds, ticks in ((1, 1), (3, 3), (5, 5), (10, 10)):
        length_s = (ticks + 0.5) * TICK_FRAMES * net.hop_s
        starts = [start_probs(net, measured.corpus, clips, length_s, seed) for seed in range(5)]
        expected = np.mean([accuracy(probs[:, ticks - 1], measured.corpus.labels) for probs in starts])
        assert after[str(seconds)] == pytest.approx(float(expected))
