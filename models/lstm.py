"""An LSTM layer whose state goes in and comes out.

Invariant: one weight serves both paths. A single frame takes one fused matrix product (serving); a sequence takes
torch's own LSTM kernel over slices of the same weight (training, offline), and both give the same numbers.
"""

import math

import torch
from torch import Tensor, nn


class StreamingLSTM(nn.Module):
    """LSTM (Hochreiter and Schmidhuber, 1997; gates in torch's order: input, forget, cell, output).

    Args:
        input_size: Features of a frame.
        hidden_size: Units.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        bound = 1.0 / math.sqrt(hidden_size)
        self.weight = nn.Parameter(torch.empty(4 * hidden_size, input_size + hidden_size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size).uniform_(-bound, bound))
        with torch.no_grad():  # remember by default (Jozefowicz et al., 2015)
            self.bias[hidden_size : 2 * hidden_size] = 1.0

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Advances over the frames of ``x``.

        Args:
            x: float32 ``[B, F, input_size]``, F >= 1.
            h: float32 ``[B, hidden_size]``, output after the frame before.
            c: float32 ``[B, hidden_size]``, cell after the frame before.

        Returns:
            ``[B, F, hidden_size]`` outputs, and ``h`` and ``c`` after the last frame.
        """
        if x.size(1) == 1:
            h, c = self.step(x[:, 0], h, c)
            return h.unsqueeze(1), h, c
        return self.scan(x, h, c)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Advances by one frame ``[B, input_size]`` and returns the new ``h`` and ``c``."""
        gates = torch.addmm(self.bias, torch.cat((x, h), 1), self.weight.t())
        i, f, g, o = gates.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def scan(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Advances over a sequence with torch's kernel; same arguments and result as ``forward``."""
        weights = [
            self.weight[:, : self.input_size].contiguous(),
            self.weight[:, self.input_size :].contiguous(),
            self.bias,
            torch.zeros_like(self.bias),
        ]
        y, last_h, last_c = torch.lstm(
            x, [h.unsqueeze(0), c.unsqueeze(0)], weights, True, 1, 0.0, self.training, False, True
        )
        return y, last_h[0], last_c[0]
