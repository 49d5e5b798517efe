"""The totals of a stream."""

from __future__ import annotations

from typing import Any

import pytest

from realtime.cli.summary import StreamTotals


def genre(label: str | None, jazz: float, music: bool = True) -> dict[str, Any]:
    top = [{"label": "jazz", "p": jazz}, {"label": "rock", "p": 1 - jazz}]
    return {"type": "genre", "label": label, "top": top, "music": music}


def test_the_label_has_the_greatest_mean_probability_where_there_was_music() -> None:
    totals = StreamTotals(("genre",))
    for event in (genre("rock", 0.4), genre("rock", 0.45), genre(None, 0.9), genre(None, 0.0, music=False)):
        totals.add(event)
    result = totals.to_json()["genre"]
    assert (result["label"], result["events"]) == ("jazz", 4)
    assert result["confidence"] == pytest.approx(1.75 / 3, abs=1e-4)
    assert [entry["label"] for entry in result["top"]] == ["jazz", "rock"]
    assert result["shown"] == {"rock": 0.5}


def test_without_music_there_is_no_label() -> None:
    totals = StreamTotals(("genre",))
    totals.add(genre(None, 0.9, music=False))
    assert totals.to_json()["genre"] == {"events": 1, "label": None, "confidence": None, "top": [], "shown": {}}


def test_a_plugin_that_said_nothing_is_there_and_others_events_are_just_counted() -> None:
    totals = StreamTotals(("gain", "facefilter"))
    totals.add({"type": "facefilter", "target_present": 0.9})
    totals.add({"type": "levels", "rms_db": -20.0})
    totals.add({"type": "stats"})
    totals.add({"type": "error", "code": "plugin_raised"})
    assert totals.to_json() == {"gain": {"events": 0}, "facefilter": {"events": 1}}
    assert totals.errors == 1
