"""The separator with the products of its wide layers in 8-bit integers, for machines that serve many on few cores.

What an integer stands for is fixed beforehand, from what the layers heard of examples; were it found anew for each
call, what a stream hears would depend on the streams beside it. The types are plain int8 and int32: PyTorch gives up
its quantised ones (pytorch/pytorch issue 184982).

Invariant: interface, state and report are the separator's; only products differ, by rounding.
"""

from copy import deepcopy
from typing import Final

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .separator import Separator

END = 127
"""Integers go from -127 to 127."""

TINY = 1e-12

WIDE = ("input", "blocks", "mask", "film")
"""Of these parts the layers are rounded. The others say whose voice it is: they are small, and a lock hangs on them."""


class Int8Linear(nn.Module):
    """Does what ``linear`` does, on the CPU, with inputs and weights rounded; the sums of their products are exact.

    Each output has a step of its own, and so has each input: large inputs lend some of their size to their weights, so
    that both keep their precision (SmoothQuant, Xiao et al., ICML 2023, with its alpha at a half).

    Args:
        linear: Has a bias.
        largest: Greatest size of each input ``[D]``; what is beyond is taken for it.

    Raises:
        ValueError: When all of ``largest`` is zero, or something in it negative.
    """

    end: Final = END
    weight: Tensor
    bias: Tensor
    steps: Tensor
    per_step: Tensor

    def __init__(self, linear: nn.Linear, largest: Tensor) -> None:
        super().__init__()
        if float(largest.min()) < 0.0 or float(largest.max()) == 0.0:
            raise ValueError(f"expected sizes of inputs that are not negative nor all zero, got {largest.tolist()}")
        weight = linear.weight.detach()
        # An input that the examples left at zero may yet come.
        largest = largest.clamp_min(1e-3 * float(largest.max()))
        lent = (largest / weight.abs().amax(0).clamp_min(TINY)).sqrt()
        top = float((largest / lent).max())
        steps = (weight * lent).abs().amax(1).clamp_min(TINY) / END
        rounded = (weight * lent / steps[:, None]).round().to(torch.int8)
        self.register_buffer("weight", rounded.contiguous())
        self.register_buffer("bias", linear.bias.detach().clone())
        self.register_buffer("steps", steps * (top / END))
        self.register_buffer("per_step", END / (top * lent))

    def forward(self, x: Tensor) -> Tensor:
        """Maps float32 ``[B, D]`` to float32 ``[B, K]``."""
        rounded = (x * self.per_step).round_().clamp_(-self.end, self.end).to(torch.int8)
        return torch.addcmul(self.bias, torch._int_mm(rounded, self.weight.t()).to(x.dtype), self.steps)


@torch.no_grad()
def in_int8(net: Separator, examples: Tensor, state: Tensor) -> Separator:
    """Returns a copy of ``net``, for the CPU, whose wide layers are ``Int8Linear``.

    Args:
        net: In float32, on the CPU.
        examples: Mixtures such as it will hear ``[B, 160 F]``; the layers' inputs are taken to be as large as here.
        state: What it was told of their targets ``[B, N]``.
    """
    rounded = deepcopy(net)
    for name, largest in _largest_inputs(net, examples, state).items():
        parent, _, child = name.rpartition(".")
        linear = net.get_submodule(name)
        assert isinstance(linear, nn.Linear)
        setattr(rounded.get_submodule(parent), child, Int8Linear(linear, largest))
    return rounded


def _largest_inputs(net: Separator, examples: Tensor, state: Tensor) -> dict[str, Tensor]:
    """Returns how large each input ``[D]`` of the wide layers becomes, by their names."""
    largest: dict[str, Tensor] = {}

    def watch(name: str, linear: nn.Module) -> RemovableHandle:
        def look(_: nn.Module, inputs: tuple[Tensor]) -> None:
            size = inputs[0].abs().amax(0)
            largest[name] = torch.maximum(largest.get(name, size), size)

        return linear.register_forward_pre_hook(look)

    wide = [(n, m) for n, m in net.named_modules() if isinstance(m, nn.Linear) and n.split(".")[0] in WIDE]
    hooks = [watch(name, linear) for name, linear in wide]
    try:
        net(examples, state)
    finally:
        for hook in hooks:
            hook.remove()
    return largest
