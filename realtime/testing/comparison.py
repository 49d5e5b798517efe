"""Says where two results differ, in words with figures.

Invariant: numbers are equal within the tolerance, absolute or relative; everything else must be identical.
"""

from __future__ import annotations

import math

import torch

from ..plugin import State
from .traces import Trace

_ROUNDING = 1e-9
"""Events are often rounded; two that fall on both sides of a boundary differ by one unit and a little."""


class PluginCheckFailed(AssertionError):
    """A plugin breaks its contract.

    Attributes:
        law: The name of the law that does not hold.
    """

    def __init__(self, law: str, message: str) -> None:
        super().__init__(f"{law}: {message}")
        self.law = law


def require_same(law: str, got: Trace, expected: Trace, tolerance: float) -> None:
    """Raises PluginCheckFailed unless the events and the audio of two streams agree."""
    for hop, (mine, theirs) in enumerate(zip(got.events, expected.events, strict=True)):
        if found := event_difference(mine, theirs, tolerance):
            raise PluginCheckFailed(law, f"the event of hop {hop}{found}")
    if got.audio is not None and expected.audio is not None:
        if found := tensor_difference(got.audio, expected.audio, tolerance):
            raise PluginCheckFailed(law, f"the audio {found}")


def require_same_state(law: str, got: State, expected: State) -> None:
    """Raises PluginCheckFailed unless two states are the same to the bit; NaN equals NaN."""
    names = getattr(type(expected), "_fields", None) or range(len(expected))
    for name, mine, theirs in zip(names, got, expected, strict=True):
        if found := tensor_difference(mine, theirs, 0.0):
            raise PluginCheckFailed(law, f"state {name} {found}")


def event_difference(got: object, expected: object, tolerance: float, path: str = "") -> str | None:
    """Returns the place and the two values where two events differ first, or None."""
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys():
        pairs = [(got[key], expected[key], f"{path}.{key}") for key in expected]
    elif isinstance(got, list | tuple) and isinstance(expected, list | tuple) and len(got) == len(expected):
        pairs = [(mine, theirs, f"{path}[{i}]") for i, (mine, theirs) in enumerate(zip(got, expected, strict=True))]
    elif isinstance(got, float) and isinstance(expected, float):
        same = math.isclose(got, expected, rel_tol=tolerance, abs_tol=tolerance + _ROUNDING)
        return None if same else f"{path} is {got} where {expected} was expected"
    else:
        return None if got == expected else f"{path} is {got!r:.200} where {expected!r:.200} was expected"
    found = (event_difference(*pair[:2], tolerance, pair[2]) for pair in pairs)
    return next((difference for difference in found if difference), None)


def tensor_difference(got: torch.Tensor, expected: torch.Tensor, tolerance: float) -> str | None:
    """Returns by how much two tensors differ, or None within ``tolerance * max(1, largest expected value)``."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return f"is {got.dtype} {list(got.shape)} where {expected.dtype} {list(expected.shape)} was expected"
    if got.numel() == 0 or torch.equal(got, expected):
        return None
    mine, theirs = got.to(torch.float64), expected.to(torch.float64)
    if not torch.equal(mine.isfinite(), theirs.isfinite()):
        return "is finite in other places than expected"
    difference = (mine - theirs).nan_to_num(0.0, 0.0, 0.0).abs().max().item()
    scale = max(1.0, theirs.nan_to_num(0.0, 0.0, 0.0).abs().max().item())
    if difference <= tolerance * scale:
        return None
    return f"differs by up to {difference:.3g}, more than the tolerance of {tolerance * scale:.3g}"
