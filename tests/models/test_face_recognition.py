import pytest
import torch
from torch.nn import functional

from models.face_recognition import MEAN_RGB, FaceRecognition, ResidualBlock


@pytest.fixture
def net() -> FaceRecognition:
    torch.manual_seed(0)
    return FaceRecognition().eval()


def pictures(batch: int, size: int) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(1)) * 255


def test_a_block_adds_to_its_input() -> None:
    block = ResidualBlock(4, 4, halves=False)
    x = torch.randn(2, 4, 6, 6)
    expected = functional.relu(x + block.conv2(functional.relu(block.conv1(x))))
    torch.testing.assert_close(block(x), expected)


def test_a_block_that_does_nothing_halves_by_the_mean_and_adds_empty_channels() -> None:
    block = ResidualBlock(4, 6, halves=True)
    torch.nn.init.zeros_(block.conv2.weight)
    torch.nn.init.zeros_(block.conv2.bias)
    x = torch.rand(2, 4, 8, 8)
    y = block(x)
    torch.testing.assert_close(y[:, :4], functional.avg_pool2d(x, 2))
    assert not y[:, 4:].any()


def test_the_last_row_and_column_of_an_even_size_pass_the_convolutions_by() -> None:
    block = ResidualBlock(4, 4, halves=True)
    torch.nn.init.zeros_(block.conv2.weight)
    torch.nn.init.ones_(block.conv2.bias)
    y = block(torch.zeros(1, 4, 8, 8))
    assert (y[..., :3, :3] == 1).all()
    assert not y[..., 3, :].any() and not y[..., :, 3].any()


def test_the_size_of_the_crop_does_not_matter_where_it_is_smooth(net: FaceRecognition) -> None:
    small = pictures(2, 5)
    large, larger = (
        functional.interpolate(small, [size, size], mode="bilinear", align_corners=False) for size in (300, 450)
    )
    for one, other in zip(net(large), net(larger), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=2e-2)


def test_a_crop_of_the_mean_colour_is_what_zeros_give(net: FaceRecognition) -> None:
    grey = torch.tensor(MEAN_RGB).view(1, 3, 1, 1).expand(1, 3, 224, 224)
    stem = functional.relu(net.stem.bias).view(1, 32, 1, 1).expand(1, 32, 35, 35)
    torch.testing.assert_close(net(grey)[1], net.blocks(stem).mean((2, 3)), atol=1e-4, rtol=1e-4)


def test_pictures_do_not_see_each_other(net: FaceRecognition) -> None:
    x = pictures(3, 224)
    for together, alone in zip(net(x), net(x[1:2]), strict=True):
        torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)


def test_scripted_equals_eager(net: FaceRecognition) -> None:
    scripted = torch.jit.script(net)
    x = pictures(2, 224)
    for one, other in zip(net(x), scripted(x), strict=True):
        torch.testing.assert_close(one, other)
    assert [y.shape for y in net(x)] == [(2, 128), (2, 256)]
