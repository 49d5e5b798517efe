"""Targets: values that cannot be changed, and that do not show whom they describe."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from realtime.targets.target import EMBEDDING_SIZE, Target


def embedding(seed: int = 0) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(EMBEDDING_SIZE).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_it_says_what_is_known_of_the_person():
    assert Target().kinds == ()
    assert Target(voice=embedding()).kinds == ("voice",)
    assert replace(Target(voice=embedding()), face=embedding(1)).kinds == ("face", "voice")


def test_neither_it_nor_its_embeddings_can_be_changed():
    given = embedding()
    target = Target(face=given)
    first = given[0]
    given[0] = 9.0
    assert target.face is not None and target.face[0] == first
    with pytest.raises(ValueError, match="read-only"):
        target.face[0] = 0.0
    with pytest.raises(FrozenInstanceError):
        target.face = None  # type: ignore[misc]


def test_its_text_shows_no_number_of_an_embedding():
    assert not any(character.isdigit() for character in repr(Target(embedding(), embedding(1))))


@pytest.mark.parametrize(
    ("face", "says"),
    [
        (embedding()[:100], r"\[128\], got shape \[100\]"),
        (embedding()[None], r"got shape \[1, 128\]"),
        (2 * embedding(), "length 1, got 2"),
        (np.full(EMBEDDING_SIZE, np.nan, np.float32), "length 1, got nan"),
        (np.zeros(EMBEDDING_SIZE, np.float32), "length 1, got 0"),
    ],
)
def test_what_is_no_embedding_is_refused(face: np.ndarray, says: str):
    with pytest.raises(ValueError, match=says):
        Target(face=face)
