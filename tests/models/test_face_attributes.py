import pytest
import torch
from torch.nn import functional

from models.face_attributes import FaceAttributes, MainBlock, ReductionBlock
from models.separable_conv import SeparableConv


@pytest.fixture
def net() -> FaceAttributes:
    torch.manual_seed(0)
    return FaceAttributes().eval()


def pictures(batch: int) -> torch.Tensor:
    return torch.rand(batch, 3, 224, 224, generator=torch.Generator().manual_seed(1)) * 255


def test_a_separable_convolution_is_a_full_one_of_low_rank() -> None:
    layer = SeparableConv(4, 6)
    weight = layer.pointwise.weight * layer.depthwise.weight.view(1, 4, 3, 3)
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(layer(x), functional.conv2d(x, weight, layer.pointwise.bias, padding=1))


def test_the_pool_of_a_reduction_has_its_border_right_and_below() -> None:
    # Both convolutions pass their input on and the strided one adds nothing: what is left is the pool.
    block = ReductionBlock(2, 2, activate=False)
    for conv in (block.conv0, block.conv1):
        conv.depthwise.weight.data.zero_()[:, :, 1, 1] = 1
        conv.pointwise.weight.data.copy_(torch.eye(2).view(2, 2, 1, 1))
        conv.pointwise.bias.data.zero_()
    block.expansion.weight.data.zero_()
    block.expansion.bias.data.zero_()
    x = torch.zeros(1, 2, 6, 6)
    x[0, 0, 0, 0], x[0, 1, 5, 5] = 3.0, 5.0
    y = block(x)
    assert y[0, 0, 0, 0] == 3.0 and y[0, 0].sum() == 3.0
    assert y[0, 1, 2, 2] == 5.0 and y[0, 1].sum() == 5.0


def test_a_main_block_that_does_nothing_passes_its_input() -> None:
    block = MainBlock(4)
    torch.nn.init.zeros_(block.conv2.pointwise.weight)
    torch.nn.init.zeros_(block.conv2.pointwise.bias)
    x = torch.randn(2, 4, 6, 6)
    torch.testing.assert_close(block(x), x)


def test_male_is_the_first_of_the_two_outputs(net: FaceAttributes) -> None:
    _, before, _ = net(pictures(2))
    net.sex.bias.data += torch.tensor([1.0, -0.5])
    _, after, _ = net(pictures(2))
    torch.testing.assert_close(after - before, torch.full((2,), 1.5))


def test_pictures_do_not_see_each_other(net: FaceAttributes) -> None:
    x = pictures(3)
    for together, alone in zip(net(x), net(x[1:2]), strict=True):
        torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)


def test_scripted_equals_eager(net: FaceAttributes) -> None:
    x = pictures(2)
    for one, other in zip(net(x), torch.jit.script(net)(x), strict=True):
        torch.testing.assert_close(one, other)
    assert [y.shape for y in net(x)] == [(2,), (2,), (2, 512)]
