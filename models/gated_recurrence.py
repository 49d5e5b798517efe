"""A residual block with a linear recurrence: the gates hear the input and never the state.

So all products with weights can be taken for a whole sequence at once while training, and only an elementwise
recurrence is left (quasi-recurrent networks, Bradbury et al., ICLR 2017; simple recurrent units, Lei et al., EMNLP
2018).

Invariant: a step is a pure function of input, condition and state.
"""

import math

import torch
from torch import Tensor, nn

from .mean_square import mean_square


class GatedRecurrence(nn.Module):
    """A recurrence over what a condition makes of the input.

    With ``u`` the input, normalised and modulated by the condition (FiLM, Perez et al., 2018), ``s`` the logistic
    function, and ``a``, ``b`` a weight a channel:

    ``m_t = a * u_{t-1} + b * u_t``, ``f, v, o = W m_t``, ``h_t = s(f) h_{t-1} + (1 - s(f)) v``,
    ``y_t = x_t + V (s(o) h_t)``.

    Args:
        width: Channels of input and output (D).
        hidden: Units of the recurrence (H).
    """

    floor: Tensor

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.width = width
        self.hidden = hidden
        self.register_buffer("floor", torch.tensor(1e-6), persistent=False)
        self.norm = nn.Parameter(torch.ones(width))
        self.before = nn.Parameter(0.02 * torch.randn(width))
        self.now = nn.Parameter(torch.ones(width))
        self.gates = nn.Linear(width, 3 * hidden)
        self.output = nn.Linear(hidden, width)
        with torch.no_grad():
            # Time constants from one to sixty frames at first, so that some units remember and some follow.
            frames = torch.empty(hidden).uniform_(0.0, math.log(60.0)).exp()
            self.gates.bias.zero_()
            self.gates.bias[:hidden] = frames.log()
            self.output.weight.mul_(0.5)

    def modulate(self, x: Tensor, film: Tensor) -> Tensor:
        """Returns ``u``, like ``x [..., D]``; ``film [..., 2 D]`` holds gains less one, and offsets."""
        gain, offset = film.chunk(2, -1)
        gain = torch.addcmul(self.norm, self.norm, gain)
        return torch.addcmul(offset, x * torch.rsqrt(mean_square(x, self.floor)), gain)

    def forward(self, x: Tensor, film: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Advances by one frame.

        Args:
            x: float32 ``[B, D]``.
            film: ``[B, 2 D]``.
            u: ``[B, D]``, of the frame before.
            h: ``[B, H]``, after the frame before.

        Returns:
            The output ``[B, D]``, and the new ``u`` and ``h``.
        """
        new_u = self.modulate(x, film)
        forget, value, out = self.gates(torch.addcmul(self.before * u, self.now, new_u)).chunk(3, 1)
        h = torch.lerp(value, h, torch.sigmoid(forget))
        return x + self.output(torch.sigmoid(out) * h), new_u, h
