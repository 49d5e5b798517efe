"""Paper 000's two ways to merge features (section III, end): by their weighted distances, and by vote.

Invariant: the order of the features changes nothing, nor does adding one of weight 0.
"""

import torch
from torch import Tensor


def fused_distances(distances: Tensor, weights: Tensor, scales: Tensor) -> Tensor:
    """Weights the distance measure of each feature.

    Args:
        distances: ``[..., K, L]`` of an item to each of L classes (or items) by each of K features, at least 0.
        weights: ``[K]``, at least 0, not all 0; what each feature is worth, as its accuracy alone.
        scales: ``[K]``, above 0; each feature's typical distance, as its mean over the training part: without it the
            feature of the largest numbers would decide alone.

    Returns:
        ``[..., L]``, the weighted mean of the scaled distances; the nearest class is its ``argmin``.

    Raises:
        ValueError: When shapes disagree, or weights or scales are out of range.
    """
    num_features = distances.size(-2)
    if weights.shape != (num_features,) or scales.shape != (num_features,):
        got = f"{list(weights.shape)} and {list(scales.shape)}"
        raise ValueError(f"expected weights and scales of shape [{num_features}], got {got}")
    if bool((weights < 0).any()) or not bool((weights > 0).any()):
        raise ValueError(f"expected weights of at least 0, not all 0, got {weights.tolist()}")
    if not bool((scales > 0).all()):
        raise ValueError(f"expected scales above 0, got {scales.tolist()}")
    return torch.matmul((weights / weights.sum() / scales).unsqueeze(0), distances).squeeze(-2)


def majority_vote(scores: Tensor) -> Tensor:
    """Lets each classifier vote for its best class.

    Args:
        scores: ``[..., K, L]``, of K classifiers over L classes, higher is better: probabilities, say.

    Returns:
        int64 ``[...]``, the class of most votes; among those that tie the one of the greatest summed score, and of
        equal sums the first.
    """
    votes = torch.nn.functional.one_hot(scores.argmax(-1), scores.size(-1)).sum(-2)
    tied = votes == votes.amax(-1, keepdim=True)
    return torch.where(tied, scores.sum(-2), -torch.inf).argmax(-1)
