from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.genre import GenreNet
from models.music_statistics import NUM_STATISTICS
from training.genre.corpus import Corpus
from training.genre.music import MusicSettings, fit_music
from training.genre.readings import STEPS
from training.genre.streams import Streams

SETTINGS = MusicSettings(epochs=3, batch=64, rate=5e-3)
TICKS = {"train": 1_600, "valid": 800}


def make(part: str, count: int, seed: int) -> Streams:
    """Makes up ticks: music is high in a quarter of the statistics."""
    generator = torch.Generator().manual_seed(seed)
    is_music = torch.randint(-1, 2, (TICKS[part],), generator=generator).float()
    last = 1.2 * torch.randn(TICKS[part], NUM_STATISTICS, generator=generator)
    last[:, -NUM_STATISTICS // 4 :] += 2.0 * is_music.clamp_min(0.0).unsqueeze(1)
    return Streams((last * STEPS).round().clamp(-127, 127).to(torch.int8), is_music)


@pytest.fixture
def net(gtzan: Corpus) -> GenreNet:
    torch.manual_seed(0)
    return gtzan.new_net().eval()


def test_music_is_learned_and_the_figures_are_of_the_valid_streams(net: GenreNet, tmp_path: Path) -> None:
    figures = fit_music(net, make, SETTINGS, tmp_path / "music.pt")
    valid = make("valid", 0, 1)
    with torch.inference_mode():
        music = net.music_logit(valid.draw(torch.arange(TICKS["valid"]))) > 0.0
    missed, false = (~music[valid.is_music == 1.0]).float().mean(), music[valid.is_music == 0.0].float().mean()
    assert figures == pytest.approx({"missed_music": float(missed), "false_music": float(false)})
    assert max(figures.values()) < 0.1


def test_a_rarer_answer_weighs_as_much(net: GenreNet, tmp_path: Path) -> None:
    """Of ticks that are all alike one in eleven is not music: the odds are even, where plain means give 10 to 1."""

    def all_alike(part: str, count: int, seed: int) -> Streams:
        streams = make(part, count, seed)
        rest = (streams.is_music == 0.0).nonzero().squeeze(1)
        streams.is_music[rest[: len(rest) * 9 // 10]] = -1.0
        return replace(streams, last=torch.ones_like(streams.last))

    fit_music(net, all_alike, SETTINGS, tmp_path / "music.pt")
    with torch.inference_mode():
        assert abs(float(net.music_logit(torch.full((1, NUM_STATISTICS), 1.0 / STEPS)))) < 0.7


def test_what_is_finished_is_read_back(net: GenreNet, gtzan: Corpus, tmp_path: Path) -> None:
    def forbidden(part: str, count: int, seed: int) -> Streams:
        raise AssertionError("there is nothing to learn from")

    figures = fit_music(net, make, replace(SETTINGS, epochs=1), tmp_path / "music.pt")
    other = gtzan.new_net().eval()
    assert fit_music(other, forbidden, SETTINGS, tmp_path / "music.pt") == figures
    for name, value in net.music.state_dict().items():
        assert torch.equal(value, other.music.state_dict()[name]), name
