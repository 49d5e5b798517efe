"""Depthwise separable convolution: a filter a channel, then a product across channels (Chollet, 2017)."""

from torch import Tensor, nn


class SeparableConv(nn.Module):
    """A 3 x 3 filter for each channel, then a matrix across channels with a bias.

    Nine and ``channels_out`` products for each input value, where a full convolution takes nine times ``channels_out``.

    Args:
        channels_in: Channels of the input.
        channels_out: Channels of the output.
        stride: Steps of the filter.
        padding: Zeros on each border; with 1 and a stride of 1, the size stays.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels_in, channels_in, 3, stride, padding, groups=channels_in, bias=False)
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, channels_in, H, W]`` to ``[B, channels_out, H', W']``."""
        y: Tensor = self.pointwise(self.depthwise(x))
        return y
