import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from models.face_crop import CROP_SIZE, FACE_SIZE, crop_face, cut


def noise(height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def ramp(height: int, width: int) -> torch.Tensor:
    """Red is the column, green the row: where a colour lies is read from it."""
    y, x = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack((x, y, torch.zeros_like(x)))


@pytest.mark.parametrize("side", [8, 50, 224, 500])
def test_a_square_in_the_picture_is_resized_as_torch_does(side: int) -> None:
    picture = noise(600, 600)
    got = cut(picture, torch.tensor([40.0, 60.0, 40.0 + side, 60.0 + side]), 100)
    part = picture[:, 60 : 60 + side, 40 : 40 + side].float()
    expected = functional.interpolate(part[None], [100, 100], mode="bilinear", antialias=True)[0]
    edge = 100 // side + 2  # torch does not see beyond the square
    torch.testing.assert_close(got[:, edge:-edge, edge:-edge], expected[:, edge:-edge, edge:-edge], atol=2e-3, rtol=0)


def test_a_square_may_begin_between_pixels() -> None:
    got = cut(ramp(200, 200), torch.tensor([10.25, 20.75, 50.25, 60.75]), 40)
    torch.testing.assert_close(got[0, 0], 10.25 + torch.arange(40.0))
    torch.testing.assert_close(got[1, :, 0], 20.75 + torch.arange(40.0))


def test_outside_the_border_goes_on() -> None:
    got = cut(ramp(30, 20), torch.tensor([-10.0, -10.0, 50.0, 50.0]), 60)
    assert torch.equal(got[0, :, :10], torch.zeros(60, 10))
    assert torch.equal(got[0, :, 30:], torch.full((60, 30), 19.0))
    assert torch.equal(got[1, 40:], torch.full((20, 60), 29.0))


def test_a_square_beside_the_picture_is_its_corner() -> None:
    picture = noise(20, 20)
    got = cut(picture, torch.tensor([500.0, -900.0, 530.0, -870.0]), 10)
    torch.testing.assert_close(got, picture[:, :1, -1:].float().expand(3, 10, 10))


def test_fine_stripes_average_out() -> None:
    stripes = (torch.arange(800) % 2 * 255).to(torch.uint8).expand(3, 800, 800)
    got = cut(stripes, torch.tensor([200.0, 200.0, 600.0, 600.0]), 100)
    torch.testing.assert_close(got, torch.full_like(got, 127.5), atol=1.0, rtol=0)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    box=st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 400)),
)
def test_any_square_of_any_picture_keeps_its_colours(height: int, width: int, box: tuple[float, float, float]) -> None:
    picture = noise(height, width)
    got = cut(picture, torch.tensor([box[0], box[1], box[0] + box[2], box[1] + box[2]]), 17)
    assert got.shape == (3, 17, 17)
    assert float(got.min()) >= float(picture.min()) - 1e-3
    assert float(got.max()) <= float(picture.max()) + 1e-3


def test_the_face_is_the_middle_of_what_the_networks_see() -> None:
    picture, face = noise(300, 300), torch.tensor([90.0, 80.0, 165.0, 155.0])
    edge = (CROP_SIZE - FACE_SIZE) // 2
    middle = crop_face(picture, face)[:, edge:-edge, edge:-edge]
    torch.testing.assert_close(middle, cut(picture, face, FACE_SIZE), atol=1e-3, rtol=0)


def test_scripted_equals_eager() -> None:
    picture, face = noise(300, 400), torch.tensor([250.5, -20.0, 361.5, 91.0])
    torch.testing.assert_close(torch.jit.script(crop_face)(picture, face), crop_face(picture, face))
