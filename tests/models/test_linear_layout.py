import io

import torch
from torch import nn

from models.linear_layout import lay_out


def test_weights_are_next_to_each_other_by_input_and_a_written_module_keeps_that() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    x = torch.randn(4, 5)
    with torch.inference_mode():
        expected = net(x)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    lay_out(net)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(net), buffer)
    buffer.seek(0)
    reloaded = torch.jit.load(buffer)
    assert [weight.stride() for name, weight in reloaded.named_parameters() if "weight" in name] == [(1, 3), (1, 2)]
    for name, value in reloaded.state_dict().items():
        assert torch.equal(value, before[name])
    with torch.inference_mode():
        torch.testing.assert_close(reloaded(x), expected, atol=1e-6, rtol=1e-6)
