import numpy as np
import pytest

from training.genre.variation import Decibels, Variation, decibels

OFF = Variation(tempo=0.0, tuning_bands=0.0, key=0.0, tilt_db=0.0, ripple_db=0.0, lowpass=0.0)
FRAMES = 200
SEEDS = range(20)


def only(**strengths: float) -> Variation:
    """Varies nothing but what is named."""
    off = {"tempo": 0.0, "tuning_bands": 0.0, "key": 0.0, "tilt_db": 0.0, "ripple_db": 0.0, "lowpass": 0.0}
    return Variation(**{**off, **strengths})


def clocks() -> tuple[Decibels, Decibels]:
    """Mel and chroma whose every value is the number of its frame."""
    times = np.arange(FRAMES, dtype=np.float32)[:, None]
    return times.repeat(128, 1), times.repeat(12, 1)


def flat() -> tuple[Decibels, Decibels]:
    """Silence of 0 dB; one pitch class sounds."""
    chroma = np.zeros((FRAMES, 12), dtype=np.float32)
    chroma[:, 0] = 1.0
    return np.zeros((FRAMES, 128), dtype=np.float32), chroma


def test_the_generator_alone_decides() -> None:
    rng = np.random.default_rng(1)
    mel, chroma = rng.normal(size=(FRAMES, 128)).astype(np.float32), rng.normal(size=(FRAMES, 12)).astype(np.float32)
    np.random.seed(0)
    one = Variation().apply(mel, chroma, np.random.default_rng(5))
    np.random.seed(1)
    same = Variation().apply(mel, chroma, np.random.default_rng(5))
    other = Variation().apply(mel, chroma, np.random.default_rng(6))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert [part.dtype for part in one] == [np.float32, np.float32]


@pytest.mark.parametrize("seed", SEEDS)
def test_turned_off_it_begins_elsewhere_and_goes_on_at_the_beginning(seed: int) -> None:
    mel, chroma = OFF.apply(*clocks(), np.random.default_rng(seed))
    assert mel.shape == (FRAMES, 128) and chroma.shape == (FRAMES, 12)
    np.testing.assert_allclose(np.diff(mel[:, 3]) % (FRAMES - 1), 1.0, atol=1e-3)
    np.testing.assert_allclose(mel[:, :12], chroma, atol=1e-3, err_msg="both move together")


def test_beginnings_are_everywhere() -> None:
    begun = [float(OFF.apply(*clocks(), np.random.default_rng(seed))[0][0, 0]) for seed in SEEDS]
    assert min(begun) < FRAMES / 4 and max(begun) > FRAMES * 3 / 4


def test_tempo_changes_the_speed_by_up_to_its_share() -> None:
    speeds = []
    for seed in SEEDS:
        mel, _ = only(tempo=0.06).apply(*clocks(), np.random.default_rng(seed))
        steps = np.diff(mel[:, 0])
        # All but the step that goes on at the beginning, and what lies across it.
        speeds.append(float(np.median(steps)))
        assert np.ptp(steps[steps > 0]) < 1e-3
    assert 0.94 <= min(speeds) < 0.97 and 1.03 < max(speeds) <= 1.06


def test_tuning_shifts_the_bands_by_up_to_its_share_of_one() -> None:
    mel = np.tile(np.arange(128, dtype=np.float32), (FRAMES, 1))
    shifts = []
    for seed in SEEDS:
        tuned, _ = only(tuning_bands=0.75).apply(mel, flat()[1], np.random.default_rng(seed))
        within = (tuned - mel)[:, 1:-1]
        shifts.append(float(within.mean()))
        assert float(np.ptp(within)) < 1e-3
    assert -0.75 <= min(shifts) < -0.4 and 0.4 < max(shifts) <= 0.75


def test_key_turns_the_chroma_and_leaves_the_bands() -> None:
    keys = set()
    for seed in range(60):
        mel, chroma = only(key=1.0).apply(*flat(), np.random.default_rng(seed))
        (key,) = set(chroma.argmax(1).tolist())
        keys.add(key)
        np.testing.assert_allclose(mel, 0.0, atol=1e-5)
    assert keys == set(range(12))
    assert all(OFF.apply(*flat(), np.random.default_rng(seed))[1][0, 0] == 1.0 for seed in SEEDS)


def test_tilt_is_a_line_through_the_middle() -> None:
    ends = []
    for seed in SEEDS:
        mel, _ = only(tilt_db=2.5).apply(*flat(), np.random.default_rng(seed))
        np.testing.assert_allclose(np.diff(mel[0], n=2), 0.0, atol=1e-5)
        assert float(mel[0].mean()) == pytest.approx(0.0, abs=1e-4)
        ends.append(float(mel[0, -1]))
    assert -2.5 <= min(ends) < -1.0 and 1.0 < max(ends) <= 2.5


def test_ripple_is_slow_and_of_its_deviation() -> None:
    curves = np.stack([only(ripple_db=0.7).apply(*flat(), np.random.default_rng(seed))[0][0] for seed in range(200)])
    # Two waves of deviation 0.7, each of mean square one half.
    assert float(curves.std()) == pytest.approx(0.7, rel=0.15)
    # pi * 6 radians over half of the bands at most: a wave of one deviation moves 0.3 of it from band to band.
    assert float(np.abs(np.diff(curves, axis=1)).max()) < 0.3 * np.abs(curves).max()


def test_lowpass_falls_four_decibels_a_band_from_a_random_one_on() -> None:
    edges = set()
    for seed in SEEDS:
        mel, _ = only(lowpass=1.0).apply(*flat(), np.random.default_rng(seed))
        edge = int((mel[0] >= 0.0).sum()) - 1
        edges.add(edge)
        np.testing.assert_allclose(mel[0, edge:], -4.0 * np.arange(128 - edge), atol=1e-4)
    assert 60 <= min(edges) < 75 and 95 < max(edges) < 112


def test_stored_bands_are_half_decibels_above_minus_100() -> None:
    got = decibels(np.array([0, 1, 200, 255], dtype=np.uint8))
    assert got.dtype == np.float32
    assert got.tolist() == [-100.0, -99.5, 0.0, 27.5]
