import hashlib
import json
from pathlib import Path

import pytest
import torch

from models.export import CONTRACT, ExportMismatch, export
from models.genre import GenreNet

CARD = {"name": "tagger", "chunk_samples": 2_048, "hop_samples": 1_920}


class Unfaithful(torch.nn.Module):
    """Gives other numbers once it has been scripted."""

    def init_state(self, batch_size: int) -> tuple[torch.Tensor]:
        return (torch.zeros(batch_size, 1),)

    def forward(self, x: torch.Tensor, state: tuple[torch.Tensor]) -> tuple[torch.Tensor, tuple[torch.Tensor]]:
        y = x.mean(1)
        if torch.jit.is_scripting():
            y = y + 0.01
        return y, state


Unfaithful.init_state = torch.jit.export(Unfaithful.init_state)


class Doubling(torch.nn.Module):
    """Has no state; what it gives when scripted is off by ``error``."""

    def __init__(self, error: float = 0.0) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = 2.0 * x
        return (y + self.error, y) if torch.jit.is_scripting() else (y, y)


class NotANumber(torch.nn.Module):
    """Gives the same when scripted, which is nothing."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 0.0


def test_the_manifest_and_the_card_name_the_file_that_was_written(net: GenreNet, tmp_path: Path) -> None:
    path = export(net, CARD, tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"tagger": digest}
    card = json.loads((tmp_path / "tagger.json").read_text())
    assert (card["sha256"], card["contract"]) == (digest, CONTRACT)


def test_other_models_stay_in_the_manifest(net: GenreNet, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"older": "00"}')
    export(net, CARD, tmp_path)
    assert sorted(json.loads((tmp_path / "manifest.json").read_text())) == ["older", "tagger"]


def test_a_file_that_differs_from_eager_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ExportMismatch, match=r"within 0\.0001 of eager, got 0\.0"):
        export(Unfaithful(), CARD, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_network_without_a_state_is_compared_on_an_example(tmp_path: Path) -> None:
    path = export(Doubling(), {"name": "double"}, tmp_path, torch.randn(2, 3))
    reloaded = torch.jit.load(path)
    torch.testing.assert_close(reloaded(torch.ones(1))[1], torch.tensor([2.0]))


@pytest.mark.parametrize(("net", "difference"), [(Doubling(0.01), r"0\.0"), (NotANumber(), "inf")])
def test_an_example_on_which_the_file_differs_from_eager_is_told(
    net: torch.nn.Module, difference: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportMismatch, match=rf"of eager, got {difference}"):
        export(net, {"name": "double"}, tmp_path, torch.ones(2, 3))
    assert list(tmp_path.iterdir()) == []
