import numpy as np
import pytest
import torch
from scipy.fft import dct

from models.baselines.front import Front, MelFront, MfccFront

LOUD = torch.empty(6, 20, 128).uniform_(-70.0, 0.0, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("num_bands", [112, 128])
def test_mfcc_are_the_orthonormal_dct_of_the_lowest_bands(num_bands: int) -> None:
    expected = dct(LOUD[..., :num_bands].numpy(), type=2, norm="ortho")[..., :13]
    np.testing.assert_allclose(MfccFront(num_bands).features(LOUD).numpy(), expected, atol=1e-3)


def test_bands_above_7500_hz_are_not_heard_when_they_are_left_out() -> None:
    other = LOUD.clone()
    other[..., 112:] = -10.0
    assert torch.equal(MfccFront(112)(LOUD), MfccFront(112)(other))


@pytest.mark.parametrize("front", [MfccFront(128), MelFront()], ids=["mfcc", "mel"])
def test_what_lies_below_the_floor_is_the_floor(front: Front) -> None:
    assert torch.equal(front(torch.full((1, 2, 128), -100.0)), front(torch.full((1, 2, 128), -75.0)))


@pytest.mark.parametrize("front", [MfccFront(128), MelFront()], ids=["mfcc", "mel"])
def test_features_are_standardised_by_what_was_measured(front: Front) -> None:
    front.measure(LOUD)
    frames = front(LOUD).flatten(0, 1)
    torch.testing.assert_close(frames.mean(0), torch.zeros(front.num_features), atol=1e-4, rtol=0)
    torch.testing.assert_close(frames.std(0), torch.ones(front.num_features), atol=1e-4, rtol=0)


def test_a_feature_that_never_changes_does_not_become_infinite() -> None:
    front = MelFront()
    front.measure(torch.full((2, 3, 128), -30.0))
    assert torch.isfinite(front(LOUD)).all()


def test_a_slope_over_128_bands_is_the_same_slope_over_96() -> None:
    slope = torch.linspace(-60.0, 0.0, 128).expand(1, 2, 128)
    steps = MelFront().features(slope)[0, 0].diff()
    torch.testing.assert_close(steps, torch.full((95,), 60.0 / 127.0 * 128.0 / 96.0), atol=1e-4, rtol=0)


def test_standardisation_travels_with_the_weights() -> None:
    measured, loaded = MelFront(), MelFront()
    measured.measure(LOUD)
    loaded.load_state_dict(measured.state_dict())
    assert torch.equal(loaded(LOUD), measured(LOUD))
