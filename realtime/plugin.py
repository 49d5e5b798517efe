"""The plugin contract: the one file a plugin author reads.

A plugin listens to a stream (``analyzer``) or changes it (``processor``). The engine resamples every
session to the plugin's rate and channels, cuts it into chunks, and calls ``step`` once for all the
sessions whose chunk is ready. A minimal processor is ``realtime/plugins/gain.py``; a model-based
analyzer is ``realtime/plugins/genre.py``, a processor that takes a target ``realtime/plugins/facefilter.py``.
Install your own under the entry-point group ``tectum.plugins`` and prove it with
``realtime.testing.check_plugin``.

Invariant: a plugin keeps nothing about a session between calls; all of it is in ``State``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

import torch
from pydantic import BaseModel, ConfigDict

from .targets.target import Target

NAME_PATTERN = re.compile(r"[a-z0-9_-]{1,64}")

Event = dict[str, Any]
"""JSON-ready fields of one event, without ``type``, ``seq``, ``pts`` and ``time_s``: the engine adds them."""

State = tuple[torch.Tensor, ...]
"""A NamedTuple of tensors; the first axis of each is the session."""


@dataclass(frozen=True, slots=True)
class PluginSpec:
    """What a plugin is and how it wants its audio.

    Attributes:
        name: ``[a-z0-9_-]{1,64}``; also the ``type`` of its events.
        version: Of the plugin and its model, shown to clients.
        sample_rate: Hz of the audio that ``step`` receives.
        channels: 1 (the engine mixes down) or 2.
        chunk_samples: Samples a channel that ``step`` receives.
        hop_samples: How far the next chunk moves; at most ``chunk_samples``. A processor returns this
            many samples a step.
        latency_samples: How far a processor's output lags its input inside ``step``: sample ``j`` of the
            concatenated outputs belongs to sample ``j - latency_samples`` of the input. 0 for analyzers.
        kind: ``analyzer`` (events only) or ``processor`` (audio, and events if it likes).
        description: One line for people.
        takes_target: Whether a session may say whom to keep: then the plugin has ``retarget``.
    """

    name: str
    version: str
    sample_rate: int
    channels: int
    chunk_samples: int
    hop_samples: int
    latency_samples: int
    kind: Literal["analyzer", "processor"]
    description: str = ""
    takes_target: bool = False

    def __post_init__(self) -> None:
        if not NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"expected a plugin name matching {NAME_PATTERN.pattern}, got {self.name!r}")
        if not 8_000 <= self.sample_rate <= 192_000 or self.channels not in (1, 2):
            raise ValueError(f"expected 8-192 kHz and 1 or 2 channels, got {self.sample_rate} Hz and {self.channels}")
        if not 1 <= self.hop_samples <= self.chunk_samples:
            raise ValueError(f"expected 1 <= hop <= chunk, got hop {self.hop_samples} and chunk {self.chunk_samples}")
        if self.latency_samples < 0 or (self.kind == "analyzer" and self.latency_samples):
            raise ValueError(f"expected a latency >= 0 (0 for an analyzer), got {self.latency_samples}")

    @property
    def hop_s(self) -> float:
        """Seconds between two steps of one session."""
        return self.hop_samples / self.sample_rate


class Params(BaseModel):
    """Base of a plugin's parameters; the browser builds its controls from the JSON schema.

    Give every field a default, a range (``ge``, ``le``), a ``title`` and a ``description``, and its unit
    as ``json_schema_extra={"unit": "dB"}`` where it has one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


ParamsT = TypeVar("ParamsT", bound=Params)
StateT = TypeVar("StateT", bound=State)


class Result(NamedTuple):
    """What one ``step`` gives.

    Attributes:
        events: One entry a row of the batch: the fields of an event, or None where there is nothing to say.
        audio: float32 ``[B, channels, hop_samples]`` from a processor; None from an analyzer.
    """

    events: Sequence[Event | None]
    audio: torch.Tensor | None = None


class Plugin(ABC, Generic[ParamsT, StateT]):
    """A stream transformation whose state is a value.

    The constructor takes the ``torch.device`` to run on and loads what the plugin needs, once a process;
    it may raise ``ArtifactError`` or ``DeviceUnavailable``. ``step`` is called on a worker thread with one
    torch thread, under ``torch.inference_mode()``, never twice at the same time.
    """

    spec: ClassVar[PluginSpec]
    Params: ClassVar[type[Params]]

    def __init__(self, device: torch.device) -> None:
        self.device = device

    @abstractmethod
    def init_state(self, batch_size: int) -> StateT:
        """Returns the state of ``batch_size`` streams that have heard nothing, on ``self.device``."""

    @abstractmethod
    def step(
        self, chunks: torch.Tensor, params: Sequence[ParamsT], state: StateT, mask: torch.Tensor
    ) -> tuple[Result, StateT]:
        """Advances every stream of the batch by one hop.

        Args:
            chunks: float32 ``[B, channels, chunk_samples]`` on ``self.device``.
            params: One for each of the ``B`` rows; a parameter may change between two steps.
            state: As returned by the last call or by ``init_state``; first axes are ``B``.
            mask: bool ``[B]``; where False the row is padding: its state must come back unchanged and its
                event must be None.

        Returns:
            The result, and the state to pass with each stream's next chunk. ``state`` itself is not changed.
        """

    def retarget(self, state: StateT, target: Target | None) -> StateT:
        """Returns the state of streams that go on after ``target`` from their next chunk on.

        Called between two steps, where ``step`` is, and only if ``spec.takes_target``. What was heard is kept: the
        next step's output joins the last one's without a click.

        Args:
            state: As ``step`` takes it, of one stream or several; it is not changed itself.
            target: Whom to keep; None where nobody is given, or no longer, and nothing of a person may stay.
        """
        raise NotImplementedError(f"{type(self).__name__}.spec.takes_target without retarget")
