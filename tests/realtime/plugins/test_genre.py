from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from pydantic import ValidationError

from models.verdict import CONTROLS
from realtime.plugin import Event
from realtime.plugins import genre
from realtime.plugins.genre import GenreParams, GenrePlugin, GenreState

SPEC = GenrePlugin.spec
CLIPS = "gtzan_audio/clip30s"
COUNTERS = (3, 4)
"""Columns of the verdict's memory that go on in silence: since the last event, and what the network heard."""


@pytest.fixture(scope="module")
def plugin() -> GenrePlugin:
    torch.set_num_threads(1)
    return GenrePlugin(torch.device("cpu"))


@torch.inference_mode()
def run(
    plugin: GenrePlugin,
    audio: torch.Tensor,
    params: Sequence[GenreParams],
    state: GenreState | None = None,
    mask: torch.Tensor | None = None,
) -> tuple[list[list[Event]], GenreState]:
    """Feeds audio ``[B, T]`` chunk by chunk; returns the events of each row and the last state."""
    rows = len(audio)
    state = plugin.init_state(rows) if state is None else state
    mask = torch.ones(rows, dtype=torch.bool) if mask is None else mask
    events: list[list[Event]] = [[] for _ in range(rows)]
    for chunk in audio.unfold(1, SPEC.chunk_samples, SPEC.hop_samples).unbind(1):
        result, state = plugin.step(chunk.unsqueeze(1), params, state, mask)
        for row, event in enumerate(result.events):
            if event is not None:
                events[row].append(event)
    return events, state


def read(path: Path) -> torch.Tensor:
    """Decodes a recording to ``[1, T]`` at the plugin's rate."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(soxr.resample(samples.mean(axis=1), rate, SPEC.sample_rate, "HQ"))[None]


def noise(rows: int, seconds: float, seed: int = 0) -> torch.Tensor:
    """Noise of changing colour, so that states move."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(rows, int(seconds * SPEC.sample_rate), generator=generator) * 0.1
    return white + torch.sin(torch.arange(white.shape[1]) * torch.linspace(0.01, 0.2, white.shape[1])) * 0.2


def test_events_have_the_designed_fields(plugin: GenrePlugin) -> None:
    ((*_, event),), _ = run(plugin, noise(1, 3), [GenreParams(top=4)])
    assert list(event) == ["label", "confidence", "top", "music"]
    assert [set(entry) for entry in event["top"]] == [{"label", "p"}] * 4
    assert event["top"] == sorted(event["top"], key=lambda entry: -entry["p"])
    assert isinstance(event["music"], bool)


@pytest.mark.parametrize(("interval_s", "expected"), [(0.1, 100), (0.5, 20), (5.0, 2)])
def test_events_come_at_the_interval_asked_for(plugin: GenrePlugin, interval_s: float, expected: int) -> None:
    (events,), _ = run(plugin, noise(1, 10.2), [GenreParams(interval_s=interval_s)])
    assert abs(len(events) - expected) <= 1


def test_silence_is_not_music(plugin: GenrePlugin) -> None:
    (events,), _ = run(plugin, torch.zeros(1, SPEC.sample_rate * 5), [GenreParams()])
    assert events
    assert all(event["label"] is None and not event["music"] and event["confidence"] == 0 for event in events)


def test_after_silence_the_tagger_starts_afresh(plugin: GenrePlugin) -> None:
    quiet = torch.zeros(1, SPEC.sample_rate * 2)
    _, state = run(plugin, torch.cat((noise(1, 5), quiet), 1), [GenreParams()])
    fresh = plugin.init_state(1)
    assert not bool(state.net.any())
    averages = torch.tensor([column for column in range(fresh.memory.shape[1]) if column not in COUNTERS])
    torch.testing.assert_close(state.memory[:, averages], fresh.memory[:, averages])


def test_a_batch_gives_what_each_stream_gives_alone(plugin: GenrePlugin) -> None:
    audio = noise(4, 6)
    audio[3] = 0.0
    params = [GenreParams(), GenreParams(interval_s=1.0), GenreParams(smoothing_s=1.0, top=3), GenreParams()]
    together, states = run(plugin, audio, params)
    for row in range(4):
        alone, state = run(plugin, audio[row : row + 1], params[row : row + 1])
        for one, other in zip(together[row], alone[0], strict=True):
            assert (one["label"], one["music"]) == (other["label"], other["music"])
            ours, theirs = ({entry["label"]: entry["p"] for entry in event["top"]} for event in (one, other))
            assert ours == pytest.approx(theirs, abs=2e-4)
        for one, other in zip(states, state, strict=True):
            torch.testing.assert_close(one[row : row + 1], other, atol=1e-4, rtol=1e-4)


