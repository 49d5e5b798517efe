"""The terminal view, drawn into text."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from realtime.cli.live_view import METER_WIDTH, LiveView, clock


def drawn(view: LiveView) -> str:
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def genre(time_s: float, label: str | None, music: bool = True, jazz: float = 0.75) -> dict[str, Any]:
    top = [{"label": "jazz", "p": jazz}, {"label": "rock", "p": 1 - jazz}]
    return {"type": "genre", "time_s": time_s, "label": label, "music": music, "top": top}


def test_it_waits_and_then_shows_bars_and_history() -> None:
    view = LiveView("mic")
    assert "listening ..." in drawn(view)
    for event in (genre(1.0, None), genre(2.0, "jazz"), genre(3.0, "jazz"), genre(65.0, "rock", jazz=0.25)):
        view.add(event)
    text = drawn(view)
    lines = text.splitlines()
    jazz, rock = (next(line for line in lines if f" {label}  " in line and "%" in line) for label in ("jazz", "rock"))
    assert (jazz.count("█"), rock.count("█")) == (8, 24)
    assert "25%" in jazz and "75%" in rock
    history = [line.split("│")[1].split() for line in lines if ":" in line and "│" in line]
    assert history == [["0:01", "unsure"], ["0:02", "jazz"], ["1:05", "rock"]]


def test_no_music_hides_the_bars() -> None:
    view = LiveView("mic")
    view.add(genre(1.0, None, music=False))
    text = drawn(view)
    assert "no music" in text and "%" not in text


def test_the_meter_follows_the_level_and_holds_the_peak() -> None:
    view = LiveView("mic")
    for rms_db, filled in ((-60.0, 0), (-30.0, METER_WIDTH // 2), (0.0, METER_WIDTH), (12.0, METER_WIDTH), (-120.0, 0)):
        view.add({"type": "levels", "time_s": 1.0, "rms_db": rms_db, "peak_db": rms_db})
        assert drawn(view).count("█") == filled
    assert "┃" in drawn(view)  # the peak falls slowly


def test_state_and_errors_are_shown() -> None:
    view = LiveView("[mic]")
    view.add({"type": "stats", "latency_ms": {"p50": 1.0, "p99": 12.4}, "dropped_samples": 960, "deadline_misses": 2})
    view.add({"type": "error", "code": "plugin_raised", "message": "genre [broke]"})
    text = drawn(view)
    assert "latency 12 ms" in text and "dropped 960" in text and "late 2" in text
    assert "genre [broke]" in text and "[mic]" in text


def test_stats_without_latency_are_shown() -> None:
    view = LiveView("mic")
    view.add({"type": "stats", "latency_ms": {"p50": None, "p99": None}})
    assert "latency -" in drawn(view)


def test_the_clock() -> None:
    assert [clock(0.0), clock(59.9), clock(61.0), clock(3725.0)] == ["0:00", "0:59", "1:01", "1:02:05"]
