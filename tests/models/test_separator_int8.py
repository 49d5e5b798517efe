import io

import pytest
import torch
from torch import nn

from models.export import largest_difference
from models.separator_int8 import Int8Linear, in_int8
from tests.models.small_separator import HOP, noise, run, small_separator, targeted

HOPS = 20


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def nets():
    net = small_separator()
    return net, in_int8(net, noise(4, HOPS, seed=5), targeted(net, 4, seed=5)).eval()


def test_a_product_is_right_to_the_rounding_of_its_factors() -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(40, 7), torch.randn(5, 40).clamp(-2.0, 2.0)
    rounded = Int8Linear(linear, torch.full((40,), 2.0))
    half_input = 0.5 / rounded.per_step
    # A weight is rounded in steps that fit what its input lends it.
    half_weight = 0.5 * (rounded.steps[:, None] * rounded.per_step).abs()
    bound = linear.weight.abs() @ half_input + (x.abs() + half_input) @ half_weight.T
    error = (rounded(x) - linear(x)).abs()
    assert bool((error <= bound + 1e-5).all()) and float(error.max()) > 0.0


def test_one_input_a_thousand_times_as_large_does_not_drown_the_others() -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(40, 7), torch.randn(64, 40)
    x[:, 0] *= 1000.0
    linear.weight[:, 0] /= 1000.0
    y, expected = Int8Linear(linear, x.abs().amax(0))(x), linear(x)
    assert float((y - expected).square().sum() / expected.square().sum()) < 1e-3


def test_inputs_beyond_the_largest_are_taken_for_it() -> None:
    rounded = Int8Linear(nn.Linear(3, 2), torch.ones(3))
    bounds = 127.0 / rounded.per_step
    x = torch.tensor([[50.0, -50.0, 0.0]])
    assert torch.equal(rounded(x), rounded(x.clamp(-bounds, bounds)))


@pytest.mark.parametrize("largest", [[0.0, 0.0], [1.0, -1.0]])
def test_sizes_that_cannot_be_are_refused(largest: list[float]) -> None:
    with pytest.raises(ValueError, match="expected sizes of inputs"):
        Int8Linear(nn.Linear(2, 2), torch.tensor(largest))


def test_it_sounds_as_before_but_for_a_little_noise(nets) -> None:
    net, rounded = nets
    x = noise(4, HOPS)
    wet, dry, report, _ = run(net, x, targeted(net, 4))
    other, same_dry, other_report, _ = run(rounded, x, targeted(rounded, 4))
    assert torch.equal(dry, same_dry)
    assert 1e-8 < float((other - wet).square().sum() / wet.square().sum()) < 1e-2
    torch.testing.assert_close(other_report, report, atol=0.3, rtol=0.1)


def test_what_a_stream_hears_does_not_depend_on_those_beside_it(nets) -> None:
    _, net = nets
    x, begun = noise(3, HOPS), targeted(net, 3)
    x[2] *= 100.0
    together = run(net, x, begun)
    for row in range(3):
        alone = run(net, x[row : row + 1], begun[row : row + 1])
        for one, all_ in zip(alone, together, strict=True):
            # Rounding turns the last bit of a float into a step: hence not exactly.
            assert float((one[0] - all_[row]).square().mean()) <= 1e-4 * float(all_[row].square().mean())


def test_a_written_one_gives_the_same_numbers(nets) -> None:
    _, net = nets
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(net), buffer)
    buffer.seek(0)
    assert largest_difference(net, torch.jit.load(buffer), HOP, HOP, rounds=5) < 1e-4
