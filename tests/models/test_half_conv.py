import io

import pytest
import torch
from torch import nn

from models.half_conv import HalfConv2d, halve
from models.separable_conv import SeparableConv


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("stride", "padding", "bias"), [(1, 0, True), (2, 1, True), (1, 1, False)])
def test_weights_that_fit_into_half_precision_give_the_same_numbers(stride: int, padding: int, bias: bool) -> None:
    conv = nn.Conv2d(3, 5, 3, stride, padding, bias=bias)
    with torch.no_grad():
        conv.weight.copy_(conv.weight.half())
    x = draw(2, 3, 9, 8)
    torch.testing.assert_close(HalfConv2d(conv)(x), conv(x), atol=1e-6, rtol=1e-6)


def test_products_are_of_single_precision() -> None:
    half = HalfConv2d(nn.Conv2d(3, 5, 3))
    assert half.weight.dtype == torch.float16 and half.bias is not None and half.bias.dtype == torch.float32
    # 4,097 and 1e-3 are both lost where products or sums are of half precision.
    half.weight.fill_(1.0)
    half.bias.fill_(1e-3)
    x = torch.zeros(1, 3, 3, 3)
    x[0, 0, 0, 0] = 4_097.0
    assert float(half(x)[0, 0, 0, 0]) == pytest.approx(4_097.001, abs=5e-4)


def test_the_convolution_is_left_as_it_is() -> None:
    conv = nn.Conv2d(1, 1, 1)
    before = conv.weight.clone()
    half = HalfConv2d(conv)
    assert conv.weight.dtype == torch.float32 and torch.equal(conv.weight, before)
    assert not half.weight.requires_grad and conv.weight.requires_grad


@pytest.mark.parametrize("conv", [nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 3, padding="same")])
def test_what_it_would_do_differently_is_refused(conv: nn.Conv2d) -> None:
    with pytest.raises(ValueError, match="expected a convolution of one group"):
        HalfConv2d(conv)


def test_a_network_of_nested_convolutions_takes_half_the_bytes_and_gives_nearly_the_numbers() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(16, 32, 3)), SeparableConv(32, 64))
    x = draw(2, 3, 12, 12)
    before, size = net(x), len(saved(net))
    halve(net)
    torch.testing.assert_close(net(x), before, atol=2e-3, rtol=2e-2)
    assert len(saved(net)) < 0.75 * size
    torch.testing.assert_close(torch.jit.script(net)(x), net(x))


def saved(net: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.save(net.state_dict(), buffer)
    return buffer.getvalue()
