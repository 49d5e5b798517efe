"""The sections read what the trials write: both sides are the real ones here, the labels made up."""

import numpy as np

from training.genre.reporting.document import NOT_MEASURED, render
from training.genre.reporting.results import Results
from training.genre.trials import calibration, long_stream, non_music, real_audio, robustness
from training.genre.trials.outcome import Outcome

HOP_S = 1920 / 22_050


def said(**trial: dict[str, object]) -> list[str]:
    """Lines of a report of one trial."""
    return render(Results.collect((), trial), frozenset()).splitlines()


def test_a_long_stream() -> None:
    frames = round(60 / HOP_S)
    truth = np.array([[0, 1], [1, 0]])
    shown = np.repeat(truth[:, :, None], frames, axis=2)
    shown[:, 1, : round(3 / HOP_S)] = truth[:, :1]  # three seconds late after each change of genre
    trial = {
        "orders": 2,
        **long_stream.switching(shown, truth, np.ones((2, 2), dtype=bool), HOP_S),
        **long_stream.stillness(shown, truth, HOP_S),
        **long_stream.endurance(shown, truth, HOP_S),
    }
    lines = said(long_stream=trial)
    assert "| a change of genre | 3.0 ± 0.0 | 3.0 ± 0.0 | 4 / 10 | 0.0 | 2 |" in lines
    assert "| within a clip | 0.00 ± 0.00 | 0.5 |" in lines
    assert "| last minus first, on the same clips | 0.0 |" in lines


def test_calibration() -> None:
    judged = calibration.judged(np.tile([0.75, 0.25], (4, 1)), np.array([0, 0, 0, 1]))
    lines = said(calibration={"clips": 4, "temperature": None, "after_s": {"30": {"calibrated": judged}}})
    row = next(line for line in lines if line.startswith("| 30 s, as shipped | 0.0 ± "))
    assert row.endswith(" | 75.0 | 75.0 | 0.562 |")


def test_what_is_not_music() -> None:
    heard = non_music.called_music([non_music.Span("a", "test", 80, 20), non_music.Span("b", "test", 80, 20)])
    false = {"librispeech": {"all": heard, "held_out": non_music.called_music([])}}
    lines = said(
        non_music={
            "from_s": 2.0,
            "false_music": false,
            "false_music_on_silence": {},
            "missed_music": {"gtzan_bands": heard},
        }
    )
    assert "| librispeech, held out | - | - | 0 | 0 |" in lines
    assert "| librispeech, all | 25.0 ± 0.0 | 0.0 ± 0.0 | 2 | 14 |" in lines
    assert "| GTZAN valid, stored bands | 25.0 ± 0.0 | 0.0 ± 0.0 | 2 | 14 |" in lines


def test_audio_real_and_degraded() -> None:
    jazz, rock = Outcome("jazz", "jazz", 10), Outcome("rock", "jazz", 10)
    compared = real_audio.compared(["a", "b"], [jazz, jazz], [jazz, rock])
    unchanged = {"mp3_32k": robustness.unchanged([jazz, jazz], [jazz, rock])}
    text = " ".join(said(real_audio=compared, robustness={"clips": 2, "how": "tectum serve", "unchanged": unchanged}))
    assert "the same for 50.0 ± 35.4 %, the most probable over all for 100.0 ± 0.0 %" in text
    assert "| MP3, 32 kbit/s, 24 kHz | 50.0 ± 35.4 | 100.0 ± 0.0 | 0.0 ± 0.0 |" in text
    assert text.count(NOT_MEASURED) == 6  # Confusions, seconds, calibration, long stream, non-music, speed.
