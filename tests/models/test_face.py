import pytest
import torch
from torch import Tensor

from models.face import Face
from models.face_attributes import FaceAttributes
from models.face_crop import crop_face
from models.face_detector import FaceDetector
from models.face_encoder import FaceEncoder, FaceHead
from models.face_finder import FaceFinder
from models.face_landmarks import FaceLandmarks
from models.face_recognition import FaceRecognition


class KnownFaces(FaceFinder):
    """Finds what it was told: left, top, right and bottom of squares."""

    def __init__(self, squares: list[list[float]]) -> None:
        super().__init__(FaceDetector(), FaceLandmarks())
        self.register_buffer("squares", torch.tensor(squares).view(-1, 4))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return self.squares, torch.linspace(0.9, 0.4, len(self.squares))


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(FaceRecognition(), FaceAttributes(), [FaceHead()]).eval()


@pytest.fixture
def picture() -> Tensor:
    return torch.randint(0, 256, (3, 200, 300), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_boxes_are_told_by_their_corners(encoder: FaceEncoder, picture: Tensor) -> None:
    squares = [[10.0, 20.0, 60.0, 70.0], [-5.0, 0.0, 35.0, 40.0]]
    boxes, scores = Face(KnownFaces(squares), encoder).detect(picture)
    assert boxes.tolist() == squares
    assert scores.tolist() == pytest.approx([0.9, 0.4])


def test_no_face_is_no_box(encoder: FaceEncoder, picture: Tensor) -> None:
    boxes, scores = Face(KnownFaces([]), encoder).detect(picture)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_what_is_found_is_cropped_as_in_training(encoder: FaceEncoder, picture: Tensor) -> None:
    face = Face(KnownFaces([[10.0, 20.0, 60.0, 70.0]]), encoder)
    boxes, _ = face.detect(picture)
    crop = face.crop(picture, boxes[0])
    assert crop.shape == (3, face.picture_size, face.picture_size)
    torch.testing.assert_close(crop, crop_face(picture, face.finder.squares[0]))


def test_the_embedding_is_the_encoders_also_when_scripted(encoder: FaceEncoder, picture: Tensor) -> None:
    face = Face(FaceFinder(FaceDetector(), FaceLandmarks()), encoder).eval()
    scripted, box = torch.jit.script(face), torch.tensor([90.0, 40.0, 190.0, 140.0])
    crop = face.crop(picture, box)
    torch.testing.assert_close(scripted.crop(picture, box), crop)
    torch.testing.assert_close(scripted(crop[None]), encoder(crop[None]), atol=1e-5, rtol=0)
    for one, other in zip(scripted.detect(picture), face.detect(picture), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)
