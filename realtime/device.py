"""Chooses where the models run."""

from __future__ import annotations

import torch

from .errors import DeviceUnavailable

CHOICES = ("auto", "cpu", "cuda")


def resolve_device(choice: str) -> torch.device:
    """Returns the device for ``auto``, ``cpu`` or ``cuda``; ``auto`` takes a GPU when there is one.

    Raises:
        DeviceUnavailable: On ``cuda`` without a usable GPU, or another word.
    """
    if choice not in CHOICES:
        raise DeviceUnavailable(f"expected a device of {', '.join(CHOICES)}, got {choice!r}", param="device")
    has_cuda = torch.cuda.is_available()
    if choice == "cuda" and not has_cuda:
        raise DeviceUnavailable(
            "expected a CUDA GPU for --device cuda, but torch sees none; use --device auto or cpu", param="device"
        )
    return torch.device("cuda" if has_cuda and choice != "cpu" else "cpu")
