"""LevelMeter: dB of full scale, ten times a second of audio for any size of frame."""

import numpy as np
import pytest

from realtime.levels import FLOOR_DB, LevelMeter, to_db

from .rig import tone


def test_a_full_scale_square_wave_has_0_db():
    assert LevelMeter(8_000).write(np.tile(np.array([1.0, -1.0], np.float32), 400)[None]) == (0.0, 0.0)


def test_a_full_scale_sine_has_minus_3_db_rms():
    assert LevelMeter(48_000).write(tone(4_800, 48_000, 1_000.0, amplitude=1.0)) == (-3.0, 0.0)


def test_the_peak_may_be_negative_and_in_any_channel():
    samples = np.zeros((2, 800), np.float32)
    samples[1, 5] = -0.5
    assert LevelMeter(8_000).write(samples)[1] == -6.0


def test_silence_has_the_floor():
    assert LevelMeter(8_000).write(np.zeros((1, 800), np.float32)) == (FLOOR_DB, FLOOR_DB)
    assert to_db(1e-7) == FLOOR_DB


@pytest.mark.parametrize("frame", [10, 160, 240, 320, 799, 800])
def test_there_are_ten_reports_a_second_for_any_frame(frame):
    meter = LevelMeter(8_000)
    reports = [meter.write(np.full((1, frame), 0.1, np.float32)) for _ in range(80_000 // frame)]
    given = [report for report in reports if report is not None]
    assert len(given) == pytest.approx(100, abs=1)
    assert set(given) == {(-20.0, -20.0)}


def test_a_report_knows_nothing_of_the_one_before():
    meter = LevelMeter(8_000)
    meter.write(np.ones((1, 800), np.float32))
    assert meter.write(np.full((1, 800), 0.1, np.float32)) == (-20.0, -20.0)
