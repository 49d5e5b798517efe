import pytest
import torch

from models.face_crop import crop_face
from models.face_detector import FaceDetector
from models.face_finder import FaceFinder, square
from models.face_landmarks import FaceLandmarks


class KnownBoxes(FaceDetector):
    """Finds what it was told."""

    def __init__(self, boxes: list[list[float]], scores: list[float]) -> None:
        super().__init__()
        self.found = torch.tensor(boxes).view(-1, 4), torch.tensor(scores)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.found


class PointsOfLight(FaceLandmarks):
    """Takes the brightest pixel for the left eye; the right eye and the mouth are where a face has them, 20 wide."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        brightest = pictures.sum(1).flatten(1).argmax(1)
        eye = torch.stack((brightest % 112, brightest // 112), 1) + 0.5
        points = eye[:, None].repeat(1, 68, 1)
        points[:, 42:48, 0] += 20
        points[:, 48:] += torch.tensor([10.0, 20.0])
        return points / 112


def stars(*places: tuple[int, int]) -> torch.Tensor:
    picture = torch.zeros(3, 400, 600, dtype=torch.uint8)
    for x, y in places:
        picture[:, y : y + 3, x : x + 3] = 255
    return picture


def finder(boxes: list[list[float]], scores: list[float]) -> FaceFinder:
    return FaceFinder(KnownBoxes(boxes, scores), PointsOfLight()).eval()


def test_the_square_is_where_the_points_are_not_where_the_detector_looked() -> None:
    picture = stars((200, 150))
    off, better = finder([[160.0, 120.0, 260.0, 240.0]], [0.9]), finder([[180.0, 130.0, 292.0, 242.0]], [0.9])
    for net in (off, better):
        boxes, scores = net(picture)
        left, top, right, bottom = boxes[0].tolist()
        assert right - left == pytest.approx(bottom - top)
        assert left < 201.5 < (left + right) / 2
        assert top < 151.5 < (top + bottom) / 2
        torch.testing.assert_close(scores, torch.tensor([0.9]))


def test_the_square_does_not_move_with_the_light() -> None:
    torch.manual_seed(0)
    landmarks = FaceLandmarks()
    landmarks.points.weight.data *= 10.0
    net = FaceFinder(KnownBoxes([[20.0, 30.0, 170.0, 180.0]], [0.9]), landmarks).eval()
    tiles = torch.randint(0, 75, (1, 20, 20), dtype=torch.uint8)
    picture = tiles.repeat_interleave(10, 1).repeat_interleave(10, 2).expand(3, 200, 200)
    torch.testing.assert_close(net(picture * 3 + 20)[0], net(picture)[0], atol=0.1, rtol=0)


def test_two_boxes_that_end_on_one_face_are_one_face() -> None:
    net = finder([[160.0, 120.0, 260.0, 240.0], [185.0, 60.0, 295.0, 170.0]], [0.9, 0.6])
    boxes, scores = net(stars((200, 150)))
    assert len(boxes) == 1
    torch.testing.assert_close(scores, torch.tensor([0.9]))


def test_faces_come_by_their_scores() -> None:
    net = finder([[160.0, 120.0, 260.0, 220.0], [380.0, 220.0, 480.0, 320.0]], [0.6, 0.8])
    boxes, scores = net(stars((200, 150), (420, 250)))
    torch.testing.assert_close(scores, torch.tensor([0.8, 0.6]))
    assert boxes[0, 0] > boxes[1, 0] + 100


@pytest.mark.parametrize("scores", [[], [0.49]])
def test_what_is_unsure_is_no_face(scores: list[float]) -> None:
    boxes, sure = finder([[10.0, 10.0, 60.0, 60.0]] * len(scores), scores)(stars((20, 20)))
    assert boxes.shape == (0, 4)
    assert sure.shape == (0,)


def test_a_crowd_is_cut_short() -> None:
    places = [(20 + 90 * (i % 6), 20 + 90 * (i // 6)) for i in range(20)]
    net = finder([[x - 30.0, y - 30.0, x + 30.0, y + 30.0] for x, y in places], [0.95 - 0.01 * i for i in range(20)])
    assert len(net(stars(*places))[0]) == 16


def test_a_box_becomes_a_square_about_its_centre() -> None:
    expected = torch.tensor([[0.0, 10.0, 40.0, 50.0], [5.0, -10.0, 35.0, 20.0]])
    torch.testing.assert_close(square(torch.tensor([[10.0, 10.0, 30.0, 50.0], [5.0, 0.0, 35.0, 10.0]])), expected)


def test_scripted_equals_eager() -> None:
    torch.manual_seed(0)
    net = FaceFinder(FaceDetector(), FaceLandmarks()).eval()
    net.detector.output.bias.data[4::5] = 1.0  # of noise, too
    net.landmarks.points.weight.data *= 10.0
    scripted = torch.jit.script(net)
    picture = torch.randint(0, 256, (3, 300, 200), dtype=torch.uint8)
    boxes, scores = net(picture)
    assert 1 < len(boxes) <= 16
    for one, other in zip((boxes, scores), scripted(picture), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(scripted.crop(picture, boxes[1]), crop_face(picture, boxes[1]), atol=1e-3, rtol=0)
