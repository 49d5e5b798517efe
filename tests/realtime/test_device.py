"""Choosing a device: what was asked for, or a typed error."""

import pytest
import torch

from realtime.device import resolve_device
from realtime.errors import DeviceUnavailable


@pytest.mark.parametrize(
    ("choice", "has_gpu", "device"),
    [
        ("auto", True, "cuda"),
        ("auto", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_the_device_follows_the_choice_and_the_machine(monkeypatch, choice, has_gpu, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert resolve_device(choice) == torch.device(device)


def test_a_gpu_that_is_not_there_is_a_typed_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match="torch sees none; use --device auto or cpu") as caught:
        resolve_device("cuda")
    assert caught.value.param == "device"


def test_another_word_is_a_typed_error():
    with pytest.raises(DeviceUnavailable, match="expected a device of auto, cpu, cuda, got 'gpu'"):
        resolve_device("gpu")


@pytest.mark.cuda
def test_a_gpu_that_is_there_is_taken():
    assert torch.zeros(1, device=resolve_device("auto")).is_cuda
