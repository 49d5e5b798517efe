from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models.face_attributes import FaceAttributes
from models.face_detector import FaceDetector
from models.face_encoder import NUM_FEATURES, FaceEncoder
from models.face_finder import FaceFinder
from models.face_landmarks import FaceLandmarks
from models.face_recognition import FaceRecognition
from training.facefilter.corpus import Recording
from training.facefilter.faces import BATCH, list_pictures, load_seen, read_picture


class KnownFaces(FaceFinder):
    """Finds what it was told."""

    def __init__(self, *squares: list[float]) -> None:
        super().__init__(FaceDetector(), FaceLandmarks())
        self.squares = torch.tensor(squares).view(-1, 4)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return self.squares, torch.ones(len(self.squares))


class MeanColour(FaceEncoder):
    """Sees of a crop nothing but its colours, and counts its calls."""

    def __init__(self) -> None:
        super().__init__(FaceRecognition(), FaceAttributes(), [])
        self.calls = 0

    def see(self, pictures: Tensor) -> Tensor:
        self.calls += 1
        colours = pictures.mean((2, 3))
        return torch.cat((colours, torch.zeros(len(pictures), NUM_FEATURES - 3)), 1)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    """A red picture of 300 x 300 with a blue square at its upper left."""
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[..., 0] = 250
    pixels[:100, :100] = 0, 0, 250
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return "a.png"


def colour_of(finder: FaceFinder, folder: Path, picture: str) -> tuple[list[float], bool]:
    seen = load_seen(folder, (picture,), finder, MeanColour(), folder / "faces.npz")
    return seen.values[0, :3].round().tolist(), bool(seen.found[0])


def test_the_largest_face_is_looked_at(tmp_path: Path, picture: str) -> None:
    finder = KnownFaces([200.0, 200.0, 220.0, 220.0], [30.0, 30.0, 70.0, 70.0], [250.0, 250.0, 260.0, 260.0])
    assert colour_of(finder, tmp_path, picture) == ([0.0, 0.0, 250.0], True)


def test_without_a_face_it_is_the_middle_and_that_is_told(tmp_path: Path, picture: str) -> None:
    (red, green, blue), found = colour_of(KnownFaces(), tmp_path, picture)
    assert not found and red > 200 and green == 0 and blue < 50


def test_what_was_seen_is_kept_and_of_other_pictures_seen_again(
    miniature: Path, corpus: tuple[Recording, ...], tmp_path: Path
) -> None:
    pictures, encoder = list_pictures(miniature, corpus), MeanColour()
    square = [40.0, 40.0, 180.0, 180.0]
    seen = load_seen(miniature, pictures, KnownFaces(square), encoder, tmp_path / "faces.npz")
    assert seen.paths == pictures and seen.values.shape == (15, NUM_FEATURES)
    again = load_seen(miniature, pictures, KnownFaces(square), encoder, tmp_path / "faces.npz")
    np.testing.assert_array_equal(again.values, seen.values)
    assert encoder.calls == 1
    turned = load_seen(miniature, pictures[::-1], KnownFaces(square), encoder, tmp_path / "faces.npz")
    np.testing.assert_allclose(turned.values, seen.values[::-1], atol=1e-3)


def test_more_pictures_than_a_batch_are_seen_in_order(tmp_path: Path) -> None:
    paths = tuple(f"{i}.png" for i in range(BATCH + 3))
    for i, path in enumerate(paths):
        Image.new("RGB", (224, 224), (i, 0, 0)).save(tmp_path / path)
    seen = load_seen(tmp_path, paths, KnownFaces(), MeanColour(), tmp_path / "faces.npz")
    np.testing.assert_allclose(seen.values[:, 0], np.arange(BATCH + 3), atol=0.01)


def test_pictures_of_people_with_voices_come_before_those_without(
    miniature: Path, corpus: tuple[Recording, ...]
) -> None:
    pictures = list_pictures(miniature, corpus)
    assert pictures[0] == "facevoice/face/train0.jpg" and pictures[10] == "facevoice/face/valid3.jpg"
    assert pictures[11:] == tuple(f"lfw/stranger{i}.jpg" for i in range(4))


@pytest.mark.parametrize(("mode", "size", "shape"), [("L", (112, 112), (224, 224)), ("RGBA", (300, 100), (224, 672))])
def test_small_pictures_are_made_larger_and_all_have_three_colours(
    tmp_path: Path, mode: str, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    Image.new(mode, size, 77 if mode == "L" else (77, 77, 77, 255)).save(tmp_path / "x.png")
    picture = read_picture(tmp_path / "x.png")
    assert picture.dtype == torch.uint8 and picture.shape == (3, *shape)
    assert bool((picture == 77).all())


def test_large_pictures_stay_as_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (240, 230, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png").permute(1, 2, 0).numpy(), pixels)
