"""A separator small enough for tests, whose outputs move: its weights are larger than at initialisation."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from models.separator import EMBEDDING_SIZE, Separator

HOP = 160


def small_separator(seed: int = 0) -> Separator:
    """Returns 24 channels in two blocks; what it is told of a target is heard in what comes out."""
    torch.manual_seed(seed)
    net = Separator(width=24, hidden=32, num_blocks=2, condition=16)
    with torch.no_grad():
        for weight in (net.film.weight, net.mask.weight):
            weight.mul_(4.0)
        net.norm.uniform_(0.5, 1.5)
    return net.eval()


def identity(net: Separator) -> Separator:
    """Makes the mask of ``net`` one everywhere."""
    with torch.no_grad():
        net.mask.weight.zero_()
        net.mask.bias.zero_()
        net.mask.bias[: net.num_bins] = torch.atanh(torch.tensor(1.0 / net.mask_limit))
    return net


def embeddings(num: int, seed: int = 0) -> Tensor:
    """Returns unit length ``[num, 128]``."""
    return normalize(torch.randn(num, EMBEDDING_SIZE, generator=torch.Generator().manual_seed(seed)), dim=1)


def noise(batch: int, hops: int, seed: int = 0, rms: float = 0.1) -> Tensor:
    """Returns noise ``[batch, 160 hops]`` whose level goes up and down five times a second."""
    x = torch.randn(batch, hops * HOP, generator=torch.Generator().manual_seed(seed))
    return rms * x * (1.0 + 0.9 * torch.sin(torch.arange(hops * HOP) * (2 * torch.pi * 5 / 16_000)))


def targeted(net: Separator, batch: int, seed: int = 0) -> Tensor:
    """Returns a state whose streams were told of a face, a voice, both and nothing, in turn."""
    has = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]).repeat(batch // 4 + 1, 1)[:batch]
    return net.with_target(net.init_state(batch), embeddings(batch, seed), embeddings(batch, seed + 1), has)


def run(net: torch.nn.Module, x: Tensor, state: Tensor, lock_on: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns ``wet``, ``dry`` and ``report`` of all hops of ``x [B, 160 F]``, a step each, and the last state."""
    said = []
    lock = torch.full((len(x),), lock_on)
    for hop in x.split(HOP, 1):
        wet, dry, report, state = net.step(hop, lock, state)
        said.append((wet, dry, report))
    wets, dries, reports = zip(*said, strict=True)
    return torch.cat(wets, 1), torch.cat(dries, 1), torch.stack(reports, 1), state
