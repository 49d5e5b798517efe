"""Paper 002, equations 1 to 3, and permutation invariant training ([7], Yu et al. 2017) for its baseline.

Invariant: each loss is 0 where output and reference are the same, and never negative.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional

FLOOR = 1e-2
"""Added to every magnitude before its logarithm: some 40 dB below the bins of a mixture at ``mixing.LEVEL``. Without it
equation 2 is infinite where a voice is silent, and what recordings and codecs leave in silence outweighs speech."""

Embed = Callable[[Tensor], Tensor]
"""Magnitudes ``[B, F, 257]`` to embeddings of a voice ``[B, D]``: g in equation 3."""


def separation_loss(separated: Tensor, reference: Tensor) -> Tensor:
    """Equation 2: the mean squared difference of log magnitudes, in nats squared.

    Args:
        separated: ``[..., F, 257]``, the masked magnitude of the mixture.
        reference: Of the same shape.

    Returns:
        ``[...]``, the mean over frames and bins.
    """
    difference = (reference + FLOOR).log() - (separated + FLOOR).log()
    return difference.square().mean((-2, -1))


def permutation_invariant_loss(separated: Tensor, references: Tensor) -> Tensor:
    """Equation 2 for all voices of a mixture, in that order of the outputs in which it is smallest.

    Args:
        separated: ``[B, N, F, 257]``, in any order.
        references: ``[B, N, F, 257]``.

    Returns:
        ``[B]``, the mean over the N voices.
    """
    orders = permutations(range(references.size(1)))
    losses = [separation_loss(separated[:, list(order)], references).mean(1) for order in orders]
    return torch.stack(losses).amin(0)


def speaker_loss(separated: Tensor, reference: Tensor, embed: Embed) -> Tensor:
    """Equation 3: one less the cosine between the voices that are heard in output and reference, in [0, 2].

    Args:
        separated: ``[..., F, 257]``; gradients flow through it alone.
        reference: Of the same shape.
        embed: The frozen voice encoder.

    Returns:
        ``[...]``.
    """
    shape = separated.shape[:-2]
    with torch.no_grad():
        wanted = embed(reference.flatten(0, -3))
    return 1.0 - functional.cosine_similarity(embed(separated.flatten(0, -3)), wanted).view(shape)
