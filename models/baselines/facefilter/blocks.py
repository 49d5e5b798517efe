"""Paper 002, figure 3: the three blocks that its network is made of.

The picture of figure 3 does not come with the text, so this is the standard reading: a convolution or a linear layer,
batch normalisation, ReLU; a residual block is two such convolutions and what went in. The width of a kernel is not in
the text either: 5, as in [11] (Afouras et al., "The Conversation", 2018), which the paper says it follows.

Invariant: a block maps ``[B, C, 1, F]`` to ``[B, C', 1, F]``, F frames in and out. The 1 makes a picture of the frames:
pictures have a layout, channels last, in which a CPU multiplies a third faster than convolutions over time alone.
"""

from torch import Tensor, nn

KERNEL_FRAMES = 5


class ConvBlock(nn.Sequential):
    """Convolution over time, batch normalisation, ReLU.

    Args:
        num_inputs: Channels, C.
        num_outputs: Channels, C'.
    """

    def __init__(self, num_inputs: int, num_outputs: int) -> None:
        # Without a bias, which the normalisation would take away again.
        convolution = nn.Conv2d(
            num_inputs, num_outputs, (1, KERNEL_FRAMES), padding=(0, KERNEL_FRAMES // 2), bias=False
        )
        super().__init__(convolution, nn.BatchNorm2d(num_outputs), nn.ReLU())


class ResBlock(nn.Module):
    """Two ConvBlocks, added to what went into them.

    Args:
        num_channels: In and out, C.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvBlock(num_channels, num_channels), ConvBlock(num_channels, num_channels))

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


class FCBlock(nn.Sequential):
    """One linear layer for every frame, batch normalisation, ReLU; what has no time is one frame.

    Args:
        num_inputs: Channels, C.
        num_outputs: Channels, C'.
    """

    def __init__(self, num_inputs: int, num_outputs: int) -> None:
        super().__init__(nn.Conv2d(num_inputs, num_outputs, 1, bias=False), nn.BatchNorm2d(num_outputs), nn.ReLU())
