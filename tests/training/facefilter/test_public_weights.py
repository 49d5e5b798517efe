import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from training.facefilter.public_weights import PublicWeightsError, read_tensors, scaled_conv, separable_conv

Save = Callable[[list[dict], bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a network called ``net`` as the package has it and returns the package's folder."""

    def write(entries: list[dict], content: bytes) -> Path:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "net-weights_manifest.json").write_text(json.dumps([{"weights": entries}]))
        (tmp_path / "model" / "net.bin").write_bytes(content)
        return tmp_path

    return write


ENTRIES = [
    {"name": "a", "shape": [2, 2], "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
    {"name": "b", "shape": [3]},
]
CONTENT = bytes([0, 2, 4, 255]) + np.array([1.5, -2.0, 3.0], "<f4").tobytes()


def test_bytes_are_scaled_and_floats_are_not(save: Save) -> None:
    tensors = read_tensors(save(ENTRIES, CONTENT), "net")
    torch.testing.assert_close(tensors["a"], torch.tensor([[-1.0, 0.0], [1.0, 126.5]]))
    torch.testing.assert_close(tensors["b"], torch.tensor([1.5, -2.0, 3.0]))


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\0"])
def test_a_file_of_another_length_is_refused(save: Save, content: bytes) -> None:
    with pytest.raises(PublicWeightsError, match=rf"expected 16 bytes in net\.bin, got {len(content)}"):
        read_tensors(save(ENTRIES, content), "net")


def test_a_missing_package_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(PublicWeightsError, match=r"npm pack @vladmandic/face-api"):
        read_tensors(tmp_path, "net")


def test_a_scaled_convolution_is_one_convolution() -> None:
    filters, bias, scale, shift = torch.randn(3, 3, 4, 6), torch.randn(6), torch.randn(6), torch.randn(6)
    tensors = {"p/conv/filters": filters, "p/conv/bias": bias, "p/scale/weights": scale, "p/scale/biases": shift}
    conv = nn.Conv2d(4, 6, 3)
    conv.load_state_dict({name.removeprefix("x."): value for name, value in scaled_conv(tensors, "p", "x").items()})
    x = torch.randn(1, 4, 3, 3)
    product = torch.einsum("cyx,yxco->o", x[0], filters) + bias
    torch.testing.assert_close(conv(x).flatten(), product * scale + shift, atol=1e-5, rtol=1e-5)


def test_a_separable_convolution_keeps_its_channels() -> None:
    depthwise, pointwise, bias = torch.randn(3, 3, 4, 1), torch.randn(1, 1, 4, 6), torch.randn(6)
    tensors = {"p/depthwise_filter": depthwise, "p/pointwise_filter": pointwise, "p/bias": bias}
    weights = separable_conv(tensors, "p", "x")
    assert weights["x.depthwise.weight"].shape == (4, 1, 3, 3)
    assert weights["x.depthwise.weight"][2, 0, 1, 0] == depthwise[1, 0, 2, 0]
    assert weights["x.pointwise.weight"][5, 3, 0, 0] == pointwise[0, 0, 3, 5]
    assert weights["x.pointwise.bias"] is bias
