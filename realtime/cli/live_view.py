"""The terminal view of ``tectum listen``: level meter, genre bars, history, and how the stream is doing.

Invariant: a pure function of the events added; rich draws it, at its own pace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

METER_FLOOR_DB = -60.0
METER_WIDTH = 48
BAR_WIDTH = 32
HISTORY_ROWS = 8
PEAK_FALL_DB = 1.5
"""How far the held peak falls with each reading, ten of which come in a second."""


class LiveView:
    """What is shown of one stream.

    Args:
        title: What is being heard.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._rms_db = self._peak_db = self._held_peak_db = METER_FLOOR_DB
        self._genre: Mapping[str, Any] | None = None
        self._stats: Mapping[str, Any] = {}
        self._time_s = 0.0
        self._history: deque[tuple[float, str]] = deque(maxlen=HISTORY_ROWS)
        self._notice = ""

    def add(self, event: Mapping[str, Any]) -> None:
        """Takes one event of the stream."""
        self._time_s = max(self._time_s, float(event.get("time_s", 0.0)))
        match event["type"]:
            case "levels":
                self._add_levels(event)
            case "stats":
                self._stats = event
            case "error":
                self._notice = str(event["message"])
            case _ if "top" in event:
                self._add_tags(event)

    def _add_levels(self, event: Mapping[str, Any]) -> None:
        self._rms_db, self._peak_db = float(event["rms_db"]), float(event["peak_db"])
        self._held_peak_db = max(self._peak_db, self._held_peak_db - PEAK_FALL_DB)

    def _add_tags(self, event: Mapping[str, Any]) -> None:
        self._genre = event
        label = event["label"] or ("unsure" if event.get("music", True) else "no music")
        if not self._history or self._history[-1][1] != label:
            self._history.append((float(event["time_s"]), label))

    def __rich__(self) -> RenderableType:
        parts: list[RenderableType] = [
            self._meter(),
            Text(),
            self._bars(),
            Text(),
            self._timeline(),
            Text(),
            self._state(),
        ]
        if self._notice:
            parts.append(Text(self._notice, style="red"))
        return Panel(Group(*parts), title=Text(self._title, style="bold"), subtitle=clock(self._time_s), width=72)

    def _meter(self) -> Text:
        filled, held = (self._column(level) for level in (self._rms_db, self._held_peak_db))
        text = Text("level  ")
        for column in range(METER_WIDTH):
            loud = METER_FLOOR_DB * (1 - column / METER_WIDTH)
            color = "red" if loud > -6 else "yellow" if loud > -18 else "green"
            mark = "┃" if column == held - 1 and held > filled else "█" if column < filled else "·"
            text.append(mark, style="dim" if mark == "·" else color)
        return text.append(f" {self._rms_db:6.1f} dB")

    def _column(self, level_db: float) -> int:
        share = 1 - min(max(level_db, METER_FLOOR_DB), 0.0) / METER_FLOOR_DB
        return round(share * METER_WIDTH)

    def _bars(self) -> RenderableType:
        if self._genre is None:
            return Text("listening ...", style="dim")
        if not self._genre.get("music", True):
            return Text("no music", style="dim")
        table = Table.grid(padding=(0, 1))
        for entry in self._genre["top"]:
            chosen = entry["label"] == self._genre["label"]
            bar = "█" * round(entry["p"] * BAR_WIDTH)
            style = "bold cyan" if chosen else ""
            table.add_row(
                Text(f"{entry['label']:<12}", style=style),
                Text(f"{bar:<{BAR_WIDTH}}", style=style or "blue"),
                Text(f"{entry['p']:4.0%}", style=style),
            )
        return table

    def _timeline(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for index, (start_s, label) in enumerate(self._history):
            style = "bold" if index == len(self._history) - 1 else "dim"
            table.add_row(Text(clock(start_s), style=style), Text(label, style=style))
        return table

    def _state(self) -> Text:
        latency = self._stats.get("latency_ms") or {}
        p99 = latency.get("p99")
        return Text(
            f"latency {'-' if p99 is None else f'{p99:.0f} ms'} (p99)   "
            f"dropped {self._stats.get('dropped_samples', 0)} samples   "
            f"late {self._stats.get('deadline_misses', 0)}",
            style="dim",
        )


def clock(seconds: float) -> str:
    """Returns seconds as ``m:ss``, or ``h:mm:ss``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
