"""The mean square of a row, in as few calls as it takes: of one stream a layer costs what its calls cost."""

import torch
from torch import Tensor


def mean_square(x: Tensor, floor: Tensor) -> Tensor:
    """Returns the mean square of ``x [..., D]`` plus ``floor []``, ``[..., 1]``.

    The floor is a tensor because PyTorch makes one, and another of the right type, of a number at every call.
    """
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return torch.addcmul(floor, norm, norm, value=1.0 / x.size(-1))
