import numpy as np
import pytest

from training.genre.papers.segments import Segments, cut


def numbered(num_clips: int, num_frames: int) -> np.ndarray:
    """Bands that hold the number of their frame."""
    frames = np.arange(num_frames, dtype=np.uint8)[None, :, None]
    return np.broadcast_to(frames, (num_clips, num_frames, 128)).copy()


def test_segments_are_whole_frames_spread_over_the_clip() -> None:
    segments = cut(numbered(2, 23), np.array([3, 4]), 3, 23)
    assert segments.mel[:3, :, 0].tolist() == [list(range(7)), list(range(7, 14)), list(range(15, 22))]
    assert segments.clips.tolist() == [0, 0, 0, 1, 1, 1]
    assert segments.labels.tolist() == [3, 3, 3, 4, 4, 4]


@pytest.mark.parametrize(("num_segments", "length"), [(30, 11), (10, 34), (3, 114)])
def test_the_papers_segments_lie_within_the_frames_that_every_clip_has(num_segments: int, length: int) -> None:
    segments = cut(numbered(1, 250), np.array([0]), num_segments, 250)
    assert segments.mel.shape[1] == 250 // num_segments
    real = cut(np.zeros((1, 344, 128), np.uint8), np.array([0]), num_segments, 343)
    assert real.mel.shape == (num_segments, length, 128)


def test_padding_behind_the_frames_is_never_in_a_segment() -> None:
    mel = numbered(1, 24)
    mel[:, 20:] = 255
    assert cut(mel, np.array([0]), 7, 20).mel.max() < 20


def test_more_segments_than_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 5 segments of 5 frames, got 6"):
        cut(numbered(1, 5), np.array([0]), 6, 5)


def test_segments_of_clips_are_in_the_order_of_the_clips(segments: Segments) -> None:
    chosen = segments.of_clips(np.array([7, 2]))
    assert chosen.tolist() == [28, 29, 30, 31, 8, 9, 10, 11]
    assert segments.clips[chosen].tolist() == [7] * 4 + [2] * 4


def test_stored_values_are_half_decibels_above_minus_100() -> None:
    segments = cut(np.full((1, 2, 128), 30, np.uint8), np.array([0]), 1, 2)
    assert segments.decibels(np.array([0])).unique().tolist() == [-85.0]
