import pytest
import torch
from torch import nn

from models.rounding import round_weights


def test_weights_are_as_near_as_float16_can_be() -> None:
    torch.manual_seed(0)
    net = nn.Linear(64, 64)
    before = net.weight.detach().clone()
    round_weights(net)
    assert net.weight.dtype == torch.float32
    assert torch.equal(net.weight.half().float(), net.weight) and not torch.equal(net.weight, before)
    assert bool(((net.weight - before).abs() <= before.abs() / 2048 + 3e-8).all())


def test_a_weight_beyond_float16_is_refused() -> None:
    net = nn.Linear(2, 2)
    with torch.no_grad():
        net.weight[0, 0] = 1e5
    with pytest.raises(ValueError, match=r"got 100000.0 in weight"):
        round_weights(net)
