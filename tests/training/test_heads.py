from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.genre import GenreNet
from models.music_statistics import NUM_STATISTICS
from training.genre.corpus import Corpus
from training.genre.heads import HeadSettings, fit_heads, measure_heads
from training.genre.readings import STEPS
from training.genre.streams import Streams

SETTINGS = HeadSettings(epochs=3, batch=64, rate=5e-3, false_changes=0.05)
TICKS = {"train": 1_600, "valid": 800}


def make(part: str, count: int, seed: int) -> Streams:
    """Makes up ticks: music is high in a quarter of the statistics, and a change moves half of them. Some are noisy."""
    generator = torch.Generator().manual_seed(seed)
    ticks = TICKS[part]
    older = torch.randn(ticks, NUM_STATISTICS, generator=generator)
    is_music, changed = (torch.randint(-1, 2, (ticks,), generator=generator).float() for _ in range(2))
    moved = 0.5 + torch.rand(ticks, 1, generator=generator)
    passage = older + 0.5 * torch.randn(ticks, NUM_STATISTICS, generator=generator)
    passage[:, : NUM_STATISTICS // 2] += moved * (changed == 1.0).float().unsqueeze(1)
    passage[:, -NUM_STATISTICS // 4 :] += 2.0 * is_music.clamp_min(0.0).unsqueeze(1)
    passage, older = ((part * STEPS).round().clamp(-127, 127).to(torch.int8) for part in (passage, older))
    return Streams(passage, older, is_music, changed)


@pytest.fixture
def net(gtzan: Corpus) -> GenreNet:
    torch.manual_seed(0)
    return gtzan.new_net().eval()


def false_changes(net: GenreNet, streams: Streams) -> float:
    with torch.inference_mode():
        logits = net.change_logit_of(*streams.draw((streams.changed == 0.0).nonzero().squeeze(1)))
    return float((logits > 0.0).float().mean())


def test_both_are_learned_and_the_figures_are_theirs(net: GenreNet, tmp_path: Path) -> None:
    figures = fit_heads(net, make, SETTINGS, tmp_path / "heads.pt")
    assert set(figures) == {"missed_music", "false_music", "missed_changes", "false_changes"}
    assert figures["missed_music"] < 0.1 and figures["false_music"] < 0.1
    assert figures["missed_changes"] < 0.2
    assert measure_heads(net, make("valid", 0, 1)) == pytest.approx(figures)
    unseen = measure_heads(net, make("valid", 0, 2))
    assert max(unseen.values()) < 0.2


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_the_threshold_gives_the_share_of_false_changes_that_was_asked_for(
    net: GenreNet, tmp_path: Path, share: float
) -> None:
    figures = fit_heads(net, make, replace(SETTINGS, epochs=1, false_changes=share), tmp_path / "heads.pt")
    valid = make("valid", 0, 1)
    one_tick = 1.0 / float((valid.changed == 0.0).sum())
    assert figures["false_changes"] == pytest.approx(share, abs=1.5 * one_tick)
    assert false_changes(net, valid) == pytest.approx(share, abs=1.5 * one_tick)


def test_a_rarer_answer_weighs_as_much(net: GenreNet, tmp_path: Path) -> None:
    """One tick in eleven is not music: after one pass a loss of plain means calls half of them music."""

    def mostly_music(part: str, count: int, seed: int) -> Streams:
        streams = make(part, count, seed)
        rest = (streams.is_music == 0.0).nonzero().squeeze(1)
        streams.is_music[rest[: len(rest) * 9 // 10]] = -1.0
        return streams

    figures = fit_heads(net, mostly_music, replace(SETTINGS, epochs=1), tmp_path / "heads.pt")
    assert figures["false_music"] < 0.3


def test_what_is_finished_is_read_back(net: GenreNet, gtzan: Corpus, tmp_path: Path) -> None:
    def forbidden(part: str, count: int, seed: int) -> Streams:
        raise AssertionError("there is nothing to learn from")

    figures = fit_heads(net, make, replace(SETTINGS, epochs=1), tmp_path / "heads.pt")
    other = gtzan.new_net().eval()
    assert fit_heads(other, forbidden, SETTINGS, tmp_path / "heads.pt") == figures
    for one, same in ((net.music, other.music), (net.change, other.change)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, same.state_dict()[name]), name


def test_where_all_is_music_there_is_nothing_to_learn(net: GenreNet, tmp_path: Path) -> None:
    def music(part: str, count: int, seed: int) -> Streams:
        streams = make(part, count, seed)
        return replace(streams, is_music=torch.ones_like(streams.is_music))

    before = [value.clone() for value in net.music.parameters()]
    fit_heads(net, music, replace(SETTINGS, epochs=1), tmp_path / "heads.pt")
    assert all(torch.equal(a, b) for a, b in zip(before, net.music.parameters(), strict=True))
