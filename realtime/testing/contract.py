"""What ``step`` and ``init_state`` may return, checked field by field.

Invariant: what passes here, the engine takes.
"""

from __future__ import annotations

import json

import torch

from ..plugin import Result, State
from ..stepper import RESERVED
from .comparison import PluginCheckFailed
from .traces import AnyPlugin


def require_state(state: object, before: State, plugin: AnyPlugin, rows: int) -> None:
    """Raises PluginCheckFailed unless ``state`` is one of ``rows`` streams and made as ``before`` is."""
    if not isinstance(state, tuple) or type(state) is not type(before) or len(state) != len(before):
        raise PluginCheckFailed("well_formed", f"expected a state of type {type(before)}, got {type(state)}")
    for index, (tensor, old) in enumerate(zip(state, before, strict=True)):
        expected = (rows, *old.shape[1:]), old.dtype, plugin.device.type
        got = tuple(tensor.shape), tensor.dtype, tensor.device.type
        if got != expected:
            raise PluginCheckFailed("well_formed", f"expected state tensor {index} to be {expected}, got {got}")


def require_result(plugin: AnyPlugin, result: Result, rows: int) -> None:
    """Raises PluginCheckFailed unless ``result`` has an entry a row, JSON-ready events and finite audio."""
    if len(result.events) != rows:
        raise PluginCheckFailed("well_formed", f"expected {rows} events or Nones, got {len(result.events)}")
    for event in result.events:
        require_event(event)
    spec, audio = plugin.spec, result.audio
    if spec.kind == "analyzer":
        if audio is not None:
            raise PluginCheckFailed("well_formed", "expected no audio from an analyzer, got some")
        return
    shape = (rows, spec.channels, spec.hop_samples)
    if audio is None or tuple(audio.shape) != shape or audio.dtype != torch.float32:
        came = "none" if audio is None else f"{audio.dtype} {list(audio.shape)}"
        raise PluginCheckFailed("well_formed", f"expected float32 audio {list(shape)}, got {came}")
    if not bool(audio.isfinite().all()):
        raise PluginCheckFailed("well_formed", "expected finite audio, got NaN or infinity")


def require_event(event: object) -> None:
    """Raises PluginCheckFailed unless ``event`` is None or fields that can be sent as they are."""
    if event is None:
        return
    if not isinstance(event, dict) or RESERVED & event.keys():
        raise PluginCheckFailed("well_formed", f"expected a dict without {sorted(RESERVED)}, got {event!r:.200}")
    try:
        json.dumps(event, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PluginCheckFailed("well_formed", f"expected JSON-ready finite fields, got {event!r:.200}") from error
