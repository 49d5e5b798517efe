"""Autocorrelations to periods: sharpen, find the strongest peaks, collect them in a histogram.

Invariant: nothing here remembers, and bins are shared between neighbours, so that a period which moves a little moves
the histogram a little.
"""

import torch
from torch import Tensor


def enhanced(autocorrelation: Tensor, factor: int = 2) -> Tensor:
    """Removes the peaks that are there because one at ``1 / factor`` of their lag is (Tolonen and Karjalainen, 2000).

    Args:
        autocorrelation: ``[..., L]`` of lags 0 to L - 1, L > 2.
        factor: At least 2; a factor of 2 takes the peaks at 2, 4, 6 ... times a lag.

    Returns:
        As it, at least 0: the positive part less its copy stretched over ``factor`` times the lags, and of what is
        left the positive part.
    """
    positive = autocorrelation.clamp_min(0.0)
    num_kept = (positive.size(-1) + factor - 1) // factor
    begins, ends = positive[..., :num_kept].unsqueeze(-1), positive[..., 1 : num_kept + 1].unsqueeze(-1)
    between = torch.arange(factor, dtype=positive.dtype, device=positive.device) / factor
    stretched = (begins + (ends - begins) * between).flatten(-2)[..., : positive.size(-1)]
    return (positive - stretched).clamp_min(0.0)


def strongest_peaks(curve: Tensor, first: int, last: int, count: int) -> tuple[Tensor, Tensor]:
    """Finds the highest local maxima.

    Args:
        curve: ``[..., L]``, at least 0.
        first: Least position of a peak, at least 1.
        last: Greatest, at most L - 2.
        count: How many to find.

    Returns:
        Positions ``[..., count]``, refined by a parabola to within a half, and heights, strongest first; where there
        are not that many peaks the height is 0 and the position means nothing.
    """
    middle = curve[..., first : last + 1]
    left, right = curve[..., first - 1 : last], curve[..., first + 1 : last + 2]
    is_peak = torch.logical_and(middle > left, middle >= right)
    heights, index = torch.where(is_peak, middle, torch.zeros_like(middle)).topk(count, dim=-1)
    left, middle, right = left.gather(-1, index), middle.gather(-1, index), right.gather(-1, index)
    curvature = (2.0 * middle - left - right).clamp_min(1e-12)
    shift = (0.5 * (right - left) / curvature).clamp(-0.5, 0.5)
    refined = heights + 0.25 * (right - left) * shift
    return first + index + shift, torch.where(heights > 0.0, refined, heights)


def collected(positions: Tensor, heights: Tensor, num_bins: int, width: int = 1) -> Tensor:
    """Puts each peak's height into the bins around its position, less the further they are.

    Args:
        positions: ``[..., K]`` in bins; beyond the first or last bin counts as there.
        heights: ``[..., K]``.
        num_bins: N.
        width: Bins to either side at which nothing is left; 1 shares between two neighbours.

    Returns:
        ``[..., N]``, whose sum is that of the heights, except within ``width`` of an end.
    """
    bins = torch.arange(num_bins, dtype=positions.dtype, device=positions.device)
    distances = (positions.clamp(0.0, num_bins - 1.0).unsqueeze(-1) - bins).abs()
    return (heights.unsqueeze(-1) * (1.0 - distances / width).clamp_min(0.0)).sum(-2) / width
