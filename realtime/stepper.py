"""One batched plugin step on pooled state.

Runs on the worker thread. Invariant: a call writes the state of all its rows, once, or of none.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from .errors import PluginFault, PluginOutputInvalid, PluginRaised
from .frames import Samples
from .plugin import Event, Params, Plugin, Result, State
from .state_pool import StatePool, like
from .targets.target import Target

MAX_AMPLITUDE = 1e9
"""Audio from here on is not sound but arithmetic gone wrong; below, sums of squares stay finite."""
RESERVED = frozenset({"type", "seq", "pts", "time_s"})
"""Fields of an event that the engine adds."""


class Row(NamedTuple):
    """One session's part of a batch.

    Attributes:
        slot: Its row of the pool.
        fresh: Whether this is the first step in that slot.
        samples: float32 ``[channels, chunk_samples]``.
        params: The parameters in force.
        target: Whom to keep, for a plugin that takes a target.
    """

    slot: int
    fresh: bool
    samples: Samples
    params: Params
    target: Target | None = None


class RowOutcome(NamedTuple):
    """What a step gave one session: an event or None, audio ``[channels, hop_samples]`` or None, or a fault."""

    event: Event | None = None
    audio: NDArray[np.float32] | None = None
    fault: PluginFault | None = None


@dataclass(slots=True)
class Lease:
    """The right of one call to write to the pool; a call that stalled loses it before its slots go on."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    revoked: bool = False
    outcomes: list[RowOutcome] | None = None
    """What the call gave, once its state has been written."""

    def revoke(self) -> bool:
        """Allows no write from here on; returns False when the state has been written already."""
        with self.lock:
            self.revoked = True
            return self.outcomes is None


class BatchFailed(Exception):
    """A call for several sessions failed and has changed nothing: stepping each alone shows whose fault it was."""


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
        self._targets: dict[int, Target] = {}

    def step(self, rows: Sequence[Row], lease: Lease) -> list[RowOutcome]:
        """Advances the sessions of ``rows`` by one hop, in one call of the plugin.

        Raises:
            BatchFailed: When that call fails and was for more than one session.
        """
        with lease.lock:
            if lease.revoked:
                return []
            self._reset([row.slot for row in rows if row.fresh])
        try:
            return self._step_together(rows, lease)
        except BaseException as error:  # A plugin is not our code: whatever it raises, SystemExit too, stops here.
            if len(rows) > 1:
                raise BatchFailed(str(error)) from error
            outcomes = [RowOutcome(fault=_as_fault(self._plugin.spec.name, error))]
            with lease.lock:
                if not lease.revoked:
                    lease.outcomes = outcomes
            return outcomes

    def forget(self, slot: int, lease: Lease) -> None:
        """Wipes what ``slot`` holds of a session that has ended, and of a person, too."""
        with lease.lock:
            if not lease.revoked:
                self._reset([slot])

    def _reset(self, slots: Sequence[int]) -> None:
        self._pool.reset(slots)
        for slot in slots:
            self._targets.pop(slot, None)

    def _step_together(self, rows: Sequence[Row], lease: Lease) -> list[RowOutcome]:
        padded = _padded_size(len(rows), self._plugin.device)
        padding = padded - len(rows)
        device = self._plugin.device
        slots = torch.tensor([row.slot for row in rows] + [self._pool.padding_slot] * padding, device=device)
        mask = torch.tensor([True] * len(rows) + [False] * padding, device=device)
        chunks = torch.from_numpy(np.stack([row.samples for row in rows] + [rows[0].samples] * padding)).to(device)
        params = [row.params for row in rows] + [rows[0].params] * padding
        before = self._pool.gather(slots)
        turned = [index for index, row in enumerate(rows) if row.target is not self._targets.get(row.slot)]
        for index in turned:
            self._retarget(before, index, rows[index].target)
        result, state = self._plugin.step(chunks, params, before, mask)
        outcomes = self._read(result, len(rows), padded)
        with lease.lock:
            if not lease.revoked:
                self._pool.scatter(slots, state)
                self._note_targets([rows[index] for index in turned])
                lease.outcomes = outcomes
        return outcomes

    def _retarget(self, state: State, index: int, target: Target | None) -> None:
        """Turns row ``index`` of ``state``, which is our own copy, to ``target``."""
        row = slice(index, index + 1)
        turned = self._plugin.retarget(like(state, [tensor[row] for tensor in state]), target)
        self._pool.check(turned, 1)
        for tensor, new in zip(state, turned, strict=True):
            tensor[row].copy_(new)

    def _note_targets(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.target is None:
                self._targets.pop(row.slot, None)
            else:
                self._targets[row.slot] = row.target

    def _read(self, result: Result, count: int, padded: int) -> list[RowOutcome]:
        if len(result.events) != padded:
            raise PluginOutputInvalid(f"expected {padded} events or Nones, got {len(result.events)}")
        audio = self._read_audio(result, padded)
        if audio is None:
            return [_check_event(self._plugin.spec.name, event, None) for event in result.events[:count]]
        audio = audio[:count].copy()  # Since a plugin may use the memory of its output again.
        # All at once: sixty-four rows one by one take longer than a light plugin's step. NaN is not below, either.
        bounded = bool(-MAX_AMPLITUDE < audio.min() and audio.max() < MAX_AMPLITUDE)
        check = _check_event if bounded else _check_row
        name = self._plugin.spec.name
        return [check(name, event, rows) for event, rows in zip(result.events[:count], audio, strict=True)]

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


def _check_row(name: str, event: Event | None, audio: NDArray[np.float32]) -> RowOutcome:
    # "Not below" rather than "above" finds NaN, too.
    if not np.abs(audio).max() < MAX_AMPLITUDE:
        message = f"plugin {name!r}: expected finite audio below {MAX_AMPLITUDE:.0e}, got {np.abs(audio).max()}"
        return RowOutcome(fault=PluginOutputInvalid(message, param=name))
    return _check_event(name, event, audio)


def _check_event(name: str, event: Event | None, audio: NDArray[np.float32] | None) -> RowOutcome:
    if event is not None and not _is_event(event):
        message = f"plugin {name!r}: expected an event of finite JSON values without {', '.join(sorted(RESERVED))}"
        return RowOutcome(fault=PluginOutputInvalid(f"{message}, got {event!r:.200}", param=name))
    return RowOutcome(event, audio)


def _is_event(event: object) -> bool:
    return isinstance(event, dict) and not RESERVED & event.keys() and _is_json(event)


def _is_json(value: object) -> bool:
    match value:
        case None | bool() | int() | str():
            return True
        case float():
            return math.isfinite(value)
        case dict():
            return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
        case list() | tuple():
            return all(_is_json(item) for item in value)
        case _:
            return False


def _as_fault(name: str, error: BaseException) -> PluginFault:
    if isinstance(error, PluginFault):
        return type(error)(f"plugin {name!r}: {error.message}", param=name)
    return PluginRaised(f"plugin {name!r} raised {type(error).__name__}: {error}", param=name)


def _padded_size(count: int, device: torch.device) -> int:
    """Batch size to run: exact on a CPU; a power of two on a GPU, which caches kernels and memory by shape."""
    return count if device.type == "cpu" else 1 << (count - 1).bit_length()
