import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.genre import CLIP, TICK_FRAMES
from models.music_statistics import HISTORY_SIZE, MEASUREMENTS, NUM_COMPONENTS, NUM_STATISTICS
from tests.training.ten_tones import SHORT_FRAMES, Measured
from training.genre.readings import STEPS, Readings, load_readings, quantise, read_whole
from training.genre.variation import decibels

HALF_A_STEP = 0.5 / STEPS + 1e-3


def test_variant_0_is_the_clip_as_it_is(measured: Measured) -> None:
    corpus, net, readings, _ = measured
    clips = torch.tensor([3, 17, 39])
    mel, chroma = (torch.from_numpy(decibels(table[clips.numpy()])) for table in (corpus.mel, corpus.chroma))
    with torch.inference_mode():
        expected = read_whole(net, net.tick_sums(mel, chroma))
    got = readings.draw(torch.zeros(3, dtype=torch.long), clips)
    assert got.shape == (3, SHORT_FRAMES // TICK_FRAMES, NUM_STATISTICS)
    torch.testing.assert_close(got, expected, atol=HALF_A_STEP, rtol=0)


def test_the_other_variants_are_not(measured: Measured) -> None:
    stored = measured.readings.stored.float()
    assert stored.shape[:2] == (3, 40)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert float((stored[one] - stored[other]).abs().mean()) > 1.0, "in steps of a stored reading"


def test_a_short_clip_goes_on_from_its_start(measured: Measured, tmp_path: Path) -> None:
    corpus, net, readings, _ = measured
    frames = corpus.frames.copy()
    frames[5] = 66
    corpus = replace(corpus, frames=frames, ids=(*corpus.ids[:5], "half", *corpus.ids[6:]))
    got = load_readings(net, corpus, tmp_path, num_variants=0)
    again = np.concatenate([np.arange(66), np.arange(66)])
    mel, chroma = (torch.from_numpy(decibels(table[[5]][:, again])) for table in (corpus.mel, corpus.chroma))
    with torch.inference_mode():
        expected = read_whole(net, net.tick_sums(mel, chroma))
    torch.testing.assert_close(got.stored[0, 5:6].float() / STEPS, expected, atol=HALF_A_STEP, rtol=0)
    assert torch.equal(got.stored[0, 5, :6], readings.stored[0, 5, :6])


def test_what_is_in_the_cache_is_not_measured_again(measured: Measured, tmp_path: Path) -> None:
    corpus, net, _, cache = measured
    for path in cache.iterdir():
        shutil.copy(path, tmp_path)
    for path in tmp_path.glob("*-1.npy"):
        np.save(path, np.full_like(np.load(path), 7))
    got = load_readings(net, corpus, tmp_path, num_variants=1)
    assert torch.equal(got.stored[0], measured.readings.stored[0])
    assert bool((got.stored[1] == 7).all())


def test_other_ids_are_measured_anew(measured: Measured, tmp_path: Path) -> None:
    corpus, net, readings, _ = measured
    kept = (0, 4, 8, 12)
    fewer = replace(
        corpus,
        mel=corpus.mel[list(kept)],
        chroma=corpus.chroma[list(kept)],
        frames=corpus.frames[list(kept)],
        ids=tuple(corpus.ids[clip] for clip in kept),
    )
    got = load_readings(net, fewer, tmp_path, num_variants=0)
    # A batch of another size may add in another order.
    assert int((got.stored[0].int() - readings.stored[0, list(kept)].int()).abs().max()) <= 1
    load_readings(net, replace(fewer, ids=("a", "b", "c", "d")), tmp_path, num_variants=0)
    assert len(list(tmp_path.iterdir())) == 2, "other ids under the same key would be read for these"


def test_statistics_are_standardised_over_the_clips(measured: Measured) -> None:
    """The clips and their variants, ticks 2, 5, 8 and 11, as the standardisation was fitted; in variants of its own."""
    readings = measured.readings.stored[:2, :, 1::3].float().flatten(0, 2) / STEPS
    moving = measured.net.scale < 999.0  # The deviation of the others is taken to be 1e-3.
    assert float(moving.float().mean()) > 0.9
    assert float(readings.mean(0)[moving].abs().mean()) < 0.1
    assert float(readings.std(0)[moving].mean()) == pytest.approx(1.0, abs=0.1)
    assert float(readings.abs().max()) <= CLIP + 1e-6


def test_patches_are_white(measured: Measured) -> None:
    """The patches that were fitted: every third, the first of them ending with the fourth frame."""
    corpus, net, _, _ = measured
    mel, chroma = (torch.from_numpy(decibels(table)) for table in (corpus.mel, corpus.chroma))
    with torch.inference_mode():
        parts, _ = net.measurements(mel, chroma, net.running_level(mel), torch.zeros(40, HISTORY_SIZE))
    named = dict(zip(MEASUREMENTS, parts[:, 3::3].split(list(MEASUREMENTS.values()), 2), strict=True))
    patches = named["patch"].flatten(0, 1)
    assert float(patches.mean(0).abs().max()) < 1e-3
    covariance = patches.T.cov(correction=0)
    assert float((covariance - torch.eye(NUM_COMPONENTS)).abs().max()) < 1e-2


def test_readings_are_stored_within_half_a_step() -> None:
    values = torch.linspace(-CLIP, CLIP, 1_001)
    stored = quantise(values)
    assert stored.dtype == np.int8 and (stored.min(), stored.max()) == (-127, 127)
    drawn = Readings(torch.from_numpy(stored).view(1, 1, 1, -1)).draw(torch.tensor([0]), torch.tensor([0]))
    torch.testing.assert_close(drawn.flatten(), values, atol=0.5 / STEPS + 1e-6, rtol=0)
