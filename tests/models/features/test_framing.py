import pytest
import torch

from models.features.framing import Framer


def test_frames_are_the_samples_at_multiples_of_the_hop() -> None:
    framer, x = Framer(3, 5), torch.arange(24.0).reshape(2, 12)
    frames, carried = framer(x, framer.init_state(2))
    assert frames[0].tolist() == [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7], [6, 7, 8, 9, 10]]
    assert frames[1, 0].tolist() == [12, 13, 14, 15, 16]
    assert carried[0].tolist() == [9, 10, 11]


def test_what_is_carried_stays_shorter_than_a_frame_and_holds_no_more() -> None:
    framer, carried = Framer(512), torch.zeros(1, 0)
    for _ in range(5):
        _, carried = framer(torch.zeros(1, 10_000), carried)
        assert carried.size(1) < 2_048
        assert carried.untyped_storage().nbytes() == 4 * carried.numel()


def test_a_stream_shorter_than_a_frame_has_none() -> None:
    frames, carried = Framer(512)(torch.ones(3, 2_047), torch.zeros(3, 0))
    assert frames.shape == (3, 0, 2_048)
    assert carried.shape == (3, 2_047)


@pytest.mark.parametrize("hop", [0, 2_049])
def test_hops_that_stand_still_or_skip_samples_are_refused(hop: int) -> None:
    with pytest.raises(ValueError, match=f"expected a hop of 1 to 2048 samples, got {hop}"):
        Framer(hop)