def test_a_masked_row_keeps_its_state_and_says_nothing(plugin: GenrePlugin) -> None:
    params = [GenreParams(interval_s=0.1)] * 3
    _, state = run(plugin, noise(3, 2), params)
    events, after = run(plugin, noise(3, 2, seed=1), params, state, torch.tensor([True, False, True]))
    assert [bool(row) for row in events] == [True, False, True]
    for before, now in zip(state, after, strict=True):
        assert torch.equal(before[1], now[1])
    assert not torch.equal(state.net[0], after.net[0])


def test_the_state_passed_in_is_not_changed(plugin: GenrePlugin) -> None:
    _, state = run(plugin, noise(2, 2), [GenreParams()] * 2)
    copies = [value.clone() for value in state]
    run(plugin, noise(2, 2, seed=1), [GenreParams()] * 2, state)
    assert all(torch.equal(value, copy) for value, copy in zip(state, copies, strict=True))


@pytest.mark.parametrize("level", [0.0, 1e-6, 1.0, 1e4])
def test_any_level_leaves_the_state_finite(plugin: GenrePlugin, level: float) -> None:
    events, state = run(plugin, noise(1, 20) * level, [GenreParams()])
    assert all(bool(torch.isfinite(value.float()).all()) for value in state)
    assert all(np.isfinite(entry["p"]) for event in events[0] for entry in event["top"])


@pytest.mark.parametrize(
    "bad", [{"interval_s": 0.0}, {"top": 0}, {"top": 101}, {"smoothing_s": float("nan")}, {"x": 1}]
)
def test_parameters_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        GenreParams(**bad)


def test_the_defaults_are_those_that_the_verdict_was_tuned_with() -> None:
    assert tuple(CONTROLS) == genre.CONTROLS
    assert {name: getattr(GenreParams(), name) for name in CONTROLS} == CONTROLS


def test_every_parameter_tells_a_person_what_it_is() -> None:
    for name, schema in GenreParams.model_json_schema()["properties"].items():
        assert {"title", "description", "default"} <= set(schema), name
        assert schema["type"] == "boolean" or {"minimum", "maximum"} <= set(schema), name


def test_an_embedding_comes_where_it_is_asked_for_and_has_length_1(plugin: GenrePlugin) -> None:
    (without, with_it), _ = run(plugin, noise(2, 3), [GenreParams(), GenreParams(embedding=True)])
    assert all("embedding" not in event for event in without)
    for event in with_it:
        assert list(event) == ["label", "confidence", "top", "music", "embedding"]
    for event in with_it[2:]:
        assert np.linalg.norm(event["embedding"]) == pytest.approx(1.0, abs=1e-3)
        assert all(value == round(value, 4) for value in event["embedding"])


def test_the_halves_of_a_clip_are_more_alike_than_clips_of_two_genres(plugin: GenrePlugin, shared_data: Path) -> None:
    clips = [read(path) for path in sorted((shared_data / CLIPS).glob("*.00002.opus"))]
    assert len(clips) == 10
    vectors = []
    for clip in clips:
        for half in clip.chunk(2, dim=1):
            (events,), _ = run(plugin, half, [GenreParams(embedding=True)])
            vectors.append(events[-1]["embedding"])
    likeness = np.array(vectors) @ np.array(vectors).T
    halves = [likeness[i, i + 1] for i in range(0, len(vectors), 2)]
    others = [likeness[i, j] for i in range(len(vectors)) for j in range(i) if i // 2 != j // 2]
    assert np.mean(halves) > np.mean(others) + 0.3
    assert np.median(halves) > np.quantile(others, 0.9)


def test_metal_is_heard_as_metal(plugin: GenrePlugin, shared_data: Path) -> None:
    (events,), _ = run(plugin, read(shared_data / CLIPS / "metal.00003.opus"), [GenreParams()])
    assert len(events) >= 29, "at least an event a second"
    assert (events[-1]["label"], events[-1]["music"]) == ("metal", True)


@pytest.mark.slow
def test_music_is_music_and_speech_is_not(plugin: GenrePlugin, shared_data: Path) -> None:
    """On every sixth GTZAN clip, and on as many utterances of speakers that may have been in training."""
    music = sorted((shared_data / CLIPS).glob("*.opus"))[::6]
    speech = sorted((shared_data / "librispeech").glob("*.opus"))[::15]
    verdicts = [
        [run(plugin, read(path), [GenreParams()])[0][0][-1]["music"] for path in paths] for paths in (music, speech)
    ]
    assert np.mean(verdicts[0]) > 0.9
    assert np.mean(verdicts[1]) < 0.2
