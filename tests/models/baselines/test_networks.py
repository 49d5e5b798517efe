from collections.abc import Callable

import pytest
import torch

from models.baselines.cnn import MfccCnn
from models.baselines.crnn import MelCrnn
from models.baselines.front import SegmentNet
from models.baselines.lstm import MfccLstm
from models.baselines.lstm64 import MfccLstm64
from models.baselines.mlp import MfccMlp

NETWORKS = {
    "lstm": (lambda: MfccLstm(10), 11),
    "mlp": (lambda: MfccMlp(10, 34), 34),
    "lstm64": (lambda: MfccLstm64(10), 34),
    "cnn": (lambda: MfccCnn(10, 34), 34),
    "crnn": (lambda: MelCrnn(10), 48),
}

networks = pytest.mark.parametrize(("build", "num_frames"), NETWORKS.values(), ids=NETWORKS)
Build = Callable[[], SegmentNet]


def segments(count: int, num_frames: int) -> torch.Tensor:
    return torch.empty(count, num_frames, 128).uniform_(-70.0, 0.0, generator=torch.Generator().manual_seed(0))


@networks
def test_probabilities_sum_to_one(build: Build, num_frames: int) -> None:
    log_probs = build().eval()(segments(3, num_frames))
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(3))
    assert log_probs.shape == (3, 10)


@networks
def test_a_segment_is_named_the_same_alone_and_among_others(build: Build, num_frames: int) -> None:
    net, x = build().eval(), segments(3, num_frames)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), atol=1e-5, rtol=0)


@networks
def test_every_weight_learns(build: Build, num_frames: int) -> None:
    torch.manual_seed(0)
    net, x = build(), segments(8, num_frames)
    net.front.measure(x)
    net(x)[torch.arange(8), torch.arange(8)].sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in net.parameters())


@networks
def test_the_end_of_the_segment_counts(build: Build, num_frames: int) -> None:
    net, x = build().eval(), segments(1, num_frames)
    other = x.clone()
    # The last frames that the CRNN's pooling does not cut off.
    other[:, -2:] -= 20.0
    net.front.measure(x)
    assert not torch.allclose(net(x), net(other), atol=1e-6)


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        # LSTM: 4 (inputs + units + two biases) units. 10 outputs.
        (MfccLstm(10), 4 * (13 + 128 + 2) * 128 + 4 * (128 + 32 + 2) * 32 + 33 * 10),
        (MfccMlp(10, 34), (34 * 13 + 1) * 512 + 513 * 256 + 257 * 128 + 129 * 10),
        (MfccLstm64(10), 4 * (13 + 64 + 2) * 64 + 4 * (64 + 64 + 2) * 64 + 65 * 64 + 65 * 10),
        # Pools of 3 leave 34 x 13 as 12 x 5, 4 x 2, 2 x 1; batch normalisation has 2 a filter.
        (MfccCnn(10, 34), 10 * 32 + (9 * 32 + 1) * 32 + (4 * 32 + 1) * 32 + 3 * 64 + 65 * 64 + 65 * 10),
    ],
    ids=["lstm", "mlp", "lstm64", "cnn"],
)
def test_layers_have_the_sizes_of_the_paper(net: SegmentNet, expected: int) -> None:
    assert sum(parameter.numel() for parameter in net.parameters()) == expected


def test_the_crnn_leaves_one_band_and_a_step_of_two_seconds() -> None:
    net = MelCrnn(10).eval()
    pictures = net.convolutions(torch.zeros(2, 1, 96, 344))
    assert pictures.shape == (2, 128, 1, 14)


def test_the_crnn_pools_before_elu_what_the_paper_pools_after() -> None:
    net = MelCrnn(10).eval()
    convolution, norm, pool, elu = net.convolutions[:4]
    picture = torch.randn(1, 1, 96, 24, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net.convolutions[:4](picture), pool(elu(norm(convolution(picture)))))
