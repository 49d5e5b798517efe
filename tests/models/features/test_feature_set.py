import re

import pytest
import torch

import models.features
from models.features.feature_set import FeatureSet
from tests.models.features.notes import notes


@pytest.mark.parametrize(("hop", "num_lags"), [(512, 173), (1_920, 47)])
def test_the_package_says_what_it_gives(hop: int, num_lags: int) -> None:
    rows = re.findall(r"^(\w+) +(\d+|L) ", str(models.features.__doc__), re.MULTILINE)
    said = {name: num_lags if size == "L" else int(size) for name, size in rows}
    features = FeatureSet(hop_samples=hop)
    y, _ = features(torch.zeros(2, 2_048 + 3 * hop), features.init_state(2))
    assert {name: value.size(2) for name, value in y.items()} == said
    assert all(value.shape[:2] == (2, 4) for value in y.values())


@pytest.mark.parametrize(
    "x",
    [torch.zeros(1, 30_000), torch.ones(1, 30_000), torch.full((1, 30_000), 1e-40), torch.rand(1, 30_000) * 2 - 1],
    ids=["silence", "dc", "denormals", "full scale"],
)
def test_extremes_are_finite_and_so_is_music_after_them(x: torch.Tensor) -> None:
    features = FeatureSet()
    with torch.inference_mode():
        y, state = features(x, features.init_state(1))
        after, _ = features(torch.from_numpy(notes(0.5))[None], state)
    for part in (y, after):
        assert all(bool(value.isfinite().all()) for value in part.values())


def test_samples_not_yet_heard_change_nothing() -> None:
    features = FeatureSet()
    x = torch.from_numpy(notes(1.0))[None]
    with torch.inference_mode():
        shorter, _ = features(x, features.init_state(1))
        longer, _ = features(torch.cat((x, torch.randn(1, 8_000)), 1), features.init_state(1))
    for name, value in shorter.items():
        torch.testing.assert_close(longer[name][:, : value.size(1)], value, atol=1e-4, rtol=1e-4)
