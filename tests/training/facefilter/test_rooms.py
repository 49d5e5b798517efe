from pathlib import Path

import numpy as np
import pytest

from training.facefilter import rooms as rooms_module
from training.facefilter.rooms import NUM_PLACES, NUM_SAMPLES, load_rooms, simulate


@pytest.fixture(scope="module")
def room() -> np.ndarray:
    return simulate(np.random.default_rng(0))


def test_every_response_begins_with_its_direct_sound_at_gain_one(room: np.ndarray) -> None:
    assert room.shape == (NUM_PLACES, NUM_SAMPLES) and room.dtype == np.float32
    np.testing.assert_allclose(room[:, 0], 1.0)
    assert (np.abs(room[:, 1:160]) <= 1.0).all()


def test_a_room_reverberates_and_falls_silent(room: np.ndarray) -> None:
    energy = room.astype(np.float64) ** 2
    assert (energy[:, 80:1_600].sum(1) > 1e-3).all()
    assert (energy[:, 4_800:].sum(1) < 0.1 * energy[:, 80:1_600].sum(1)).all()


def test_the_talker_who_is_near_is_drier_than_the_others(room: np.ndarray) -> None:
    reverberant = (room[:, 80:] ** 2).sum(1)
    assert reverberant[0] < reverberant[1:].min()


def test_rooms_are_simulated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: np.ndarray) -> None:
    drawn = iter((room, room[::-1]))
    monkeypatch.setattr(rooms_module, "simulate", lambda rng: next(drawn))
    first = load_rooms(tmp_path, 2)
    np.testing.assert_array_equal(load_rooms(tmp_path, 2), first)
    np.testing.assert_array_equal(first, np.stack((room, room[::-1])))
