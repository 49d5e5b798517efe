import math

import pytest
import torch

from models.features.decay import DecayedMean, DecayedSum
from models.features.statistics import RunningStatistics, two_sum

THREE_HOURS = 3 * 3_600 * 22_050 // 1_920


def weighted(x: torch.Tensor, decay: float) -> torch.Tensor:
    """Mean and deviation of ``x [F, D]`` in double precision, the frame of age a weighted ``decay^a``."""
    weights = decay ** torch.arange(len(x) - 1, -1, -1, dtype=torch.float64)[:, None]
    mean = (weights * x.double()).sum(0) / weights.sum()
    variance = (weights * (x.double() - mean).square()).sum(0) / weights.sum()
    return torch.cat((mean, variance.sqrt()))


@pytest.mark.parametrize("memory_frames", [None, 30.0])
def test_after_each_frame_they_are_those_of_all_frames_so_far(memory_frames: float | None) -> None:
    x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 0.1, 10.0, 3.0]) - 5.0
    running = RunningStatistics(4, memory_frames)
    got, _ = running(x[None], running.init_state(1))
    decay = 1.0 if memory_frames is None else 1.0 - 1.0 / memory_frames
    for frame in (0, 1, 17, 63, 64, 65, 199):
        expected = weighted(x[: frame + 1], decay).float()
        torch.testing.assert_close(got[0, frame], expected, atol=1e-4, rtol=1e-4)


def test_three_hours_on_an_offset_of_a_thousand_do_not_drift() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(THREE_HOURS, 2, generator=generator) + 1e3
    running = RunningStatistics(2)
    with torch.inference_mode():
        got, state = running(x[None], running.init_state(1))
        torch.testing.assert_close(got[0, -1].double(), weighted(x, 1.0), atol=1e-3, rtol=0)
        # And frame by frame, where each moves the mean by less than a tenth of its last digit.
        later = torch.randn(1_000, 2, generator=generator) + 1e3 + 0.5
        for frame in later:
            y, state = running(frame.expand(1, 1, 2), state)
    torch.testing.assert_close(y[0, 0].double(), weighted(torch.cat((x, later)), 1.0), atol=1e-3, rtol=0)
    mean = state[1].double() + state[2].double()
    assert float((mean[0] - weighted(torch.cat((x, later)), 1.0)[:2]).abs().max()) < 2e-5, "the rounding error is lost"


def test_forgetting_follows_a_change_within_a_few_memories() -> None:
    running = RunningStatistics(1, memory_frames=50.0)
    _, state = running(torch.full((1, 5_000, 1), 100.0), running.init_state(1))
    y, _ = running(torch.full((1, 350, 1), -20.0), state)
    assert float(y[0, 49, 0]) == pytest.approx(-20.0 + 120.0 * (1 - 1 / 50) ** 50, abs=1e-2)
    assert float(y[0, -1, 0]) == pytest.approx(-20.0, abs=0.2)


def test_of_what_does_not_change_the_deviation_is_zero() -> None:
    running = RunningStatistics(1)
    y, _ = running(torch.full((1, 1_000, 1), 0.1), running.init_state(1))
    assert float(y[..., 1].max()) < 1e-9
    torch.testing.assert_close(y[..., 0], torch.full((1, 1_000), 0.1))


def test_two_sum_leaves_nothing_out() -> None:
    a, b = torch.tensor([1e3, 1e-8, -1.0]), torch.tensor([1e-6, 1.0, 1.0])
    total, error = two_sum(a, b)
    assert torch.equal(total.double() + error.double(), a.double() + b.double())
    assert torch.equal(total, a + b)


def test_gradients_reach_the_features() -> None:
    x = torch.randn(1, 70, 3, requires_grad=True)
    running = RunningStatistics(3, memory_frames=10.0)
    running(x, running.init_state(1))[0].square().sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
    assert bool((x.grad[:, :-1].abs().sum(-1) > 0).all())


def test_a_decayed_sum_is_the_recursion() -> None:
    x = torch.randn(2, 130, 3, generator=torch.Generator().manual_seed(2))
    y = torch.ones(2, 3)
    sums, last = DecayedSum(8.0)(x, y)
    for frame in range(130):
        y = 0.875 * y + x[:, frame]
        torch.testing.assert_close(sums[:, frame], y, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(last, y, atol=1e-5, rtol=1e-5)


def test_a_decayed_mean_of_a_constant_is_that_constant_from_the_first_frame() -> None:
    mean, (_, weight) = DecayedMean(8.0)(torch.full((1, 100, 1), 3.0), (torch.zeros(1, 1), torch.zeros(1, 1)))
    torch.testing.assert_close(mean, torch.full((1, 100, 1), 3.0))
    assert float(weight) == pytest.approx(8.0, abs=1e-4)


@pytest.mark.parametrize("memory_frames", [1.0, 0.0, math.nan])
def test_a_memory_of_a_frame_or_less_is_refused(memory_frames: float) -> None:
    with pytest.raises(ValueError, match="expected a memory of more than 1 frame"):
        DecayedSum(memory_frames)
