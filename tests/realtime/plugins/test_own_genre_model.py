"""A genre model of somebody's own, from its folder through the engine to the events."""

import json
from pathlib import Path

import pytest
import torch

from realtime.artifacts import models_from
from realtime.engine import Engine, EngineSettings
from realtime.errors import ArtifactError
from realtime.plugins.genre import GenreParams, GenrePlugin
from realtime.testing import check_plugin
from tests.realtime.own_model import LABELS, tone, write_own_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_own_model(tmp_path_factory.mktemp("models"))


def new_plugin(folder: Path) -> GenrePlugin:
    with models_from(folder):
        return GenrePlugin(CPU)


@torch.inference_mode()
def events_of(plugin: GenrePlugin, audio: torch.Tensor, params: GenreParams) -> list[dict]:
    state, events = plugin.init_state(1), []
    for chunk in audio.unfold(0, plugin.spec.chunk_samples, plugin.spec.hop_samples):
        result, state = plugin.step(chunk[None, None], [params], state, torch.tensor([True]))
        events += [event for event in result.events if event]
    return events


@pytest.mark.parametrize("label", LABELS)
def test_it_names_its_own_labels(folder: Path, label: str) -> None:
    *_, event = events_of(new_plugin(folder), tone(label, 6.0), GenreParams())
    assert (event["label"], event["music"]) == (label, True)
    assert event["confidence"] > 0.8


def test_top_holds_at_most_the_labels_there_are(folder: Path) -> None:
    *_, event = events_of(new_plugin(folder), tone("low", 2.0), GenreParams(top=100))
    assert sorted(entry["label"] for entry in event["top"]) == sorted(LABELS)


def test_the_plugin_keeps_its_contract_with_it(folder: Path) -> None:
    check_plugin(new_plugin(folder))


async def test_an_engine_takes_it_from_the_folder_it_was_given(folder: Path) -> None:
    async with Engine(EngineSettings("cpu", models=folder), ("genre",)) as engine:
        assert engine.batchers["genre"].plugin._labels == LABELS


async def test_an_engine_does_not_start_on_a_folder_without_models(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        async with Engine(EngineSettings("cpu", models=tmp_path), ("genre",)):
            pytest.fail("it must not start")


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ({"sample_rate": 16_000}, r"expected .*22050, 1, 2048, 1920.*got .*16000"),
        ({"labels": ["one", "two"]}, "expected the 2 labels of the card, got 3"),
        ({"labels": ["one"]}, "expected 2 to 500 labels, got 1"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, card: dict, says: str) -> None:
    write_own_model(tmp_path, **card)
    with pytest.raises(ArtifactError, match=says):
        new_plugin(tmp_path)


def test_another_contract_is_refused(tmp_path: Path) -> None:
    path = write_own_model(tmp_path) / "genre.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "contract": "tectum.artifact/2"}))
    with pytest.raises(ArtifactError, match=r"expected contract tectum\.artifact/1 .*got 'tectum\.artifact/2'"):
        new_plugin(tmp_path)
