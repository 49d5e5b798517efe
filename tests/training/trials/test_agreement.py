"""How outcomes are compared: real audio with bands, degraded clips with plain ones."""

import pytest

from training.genre.trials.outcome import Outcome
from training.genre.trials.real_audio import compared
from training.genre.trials.robustness import unchanged

JAZZ, JAZZ_LAST_POP, NOTHING = Outcome("jazz", "jazz", 59), Outcome("pop", "jazz", 59), Outcome(None, None, 66)


def test_each_of_the_two_words_is_compared_by_itself() -> None:
    figures = compared(["a", "b", "c"], [JAZZ, JAZZ, NOTHING], [JAZZ, JAZZ_LAST_POP, NOTHING])
    assert figures["same_last_label"]["share"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["same_top_label"]["share"] == 1.0
    assert figures["different"] == [{"id": "b", "bands": ["jazz", "jazz"], "audio": ["pop", "jazz"]}]


def test_another_number_of_events_is_no_other_outcome() -> None:
    assert compared(["a"], [JAZZ], [JAZZ._replace(events=66)])["different"] == []


def test_what_falls_silent_has_changed_and_is_lost() -> None:
    figures = unchanged([JAZZ, JAZZ, NOTHING, NOTHING], [NOTHING, JAZZ_LAST_POP, NOTHING, JAZZ])
    assert figures["last"]["share"] == 0.25
    assert figures["top"]["share"] == 0.5
    assert figures["lost"]["share"] == 0.25
