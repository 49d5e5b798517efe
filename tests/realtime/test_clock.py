"""Clocks never go back."""

import pytest

from realtime.clock import ManualClock, MonotonicClock


def test_a_manual_clock_moves_when_told_to():
    clock = ManualClock(5.0)
    assert clock.now_s() == 5.0
    clock.advance(0.25)
    clock.advance(0.0)
    assert clock.now_s() == 5.25


def test_a_manual_clock_does_not_go_back():
    with pytest.raises(ValueError, match="expected a duration >= 0 s, got -1"):
        ManualClock().advance(-1)


def test_the_machine_s_clock_does_not_go_back():
    clock = MonotonicClock()
    times = [clock.now_s() for _ in range(1000)]
    assert times == sorted(times)
