"""One batched plugin step on pooled state, with every fault traced to the session that caused it.

Runs on the worker thread. Invariant: a row that faults leaves the other rows' results and states as if
it had not been there.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .errors import PluginFault, PluginOutputInvalid, PluginRaised
from .frames import Samples
from .plugin import Event, Params, Plugin, Result
from .state_pool import StatePool


@dataclass(frozen=True, slots=True)
class Row:
    """One session's part of a batch.

    Attributes:
        slot: Its row of the pool.
        fresh: Whether this is the first step in that slot.
        samples: float32 ``[channels, chunk_samples]``.
        params: The parameters in force.
    """

    slot: int
    fresh: bool
    samples: Samples
    params: Params


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What a step gave one session: an event or None, audio ``[channels, hop_samples]`` or None, or a fault."""

    event: Event | None = None
    audio: NDArray[np.float32] | None = None
    fault: PluginFault | None = None


@dataclass(slots=True)
class Lease:
    """The right of one call to write to the pool; a call that stalled loses it before its slots go on."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    revoked: bool = False

    def revoke(self) -> None:
        """Waits for a write that has begun, and allows no other."""
        with self.lock:
            self.revoked = True


class Stepper:
    """Steps a plugin for many sessions at once.

    Args:
        plugin: Whose ``step`` is called.
        pool: Its pooled state.
    """

    def __init__(self, plugin: Plugin[Any, Any], pool: StatePool) -> None:
        self._plugin = plugin
        self._pool = pool
        self._audio_shape = (plugin.spec.channels, plugin.spec.hop_samples)

    def step(self, rows: Sequence[Row], lease: Lease) -> list[RowOutcome]:
        """Advances the sessions of ``rows`` by one hop, in one call of the plugin.

        If that call raises, every session is stepped alone, from the state it had, to find whose fault it was.
        """
        with lease.lock:
            if lease.revoked:
                return []
            self._pool.reset([row.slot for row in rows if row.fresh])
        try:
            return self._step_together(rows, lease)
        except Exception as error:  # A plugin is not our code: any exception is its fault, and stops here.
            if len(rows) == 1:
                return [RowOutcome(fault=_as_fault(self._plugin.spec.name, error))]
        return [outcome for row in rows for outcome in self.step([_continued(row)], lease)]

    def _step_together(self, rows: Sequence[Row], lease: Lease) -> list[RowOutcome]:
        padded = _padded_size(len(rows), self._plugin.device)
        slots = torch.full((padded,), self._pool.padding_slot, dtype=torch.int64)
        slots[: len(rows)] = torch.tensor([row.slot for row in rows], dtype=torch.int64)
        chunks = np.zeros((padded, *rows[0].samples.shape), dtype=np.float32)
        for index, row in enumerate(rows):
            chunks[index] = row.samples
        params = [row.params for row in rows] + [rows[0].params] * (padded - len(rows))
        device = self._plugin.device
        slots = slots.to(device)
        mask = torch.arange(padded, device=device) < len(rows)
        result, state = self._plugin.step(torch.from_numpy(chunks).to(device), params, self._pool.gather(slots), mask)
        outcomes = self._read(result, len(rows), padded)
        with lease.lock:
            if not lease.revoked:
                self._pool.scatter(slots, state)
        return outcomes

    def _read(self, result: Result, count: int, padded: int) -> list[RowOutcome]:
        if len(result.events) != padded:
            raise PluginOutputInvalid(f"expected {padded} events or Nones, got {len(result.events)}")
        audio = self._read_audio(result, padded)
        return [
            _check_row(self._plugin.spec.name, result.events[row], None if audio is None else audio[row])
            for row in range(count)
        ]

    def _read_audio(self, result: Result, padded: int) -> NDArray[np.float32] | None:
        if self._plugin.spec.kind == "analyzer":
            if result.audio is not None:
                raise PluginOutputInvalid("expected no audio from an analyzer, got some")
            return None
        expected = (padded, *self._audio_shape)
        if result.audio is None or tuple(result.audio.shape) != expected or result.audio.dtype != torch.float32:
            came = "none" if result.audio is None else f"{result.audio.dtype} of shape {list(result.audio.shape)}"
            raise PluginOutputInvalid(f"expected float32 audio of shape {list(expected)}, got {came}")
        audio: NDArray[np.float32] = result.audio.cpu().numpy()
        return audio


def _check_row(name: str, event: Event | None, audio: NDArray[np.float32] | None) -> RowOutcome:
    if audio is not None and not np.isfinite(audio).all():
        return RowOutcome(fault=PluginOutputInvalid(f"plugin {name!r} returned NaN or infinity as audio", param=name))
    if event is not None and not _is_finite(event):
        return RowOutcome(
            fault=PluginOutputInvalid(f"plugin {name!r} returned NaN or infinity in an event", param=name)
        )
    return RowOutcome(event, audio)


def _is_finite(value: object) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(_is_finite(item) for item in value.values())
        case list() | tuple():
            return all(_is_finite(item) for item in value)
        case _:
            return True


def _as_fault(name: str, error: Exception) -> PluginFault:
    if isinstance(error, PluginFault):
        return type(error)(f"plugin {name!r}: {error.message}", param=name)
    return PluginRaised(f"plugin {name!r} raised {type(error).__name__}: {error}", param=name)


def _continued(row: Row) -> Row:
    """The same row once its slot has been reset."""
    return Row(row.slot, False, row.samples, row.params)


def _padded_size(count: int, device: torch.device) -> int:
    """Batch size to run: exact on a CPU; a power of two on a GPU, which caches kernels and memory by shape."""
    return count if device.type == "cpu" else 1 << (count - 1).bit_length()
