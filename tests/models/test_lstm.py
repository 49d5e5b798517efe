import pytest
import torch
from torch import nn

from models.lstm import StreamingLSTM


@pytest.fixture
def layer() -> StreamingLSTM:
    torch.manual_seed(0)
    return StreamingLSTM(5, 7)


def states(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 7), torch.randn(batch, 7)


def test_a_sequence_is_what_torch_computes(layer: StreamingLSTM) -> None:
    reference = nn.LSTM(5, 7, batch_first=True)
    with torch.no_grad():
        reference.weight_ih_l0.copy_(layer.weight[:, :5])
        reference.weight_hh_l0.copy_(layer.weight[:, 5:])
        reference.bias_ih_l0.copy_(layer.bias)
        reference.bias_hh_l0.zero_()
    x, (h, c) = torch.randn(3, 11, 5), states(3)
    expected, (last_h, last_c) = reference(x, (h[None], c[None]))
    for got, want in zip(layer(x, h, c), (expected, last_h[0], last_c[0]), strict=True):
        torch.testing.assert_close(got, want)


def test_steps_equal_the_sequence(layer: StreamingLSTM) -> None:
    x, (h, c) = torch.randn(3, 11, 5), states(3)
    expected, last_h, last_c = layer(x, h, c)
    outputs = []
    for frame in range(11):
        y, h, c = layer(x[:, frame : frame + 1], h, c)
        outputs.append(y)
    for got, want in ((torch.cat(outputs, 1), expected), (h, last_h), (c, last_c)):
        torch.testing.assert_close(got, want, atol=1e-6, rtol=0)


def test_both_paths_teach_the_same_weight(layer: StreamingLSTM) -> None:
    x, (h, c) = torch.randn(2, 4, 5), states(2)
    layer.scan(x, h, c)[0].square().sum().backward()
    by_sequence = [parameter.grad.clone() for parameter in layer.parameters()]
    layer.zero_grad()
    loss = torch.zeros(())
    for frame in range(4):
        h, c = layer.step(x[:, frame], h, c)
        loss = loss + h.square().sum()
    loss.backward()
    for parameter, expected in zip(layer.parameters(), by_sequence, strict=True):
        torch.testing.assert_close(parameter.grad, expected, atol=1e-5, rtol=1e-4)
