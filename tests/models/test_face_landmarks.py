import pytest
import torch

from models.face_landmarks import DROP, EYE_TO_MOUTH, LEFT_EYE, MOUTH, RIGHT_EYE, FaceLandmarks, bounding_square


@pytest.fixture
def net() -> FaceLandmarks:
    torch.manual_seed(0)
    return FaceLandmarks().eval()


def a_face(left_eye: tuple[float, float], right_eye: tuple[float, float], mouth: tuple[float, float]) -> torch.Tensor:
    """Points ``[1, 68, 2]``; those of eyes and mouth scatter about their means, the others lie at 0."""
    points = torch.zeros(1, 68, 2)
    generator = torch.Generator().manual_seed(2)
    for (first, last), centre in ((LEFT_EYE, left_eye), (RIGHT_EYE, right_eye), (MOUTH, mouth)):
        scatter = torch.randn(last - first, 2, generator=generator)
        points[0, first:last] = torch.tensor(centre) + scatter - scatter.mean(0)
    return points


def test_eyes_and_mouth_place_the_square(net: FaceLandmarks) -> None:
    left, top, right, bottom = net.square(a_face((70.0, 80.0), (130.0, 80.0), (100.0, 120.0)))[0].tolist()
    side = 50.0 / EYE_TO_MOUTH
    assert right - left == pytest.approx(side, rel=1e-5)
    assert bottom - top == pytest.approx(side, rel=1e-5)
    assert (left + right) / 2 == pytest.approx(100.0, abs=1e-3)
    assert (top + bottom) / 2 == pytest.approx(280.0 / 3 + DROP * side, abs=1e-3)


def test_the_square_goes_with_the_face(net: FaceLandmarks) -> None:
    face = a_face((70.0, 80.0), (130.0, 84.0), (98.0, 120.0))
    square, moved = net.square(face), net.square(face * 2 + torch.tensor([10.0, -30.0]))
    torch.testing.assert_close(moved, square * 2 + torch.tensor([10.0, -30.0, 10.0, -30.0]), atol=1e-3, rtol=1e-5)


def test_a_bounding_square_holds_its_points_in_the_middle() -> None:
    points = torch.tensor([[[10.0, 20.0], [30.0, 60.0], [14.0, 33.0]]])
    torch.testing.assert_close(bounding_square(points, 0.5), torch.tensor([[-10.0, 10.0, 50.0, 70.0]]))


def test_each_convolution_of_a_block_hears_those_before_it(net: FaceLandmarks) -> None:
    block = net.blocks[0]
    x = torch.randn(1, 3, 8, 8)
    one = torch.relu(block.conv0(torch.nn.functional.pad(x, [0, 1, 0, 1])))
    two = block.conv1(one)
    three = block.conv2(torch.relu(one + two))
    torch.testing.assert_close(block(x), torch.relu(one + two + three))
    assert block(x).shape == (1, 32, 4, 4)


def test_faces_do_not_see_each_other(net: FaceLandmarks) -> None:
    x = torch.rand(3, 3, 112, 112) * 255
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), atol=1e-5, rtol=1e-5)


def test_scripted_equals_eager(net: FaceLandmarks) -> None:
    x = torch.rand(2, 3, 112, 112) * 255
    scripted = torch.jit.script(net)
    torch.testing.assert_close(scripted(x), net(x))
    torch.testing.assert_close(scripted.square(net(x)), net.square(net(x)))
