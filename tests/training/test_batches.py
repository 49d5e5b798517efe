import numpy as np
import pytest
import torch

from training.genre.augment import Augmentation, mean_level_db, mix
from training.genre.batches import SETTLE_FRAMES, Batches, BatchSettings
from training.genre.corpus import Corpus
from training.genre.recordings import Recordings

NONE = Augmentation(relevel=0.0, tilt_db=0.0, ripple_db=0.0, lowpass=0.0, background=0.0, overlap=0.0, noise_db=0.0)


def new_batches(gtzan: Corpus, recordings: Recordings, **settings: float) -> Batches:
    chosen = BatchSettings(**{"music": 12, "other": 6, "num_frames": 100, **settings})
    return Batches(gtzan, np.arange(len(gtzan.ids)), recordings, chosen, Augmentation())


def test_a_batch_depends_on_the_generator_alone(gtzan: Corpus, recordings: Recordings) -> None:
    batches = new_batches(gtzan, recordings)
    one, other, third = (batches.draw(np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one.mel, third.mel)


def test_music_has_its_genre_and_other_sound_has_none(gtzan: Corpus, recordings: Recordings) -> None:
    batch = new_batches(gtzan, recordings, prefix=0.0).draw(np.random.default_rng(0))
    assert batch.mel.shape == (18, 100, 128)
    assert bool((batch.genre[12:] == -1).all())
    for row in range(12):
        (genre,) = set(batch.genre[row].tolist())
        loudest = int(gtzan.mel[gtzan.labels == genre].mean(axis=(0, 1)).argmax())
        assert loudest // 11 == genre


def test_the_first_second_after_every_change_costs_nothing(gtzan: Corpus, recordings: Recordings) -> None:
    batch = new_batches(gtzan, recordings, prefix=1.0).draw(np.random.default_rng(0))
    changes = batch.genre.diff(dim=1) != 0
    assert bool(changes.any())
    for row in range(len(batch.genre)):
        for change in [-1, *changes[row].nonzero().flatten().tolist()]:
            assert float(batch.weight[row, change + 1 : change + 1 + SETTLE_FRAMES].sum()) == 0
    assert float(batch.weight.mean()) > 0.6


def test_silent_frames_cost_nothing(gtzan: Corpus, recordings: Recordings) -> None:
    gtzan.mel[:, 50:60] = 0
    batches = Batches(
        gtzan, np.arange(40), recordings, BatchSettings(music=20, other=0, num_frames=340, prefix=0.0), NONE
    )
    batch = batches.draw(np.random.default_rng(0))
    silent = batch.mel.amax(2) < -80
    assert bool(silent.any())
    assert float(batch.weight[silent].sum()) == 0


def test_level_does_not_tell_music_from_the_rest(gtzan: Corpus, recordings: Recordings) -> None:
    quiet = Recordings(recordings.items, recordings.mel // 3, recordings.chroma // 3, recordings.starts)
    batches = new_batches(gtzan, quiet, music=60, other=60, prefix=0.0)
    mel = batches.draw(np.random.default_rng(0)).mel.numpy()
    levels = np.array([mean_level_db(row) for row in mel])
    assert abs(np.median(levels[:60]) - np.median(levels[60:])) < 8


def test_augmentation_moves_the_level_to_where_it_was_told(gtzan: Corpus) -> None:
    mel = gtzan.mel[0].astype(np.float32) / 2 - 100
    moved = NONE.apply(mel, np.random.default_rng(0), -12.0)
    assert mean_level_db(moved) == pytest.approx(-12.0, abs=3.0)
    assert np.ptp(moved - mel) == pytest.approx(0.0, abs=1e-3)


def test_mixing_adds_power_at_the_level_asked_for(gtzan: Corpus) -> None:
    mel, other = (gtzan.mel[clip].astype(np.float32) / 2 - 100 for clip in (0, 39))
    mixed = mix(mel, other, 10.0)
    assert (mixed >= mel).all()
    assert float(np.median((mixed - mel)[:, :12])) < 0.1, "where the music is loud, little changes"
    assert mean_level_db(mixed) - mean_level_db(mel) == pytest.approx(10 * np.log10(1.1), abs=0.2)
