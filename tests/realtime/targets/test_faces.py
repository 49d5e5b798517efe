"""Which face is meant: nobody is chosen by chance, and what cannot be seen is said."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.errors import BadParam, FaceTooSmall, NoFace, PictureTooDark, PictureTooFlat, SeveralFaces
from realtime.targets.faces import Face, check_visible, choose_face, list_faces, pixels_of

from .made_up import draw

WIDTH = 640
PICTURE = np.asarray(draw(WIDTH, 480, (300, 100, 400, 220)))
DARK = np.zeros((480, WIDTH, 3), np.uint8)
FLAT = np.full((480, WIDTH, 3), 200, np.uint8)


def faces(*boxes: tuple[int, int, int, int]) -> list[Face]:
    return list_faces(np.array(boxes, np.float32).reshape(-1, 4), PICTURE)


def test_faces_are_numbered_from_the_left() -> None:
    found = faces((400, 0, 500, 100), (10, 50, 110, 150), (200, 0, 300, 100))
    assert [face.box[0] for face in found] == [10, 200, 400]
    assert [face.row for face in found] == [1, 2, 0]


def test_a_box_is_cut_at_the_edges_of_the_picture() -> None:
    [face] = faces((-20.4, -3.0, 99.6, 700.0))
    assert face.box == (0, 0, 100, 480)
    assert pixels_of(face, PICTURE).shape == (480, 100, 3)


def test_no_face_is_said() -> None:
    with pytest.raises(NoFace, match="got no face"):
        list_faces(np.zeros((0, 4), np.float32), np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, axis=2))


@pytest.mark.parametrize(("picture", "error"), [(DARK, PictureTooDark), (FLAT, PictureTooFlat)])
def test_why_there_is_no_face_is_said_where_it_is_known(picture: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        list_faces(np.zeros((0, 4), np.float32), picture)


def test_faces_too_small_to_be_known_are_no_choice() -> None:
    assert [face.box for face in faces((0, 0, 100, 31), (200, 0, 232, 32))] == [(200, 0, 232, 32)]
    with pytest.raises(FaceTooSmall, match="at least 32 x 32 pixels, got 31"):
        faces((0, 0, 100, 31), (200, 0, 230, 300))


def test_the_only_face_is_meant_wherever_it_is() -> None:
    [face] = faces((0, 0, 60, 60))
    assert choose_face([face], WIDTH) is face


def test_a_face_in_the_middle_that_dwarfs_the_others_is_meant() -> None:
    large = (250, 50, 450, 250)
    assert choose_face(faces((0, 0, 100, 100), large, (560, 0, 640, 80)), WIDTH).box == large


@pytest.mark.parametrize(
    "boxes",
    [
        [(250, 50, 450, 250), (0, 0, 120, 120)],  # more than a third of its area
        [(0, 50, 200, 250), (300, 0, 400, 100)],  # at the edge
    ],
    ids=["not large enough", "not in the middle"],
)
def test_otherwise_somebody_has_to_say(boxes: list[tuple[int, int, int, int]]) -> None:
    found = faces(*boxes)
    with pytest.raises(SeveralFaces, match=r"got 2 faces: 0: \d+ x \d+ pixels at \(0, \d+\); 1: ") as caught:
        choose_face(found, WIDTH)
    event = caught.value.to_event()
    assert (event["code"], event["param"]) == ("several_faces", "index")
    assert event["faces"] == [list(face.box) for face in found]


def test_the_index_says_which() -> None:
    found = faces((0, 0, 100, 100), (250, 50, 450, 250))
    assert [choose_face(found, WIDTH, index) for index in (0, 1)] == found


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_that_nobody_has_is_refused(index: int) -> None:
    with pytest.raises(BadParam, match=f"of 0 to 1, got {index}"):
        choose_face(faces((0, 0, 100, 100), (250, 50, 450, 250)), WIDTH, index)


def test_a_face_must_be_visible() -> None:
    check_visible(PICTURE[100:220, 300:400])
    with pytest.raises(PictureTooDark, match="reach 32 of 255, got 2"):
        check_visible(PICTURE[100:220, 300:400] // 5)
    with pytest.raises(PictureTooFlat, match="16 of 255 apart, got 0"):
        check_visible(FLAT)
