"""Simulated rooms: impulse responses from several places to one microphone, by the image-source method.

Invariant: every response begins with its direct sound, at the first sample and with gain one, so that a source is as
early in a room as without it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyroomacoustics
from numpy.typing import NDArray
from rich.progress import track

SAMPLE_RATE = 16_000
NUM_SAMPLES = 6_400
NUM_PLACES = 3


def load_rooms(folder: Path, num_rooms: int = 200) -> NDArray[np.float32]:
    """Returns float32 ``[num_rooms, 3, 6400]``, from ``folder`` where they are there, else simulated (a minute)."""
    path = folder / f"rooms-{num_rooms}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        np.save(path, np.stack([simulate(rng) for _ in track(range(num_rooms), description="building rooms")]))
    rooms: NDArray[np.float32] = np.load(path)
    return rooms


def simulate(rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns the responses ``[3, 6400]`` of one room of 2.5 to 8 m with a reverberation time of 0.15 to 0.6 s.

    The first place is a talker 0.3 to 1.2 m away, the others are up to the walls.
    """
    size = rng.uniform([2.5, 2.5, 2.3], [8.0, 6.0, 3.5])
    absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(0.15, 0.6), size)
    room = pyroomacoustics.ShoeBox(
        size, fs=SAMPLE_RATE, materials=pyroomacoustics.Material(min(absorption, 0.99)), max_order=min(order, 12)
    )
    microphone = rng.uniform(0.3 * size, 0.7 * size)
    direction = rng.normal(size=3) * [1.0, 1.0, 0.2]
    near = microphone + rng.uniform(0.3, 1.2) * direction / np.linalg.norm(direction)
    room.add_microphone(microphone)
    room.add_source(np.clip(near, 0.2, size - 0.2))
    for _ in range(NUM_PLACES - 1):
        room.add_source(rng.uniform(0.2, size - 0.2))
    room.compute_rir()
    return np.stack([_aligned(response) for response in room.rir[0]])


def _aligned(response: NDArray[np.float64]) -> NDArray[np.float32]:
    # The simulator's fractional delays ring before the peak: what comes before it is left out.
    direct = int(np.argmax(np.abs(response[: SAMPLE_RATE // 20])))
    tail = response[direct : direct + NUM_SAMPLES] / response[direct]
    return np.pad(tail, (0, NUM_SAMPLES - len(tail))).astype(np.float32)
