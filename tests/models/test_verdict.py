import pytest
import torch
from torch import Tensor

from models.verdict import CONTROLS, SILENCE_S, Verdict

HOP_S = 0.1
NUM_LABELS = 10
QUIET_S, AVERAGED_S, MUSIC, SINCE_EVENT_S, HEARD_S, IS_MUSIC, LABEL, POSTERIOR = range(8)
VERDICT = torch.jit.script(Verdict(NUM_LABELS, HOP_S).eval())
DEFAULTS = {
    **CONTROLS,
    "smoothing_s": 2.0,
    "evidence_s": 1.5,
    "threshold": 0.4,
    "hysteresis": 0.1,
    "silence_db": -60.0,
}


def controls(**values: float) -> Tensor:
    """Returns one row of controls."""
    return torch.tensor([[{**DEFAULTS, **values}[name] for name in CONTROLS]])


class Stream:
    """One stream and what its listener asked for, fed with frames that a test makes up."""

    def __init__(self, **values: float) -> None:
        self.controls = controls(**values)
        self.memory = VERDICT.init_memory(1)
        self.heard_s = 0.0
        self.events = 0
        self.silent = True

    def hear(self, seconds: float, probs: dict[int, float] | None = None, music: float = 1.0, level: float = -20.0):
        """Hears frames of one kind; ``probs`` gives some labels' probabilities, the others share the rest."""
        probs = probs or {}
        rest = (1 - sum(probs.values())) / (NUM_LABELS - len(probs))
        row = torch.tensor([[probs.get(genre, rest) for genre in range(NUM_LABELS)]])
        logit = torch.logit(torch.tensor([music]), eps=1e-6)
        for _ in range(round(seconds / HOP_S)):
            self.heard_s += HOP_S
            heard_s = torch.tensor([self.heard_s])
            self.memory, (sounding,), (due,) = VERDICT(
                row.log(), logit, torch.tensor([level]), heard_s, self.controls, self.memory
            )
            self.events += due
            self.silent = not sounding

    def reset_network(self) -> None:
        """Makes the network begin again with the next frame."""
        self.heard_s = 0.0

    @property
    def label(self) -> int:
        return int(self.memory[0, LABEL])

    @property
    def is_music(self) -> bool:
        return bool(self.memory[0, IS_MUSIC])

    @property
    def posterior(self) -> Tensor:
        return self.memory[0, POSTERIOR:]


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
    assert int(stream.posterior.argmax()) == 4


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
    assert torch.allclose(stream.posterior, torch.tensor(1 / NUM_LABELS))
    assert float(stream.memory[0, AVERAGED_S]) == 0


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
    stream.controls = controls(interval_s=1.0)
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
    assert bool(torch.isfinite(stream.memory).all())
    assert float(stream.memory[0, AVERAGED_S]) <= 60.0 + HOP_S
    assert float(stream.posterior.sum()) == pytest.approx(1.0, abs=1e-3)


def test_what_a_network_says_before_it_heard_anything_counts_for_nothing() -> None:
    stream = Stream()
    for _ in range(5):
        stream.heard_s = -HOP_S
        stream.hear(HOP_S, {3: 0.9})
    assert (float(stream.memory[0, AVERAGED_S]), float(stream.memory[0, MUSIC])) == (0, 0)
    assert torch.allclose(stream.posterior, torch.tensor(1 / NUM_LABELS))


def test_when_the_network_begins_again_so_does_the_average() -> None:
    goes_on, begins_again = Stream(smoothing_s=20.0), Stream(smoothing_s=20.0)
    for stream in (goes_on, begins_again):
        stream.hear(20, {3: 0.9})
    begins_again.reset_network()
    for stream in (goes_on, begins_again):
        stream.hear(DEFAULTS["evidence_s"] + 2 * HOP_S, {4: 0.9})
    assert (goes_on.label, begins_again.label) == (3, 4)


def test_a_network_that_begins_again_in_the_same_music_changes_no_label() -> None:
    stream = Stream()
    stream.hear(10, {3: 0.9})
    stream.reset_network()
    for _ in range(30):
        stream.hear(HOP_S, {3: 0.9})
        assert stream.label == 3


def frames(rows: int, length: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Makes up what a network says of ``rows`` streams, with silences, speech and new beginnings."""
    generator = torch.Generator().manual_seed(0)
    log_probs = torch.log_softmax(torch.randn(rows, 1, NUM_LABELS, generator=generator) * 2, -1)
    wobble = torch.randn(rows, length, NUM_LABELS, generator=generator)
    music = torch.randn(rows, length // 20, generator=generator).repeat_interleave(20, 1) * 3 + 2
    level = torch.where(torch.rand(rows, length // 20, generator=generator) < 0.2, -80.0, -20.0)
    heard_s = (torch.arange(length) % 37 * HOP_S).expand(rows, length)
    return torch.log_softmax(log_probs + wobble, -1), music, level.repeat_interleave(20, 1), heard_s


def test_streams_do_not_touch_one_another() -> None:
    rows = torch.cat((controls(smoothing_s=1.0), controls(threshold=0.2), controls(interval_s=0.2)))
    said = frames(3, 200)
    together, memory = VERDICT.judge(*said, rows, VERDICT.init_memory(3))
    assert together[..., 1].unique().numel() > 3, "labels that never change would agree by accident"
    for i in range(3):
        alone, last = VERDICT.judge(*(part[i : i + 1] for part in said), rows[i : i + 1], VERDICT.init_memory(1))
        torch.testing.assert_close(together[i : i + 1], alone)
        torch.testing.assert_close(memory[i : i + 1], last)


def test_a_sequence_is_judged_like_its_frames() -> None:
    said, rows = frames(2, 60), controls().repeat(2, 1)
    reports, last = VERDICT.judge(*said, rows, VERDICT.init_memory(2))
    memory = VERDICT.init_memory(2)
    for frame in range(60):
        memory, _, _ = VERDICT(*(part[:, frame] for part in said), rows, memory)
        assert torch.equal(reports[:, frame], memory[:, IS_MUSIC:])
    assert torch.equal(last, memory)


def test_scripted_equals_eager() -> None:
    said, eager = frames(3, 100), Verdict(NUM_LABELS, HOP_S)
    rows = VERDICT.default_controls(3)
    assert torch.equal(rows, torch.tensor(list(CONTROLS.values())).expand(3, -1))
    for one, other in zip(
        VERDICT.judge(*said, rows, VERDICT.init_memory(3)), eager.judge(*said, rows, eager.init_memory(3)), strict=True
    ):
        torch.testing.assert_close(one, other)
