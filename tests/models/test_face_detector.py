import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.face_detector import ANCHORS, CELL, FaceDetector, overlap, stretch, suppress


@pytest.fixture
def net() -> FaceDetector:
    torch.manual_seed(0)
    return FaceDetector().eval()


@pytest.fixture
def light_meter(net: FaceDetector) -> FaceDetector:
    """Takes for a face, of the size of the first anchor, any cell that holds white; black and grey are none."""
    for parameter in net.parameters():
        parameter.data.zero_()
    net.stem.weight.data[0, :, 1, 1] = 1 / 3
    net.stem.bias.data[0] = -0.4  # of (255 - mean) / 255, which is 0.57, 0.17 is left
    for conv in net.convs:
        conv.depthwise.weight.data[0, 0, 1, 1] = 1.0
        conv.pointwise.weight.data[0, 0] = 1.0
    net.output.weight.data[4, 0] = 100.0
    net.output.bias.data[4::5] = -10.0
    return net


def white_dot(height: int, width: int, y: int, x: int, size: int) -> torch.Tensor:
    picture = torch.zeros(3, height, width, dtype=torch.uint8)
    picture[:, y : y + size, x : x + size] = 255
    return picture


def test_a_cell_says_where_and_how_large(net: FaceDetector) -> None:
    said = torch.zeros(1, 25, 6, 6)
    anchor, row, column = 3, 2, 4
    x, y, width, height, sure = said[0, 5 * anchor : 5 * anchor + 5, row, column] = torch.tensor(
        [0.5, -1, 0.2, -0.3, 2]
    )
    boxes, scores = net.decode(said)
    best = int(scores.argmax())
    size = torch.tensor(ANCHORS[anchor]) * torch.stack((width, height)).exp() * CELL
    centre = (torch.stack((x, y)).sigmoid() + torch.tensor([column, row])) * CELL
    torch.testing.assert_close(boxes[best], torch.cat((centre - size / 2, centre + size / 2)))
    torch.testing.assert_close(scores[best], sure.sigmoid())
    assert boxes.shape == (180, 4)


@pytest.mark.parametrize("side", [160, 320])
@pytest.mark.parametrize(("height", "width"), [(600, 900), (900, 600), (200, 200)])
def test_the_box_is_in_pixels_of_the_picture(light_meter: FaceDetector, height: int, width: int, side: int) -> None:
    y, x, size = height // 3, width // 4, max(height, width) // 20
    boxes, _ = light_meter.look(white_dot(height, width, y, x, size), side)
    # The last pool lights up the cells left of the dot's and above it, too.
    centre = ((boxes[:, :2] + boxes[:, 2:]) / 2).amax(0)
    cell = CELL * max(height, width) / side
    assert (centre - torch.tensor([x + size / 2, y + size / 2])).abs().max() < cell


def test_the_same_picture_stored_larger_has_its_faces_at_the_same_places(light_meter: FaceDetector) -> None:
    picture = white_dot(300, 400, 120, 200, 50)
    larger = picture.repeat_interleave(5, 1).repeat_interleave(5, 2)
    (boxes, _), (boxes_of_larger, _) = light_meter(picture), light_meter(larger)
    assert len(boxes) > 0
    for first, last in ((boxes[:, :2], boxes_of_larger[:, :2]), (boxes[:, 2:], boxes_of_larger[:, 2:])):
        torch.testing.assert_close(last.amin(0), first.amin(0) * 5, atol=0.1, rtol=1e-4)
        torch.testing.assert_close(last.amax(0), first.amax(0) * 5, atol=0.1, rtol=1e-4)


class Attentive(FaceDetector):
    """Remembers the sizes that it looked at, and is as sure as it is told."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self.score, self.looked_at = score, []

    def look(self, picture: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
        self.looked_at.append(side)
        return torch.tensor([[0.0, 0.0, 9.0, 9.0]]), torch.tensor([self.score])


@pytest.mark.parametrize(
    ("score", "longer", "sides"),
    [
        (0.4, 2000, [80, 160, 320, 640]),
        (0.6, 2000, [80, 160, 320]),
        (0.4, 224, [80, 160, 320]),
        (0.4, 112, [80, 160]),
        (0.4, 20, [80]),
    ],
)
def test_it_looks_no_closer_than_it_must(score: float, longer: int, sides: list[int]) -> None:
    net = Attentive(score)
    net(torch.zeros(3, longer // 2, longer, dtype=torch.uint8))
    assert net.looked_at == sides


@pytest.mark.parametrize(("low", "high"), [(0, 70), (100, 170), (180, 255)])
def test_a_flat_picture_is_stretched_to_the_whole_range(low: int, high: int) -> None:
    flat = torch.linspace(low, high, 1001).view(1, 1, 7, 143).expand(2, 3, 7, 143)
    full = stretch(flat)
    torch.testing.assert_close(full[0, 0].flatten()[25:-25], torch.linspace(0, 255, 951), atol=4.0, rtol=0)
    assert float(full.min()) == 0.0 and float(full.max()) == 255.0


def test_the_noise_of_a_picture_of_one_colour_stays_small() -> None:
    noise = 90 + torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(1))
    assert float(stretch(noise).max()) <= 4.0


def test_each_picture_is_stretched_by_itself() -> None:
    pictures = torch.rand(3, 3, 8, 8) * torch.tensor([40.0, 90.0, 200.0]).view(3, 1, 1, 1)
    torch.testing.assert_close(stretch(pictures)[1:2], stretch(pictures[1:2]))


def test_a_picture_of_one_colour_has_no_face(light_meter: FaceDetector) -> None:
    boxes, scores = light_meter(torch.full((3, 300, 200), 90, dtype=torch.uint8))
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (700, 3), (50, 50)])
def test_any_size_is_taken(net: FaceDetector, height: int, width: int) -> None:
    boxes, scores = net(torch.randint(0, 256, (3, height, width), dtype=torch.uint8))
    assert boxes.shape == (len(scores), 4)


@st.composite
def some_boxes(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    rows = draw(
        st.lists(st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 40)] * 2, st.integers(1, 99)), max_size=12)
    )
    values = torch.tensor(rows, dtype=torch.float32).view(-1, 5)
    return torch.cat((values[:, :2], values[:, :2] + values[:, 2:4]), 1), values[:, 4] / 100


@settings(max_examples=80, deadline=None)
@given(some_boxes())
def test_what_is_suppressed_overlaps_with_something_better(found: tuple[torch.Tensor, torch.Tensor]) -> None:
    boxes, scores = found
    kept, sure = suppress(boxes, scores)
    assert (sure.diff() <= 0).all()
    assert not (overlap(kept).fill_diagonal_(0) > 0.4).any()
    for box, score in zip(boxes, scores, strict=True):
        with_kept = overlap(torch.cat((box[None], kept)))[0, 1:]
        assert bool(((with_kept > 0.4) & (sure >= score)).any())


def test_overlap_is_the_intersection_over_the_union() -> None:
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 6.0, 4.0], [9.0, 9.0, 10.0, 10.0]])
    expected = torch.tensor([[1.0, 1 / 3, 0.0], [1 / 3, 1.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(overlap(boxes), expected)


def test_scripted_equals_eager(light_meter: FaceDetector) -> None:
    scripted = torch.jit.script(light_meter)
    picture = white_dot(500, 400, 100, 150, 60)
    for one, other in zip(light_meter(picture), scripted(picture), strict=True):
        torch.testing.assert_close(one, other)
