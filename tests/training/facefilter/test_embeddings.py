from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.facefilter.miniature import made_up_embeddings
from training.facefilter.corpus import Recording
from training.facefilter.embeddings import Embeddings, EmbeddingsMissing, load_embeddings, save_embeddings


@pytest.fixture
def embeddings(corpus: tuple[Recording, ...]) -> Embeddings:
    """Every recording has another number of windows, in another order than the recordings."""
    made_up, rng = made_up_embeddings(corpus), np.random.default_rng(0)
    counts = {i: 1 + i % 5 for i in reversed(made_up.windows)}
    return replace(
        made_up,
        windows={i: unit(rng.normal(size=(count, made_up.size))) for i, count in counts.items()},
        starts_s={i: np.arange(count, dtype=np.float32) + i for i, count in counts.items()},
    )


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def test_what_is_saved_is_loaded(embeddings: Embeddings, corpus: tuple[Recording, ...], tmp_path: Path) -> None:
    save_embeddings(embeddings, corpus, tmp_path / "runs")
    loaded = load_embeddings(tmp_path / "runs", corpus)
    for name in ("face", "voice", "windows", "starts_s"):
        before, after = getattr(embeddings, name), getattr(loaded, name)
        assert before.keys() == after.keys()
        for key in before:
            np.testing.assert_array_equal(before[key], after[key])
    assert loaded.sex_score == embeddings.sex_score
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["embeddings.npz"]


def test_what_is_missing_says_what_makes_it(corpus: tuple[Recording, ...], tmp_path: Path) -> None:
    with pytest.raises(EmbeddingsMissing, match="run `train matching` first"):
        load_embeddings(tmp_path, corpus)


def test_embeddings_of_other_recordings_are_refused(
    embeddings: Embeddings, corpus: tuple[Recording, ...], tmp_path: Path
) -> None:
    save_embeddings(embeddings, corpus, tmp_path)
    with pytest.raises(EmbeddingsMissing, match=rf"of these {len(corpus)} recordings, got others"):
        load_embeddings(tmp_path, corpus[::-1])


def test_the_voice_of_a_recording_is_the_mean_of_its_windows(embeddings: Embeddings) -> None:
    recording = next(i for i, windows in embeddings.windows.items() if len(windows) > 2)
    mean = embeddings.mean_voice(recording)
    np.testing.assert_allclose(mean, unit(embeddings.windows[recording].mean(axis=0)), atol=1e-6)


def test_a_sample_of_a_voice_is_the_mean_of_one_to_four_windows(embeddings: Embeddings) -> None:
    recording = next(i for i, windows in embeddings.windows.items() if len(windows) == 5)
    windows, rng = embeddings.windows[recording], np.random.default_rng(0)
    counts = set()
    for _ in range(60):
        sample = embeddings.any_window(recording, rng)
        assert np.linalg.norm(sample) == pytest.approx(1.0, abs=1e-5)
        weights = np.linalg.lstsq(windows.T, sample, rcond=None)[0]
        used = weights[weights > 1e-4]
        np.testing.assert_allclose(used, used[0], rtol=1e-3)
        np.testing.assert_allclose(weights @ windows, sample, atol=1e-5)
        counts.add(len(used))
    assert counts == {1, 2, 3, 4}


def test_the_sex_of_a_voice_is_the_sign_of_its_score(embeddings: Embeddings) -> None:
    assert embeddings.sex["train0"] == ("m" if embeddings.sex_score["train0"] > 0 else "f")
    assert set(embeddings.sex.values()) == {"f", "m"}
