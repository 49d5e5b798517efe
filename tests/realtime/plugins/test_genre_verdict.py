import pytest
import torch

from realtime.plugins.genre_verdict import NUM_GENRES, SILENCE_S, Controls, Memory, judge, new_memory

HOP_S = 0.1
CPU = torch.device("cpu")
DEFAULTS = {
    "interval_s": 0.5,
    "smoothing_s": 2.0,
    "threshold": 0.4,
    "hysteresis": 0.1,
    "music_threshold": 0.5,
    "silence_db": -60.0,
}


class Stream:
    """One stream and what its listener asked for, fed with frames that a test makes up."""

    def __init__(self, **controls: float) -> None:
        self.controls = Controls(**{k: torch.tensor([v]) for k, v in {**DEFAULTS, **controls}.items()})
        self.memory: Memory = new_memory(1, CPU)
        self.events = 0
        self.silent = True

    def hear(self, seconds: float, probs: dict[int, float] | None = None, music: float = 1.0, level: float = -20.0):
        """Hears frames of one kind; ``probs`` gives some genres' probabilities, the others share the rest."""
        probs = probs or {}
        rest = (1 - sum(probs.values())) / (NUM_GENRES - len(probs))
        row = torch.tensor([[probs.get(genre, rest) for genre in range(NUM_GENRES)]])
        for _ in range(round(seconds / HOP_S)):
            self.memory, silent, due = judge(
                row, torch.tensor([music]), torch.tensor([level]), HOP_S, self.controls, self.memory
            )
            self.events += int(due)
            self.silent = bool(silent)

    @property
    def label(self) -> int:
        return int(self.memory.label)

    @property
    def is_music(self) -> bool:
        return bool(self.memory.is_music)


def test_a_genre_is_named_once_enough_music_was_heard() -> None:
    stream = Stream(smoothing_s=6.0)
    stream.hear(1.4, {3: 0.8})
    assert (stream.label, stream.is_music) == (-1, True)
    stream.hear(1.0, {3: 0.8})
    assert stream.label == 3


def test_the_shortest_memory_can_name_a_genre_too() -> None:
    stream = Stream(smoothing_s=0.5)
    stream.hear(3, {3: 0.8})
    assert stream.label == 3


def test_no_genre_is_named_below_the_threshold() -> None:
    stream = Stream(threshold=0.5)
    stream.hear(10, {3: 0.45})
    assert (stream.label, stream.is_music) == (-1, True)


def test_a_small_lead_does_not_replace_the_genre_named() -> None:
    stream = Stream()
    stream.hear(5, {3: 0.5, 4: 0.3})
    stream.hear(30, {3: 0.42, 4: 0.5})
    assert stream.label == 3
    assert int(stream.memory.posterior.argmax()) == 4


def test_a_clear_lead_replaces_it() -> None:
    stream = Stream()
    stream.hear(5, {3: 0.5, 4: 0.3})
    stream.hear(30, {3: 0.35, 4: 0.5})
    assert stream.label == 4


def test_a_genre_is_dropped_only_well_below_the_threshold() -> None:
    stream = Stream()
    stream.hear(5, {3: 0.6})
    stream.hear(30, {3: 0.35})
    assert stream.label == 3
    stream.hear(30, {3: 0.25})
    assert stream.label == -1


def test_a_shorter_memory_follows_sooner() -> None:
    short, long = Stream(smoothing_s=1.0), Stream(smoothing_s=20.0)
    for stream in (short, long):
        stream.hear(20, {3: 0.9})
        stream.hear(4, {4: 0.9})
    assert (short.label, long.label) == (4, 3)


def test_speech_is_no_music_and_has_no_genre() -> None:
    stream = Stream()
    stream.hear(10, {3: 0.9}, music=0.05)
    assert (stream.label, stream.is_music) == (-1, False)


def test_the_music_verdict_has_hysteresis() -> None:
    stream = Stream()
    stream.hear(10, {3: 0.9}, music=0.55)
    assert not stream.is_music
    stream.hear(10, {3: 0.9}, music=0.9)
    stream.hear(10, {3: 0.9}, music=0.45)
    assert stream.is_music
    stream.hear(10, {3: 0.9}, music=0.35)
    assert not stream.is_music


def test_silence_after_music_forgets_it() -> None:
    stream = Stream()
    stream.hear(10, {3: 0.9})
    stream.hear(SILENCE_S / 2, {3: 0.9}, level=-90.0)
    assert (stream.silent, stream.is_music) == (False, True)
    stream.hear(SILENCE_S, {3: 0.9}, level=-90.0)
    assert (stream.silent, stream.is_music, stream.label) == (True, False, -1)
    assert torch.allclose(stream.memory.posterior, torch.tensor(1 / NUM_GENRES))
    assert float(stream.memory.heard_s) == 0


def test_silence_from_the_start_is_silence() -> None:
    stream = Stream()
    stream.hear(0.1, level=-90.0)
    assert (stream.silent, stream.is_music) == (True, False)


@pytest.mark.parametrize("interval_s", [0.1, 0.3, 0.5, 2.0])
def test_events_keep_the_interval_on_average(interval_s: float) -> None:
    stream = Stream(interval_s=interval_s)
    stream.hear(60)
    assert stream.events == pytest.approx(60 / interval_s, abs=1)


def test_a_long_interval_that_becomes_short_makes_no_burst() -> None:
    stream = Stream(interval_s=10.0)
    stream.hear(9)
    stream.controls = stream.controls._replace(interval_s=torch.tensor([1.0]))
    stream.hear(2)
    assert stream.events <= 3


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_extreme_music_thresholds_still_decide(threshold: float) -> None:
    stream = Stream(music_threshold=threshold)
    stream.hear(30, music=1.0)
    assert stream.is_music


def test_memory_stays_bounded_however_long_the_stream() -> None:
    stream = Stream(smoothing_s=60.0)
    stream.hear(600, {3: 0.9})
    assert all(bool(torch.isfinite(value.float()).all()) for value in stream.memory)
    assert float(stream.memory.heard_s) <= 60.0 + HOP_S
    assert float(stream.memory.posterior.sum()) == pytest.approx(1.0, abs=1e-3)


def test_streams_do_not_touch_one_another() -> None:
    rows = [Stream(smoothing_s=1.0), Stream(threshold=0.9), Stream(interval_s=0.2)]
    controls = Controls(*(torch.cat(values) for values in zip(*(row.controls for row in rows), strict=True)))
    memory = new_memory(3, CPU)
    probs = torch.softmax(torch.randn(40, 3, NUM_GENRES, generator=torch.Generator().manual_seed(0)), -1)
    music, level = torch.tensor([0.9, 0.2, 0.7]), torch.tensor([-20.0, -30.0, -70.0])
    for frame in probs:
        memory, _, _ = judge(frame, music, level, HOP_S, controls, memory)
        for i, row in enumerate(rows):
            row.memory, _, _ = judge(
                frame[i : i + 1], music[i : i + 1], level[i : i + 1], HOP_S, row.controls, row.memory
            )
    for together, *alone in zip(memory, *(row.memory for row in rows), strict=True):
        torch.testing.assert_close(together, torch.cat(alone))
