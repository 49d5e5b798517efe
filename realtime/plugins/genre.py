"""Names the music that plays: a causal tagger, and a verdict on what it says that holds still.

Invariant: all that is known about a stream is in ``GenreState``, whose size does not grow with the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_not
from typing import ClassVar, NamedTuple, Protocol, cast

import torch
from pydantic import Field
from torch import Tensor

from .. import plugin
from ..artifacts import StreamingModule, load_artifact
from ..errors import ArtifactError
from ..plugin import Event, Plugin, PluginSpec, Result

MAX_LABELS = 500
MAX_TOP = 100

CONTROLS = (
    "interval_s",
    "smoothing_s",
    "evidence_s",
    "threshold",
    "hysteresis",
    "music_threshold",
    "silence_db",
)
"""The parameters that the model reads, in the order in which it does."""

IS_MUSIC, LABEL, POSTERIOR = 0, 1, 2
"""Columns of the model's report on a stream; the posterior goes on to its end."""


class GenreParams(plugin.Params):
    """What a listener may change; the defaults were chosen on GTZAN's validation clips."""

    interval_s: float = Field(
        0.5,
        ge=0.1,
        le=10.0,
        title="Interval",
        description="Stream time between two events.",
        json_schema_extra={"unit": "s"},
    )
    top: int = Field(
        10, ge=1, le=MAX_TOP, title="Genres listed", description="Length of top, best first; at most all there are."
    )
    smoothing_s: float = Field(
        1.0,
        ge=0.5,
        le=60.0,
        title="Memory",
        description="Time constant of the average over what was heard: longer is steadier, shorter follows sooner.",
        json_schema_extra={"unit": "s"},
    )
    evidence_s: float = Field(
        0.5,
        ge=0.0,
        le=10.0,
        title="Patience",
        description="Music to hear before naming a genre; half the memory where that is less.",
        json_schema_extra={"unit": "s"},
    )
    threshold: float = Field(
        0.3, ge=0.0, le=1.0, title="Threshold", description="Probability from which a genre is named."
    )
    hysteresis: float = Field(
        0.25, ge=0.0, le=0.5, title="Hysteresis", description="Lead that another genre needs to replace the one named."
    )
    music_threshold: float = Field(
        0.5, ge=0.0, le=1.0, title="Music threshold", description="Probability from which sound counts as music."
    )
    silence_db: float = Field(
        -90.0,
        ge=-100.0,
        le=0.0,
        title="Silence",
        description="Level below which nothing plays; after a second of it the tagger starts afresh.",
        json_schema_extra={"unit": "dBFS"},
    )
    embedding: bool = Field(
        False,
        title="Embedding",
        description="Whether events carry what the network hears as a vector of length 1, to find similar music.",
    )


class GenreState(NamedTuple):
    """Memory of B streams, float32: the network's ``net [B, N]`` and the verdict's ``memory [B, M]``."""

    net: Tensor
    memory: Tensor


class GenreModule(StreamingModule, Protocol):
    """The artifact: a streaming network, and one call for a step of it and of the verdict."""

    def init_memory(self, batch_size: int) -> Tensor:
        """Returns the verdict's memory of streams that have heard nothing."""
        ...

    def step(
        self, x: Tensor, controls: Tensor, state: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, list[bool], Tensor, Tensor, Tensor]:
        """Returns ``report``, which events are due, ``embedding``, and the new state and memory."""
        ...


class GenrePlugin(Plugin[GenreParams, GenreState]):
    """Sends ``genre`` events: label, confidence, top, music and, if asked for, embedding.

    ``label`` is None while nothing that is music plays or no genre is probable enough, and ``confidence`` is the
    probability of ``label``, 0 without one. ``top`` is the average over what was heard, without hysteresis.

    Raises:
        ArtifactError: The model ``genre`` is missing, altered or not one that this plugin can run.
    """

    spec: ClassVar[PluginSpec] = PluginSpec(
        name="genre",
        version="0.2.0",
        sample_rate=22_050,
        channels=1,
        chunk_samples=2_048,
        hop_samples=1_920,
        latency_samples=0,
        kind="analyzer",
        description="Names the music that plays: one of its model's genres, or none.",
    )
    Params = GenreParams

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        artifact = load_artifact("genre", device)
        card, spec = artifact.card, self.spec
        expected = (spec.sample_rate, spec.channels, spec.chunk_samples, spec.hop_samples)
        got = (card.sample_rate, card.channels, card.chunk_samples, card.hop_samples)
        if got != expected:
            raise ArtifactError(f"expected a genre model of rate, channels, chunk, hop {expected}, got {got}")
        self._labels = card.labels
        self._module = cast(GenreModule, artifact.module)
        self._controls_of: tuple[list[GenreParams], Tensor] = ([], torch.empty(0))
        self._check_module()

    def init_state(self, batch_size: int) -> GenreState:
        return GenreState(self._module.init_state(batch_size), self._module.init_memory(batch_size))

    def step(
        self, chunks: Tensor, params: Sequence[GenreParams], state: GenreState, mask: Tensor
    ) -> tuple[Result, GenreState]:
        report, due, embedding, net, memory = self._module.step(
            chunks[:, 0], self._controls(params), state.net, state.memory, mask
        )
        return Result(self._events(params, report, due, embedding)), GenreState(net, memory)

    @torch.inference_mode()
    def _check_module(self) -> None:
        """Steps the model once, in silence.

        Raises:
            ArtifactError: Unless it can, and has the labels of its card, 2 to 500.
        """
        if not 2 <= len(self._labels) <= MAX_LABELS:
            raise ArtifactError(f"expected 2 to {MAX_LABELS} labels, got {len(self._labels)}", param="labels")
        silence = torch.zeros(1, self.spec.chunk_samples, device=self.device)
        mask = torch.ones(1, dtype=torch.bool, device=self.device)
        try:
            state = self.init_state(1)
            defaults = self._controls([GenreParams.model_validate({})])
            report, *_ = self._module.step(silence, defaults, state.net, state.memory, mask)
        except (RuntimeError, AttributeError, ValueError) as error:
            raise ArtifactError(f"expected a genre model with init_memory and step, got: {error}") from error
        got = report.shape[1] - POSTERIOR
        if got != len(self._labels):
            raise ArtifactError(f"expected the {len(self._labels)} labels of the card, got {got}", param="labels")

    def _controls(self, params: Sequence[GenreParams]) -> Tensor:
        """Returns what the model reads of ``params``, float32 ``[B, 7]``."""
        known, controls = self._controls_of
        # Params are values and change seldom: mostly these are the very objects of the batch before.
        if len(params) != len(known) or any(map(is_not, params, known)):
            controls = torch.tensor([[getattr(row, name) for name in CONTROLS] for row in params], device=self.device)
            self._controls_of = (list(params), controls)
        return controls

    def _events(
        self, params: Sequence[GenreParams], report: Tensor, due: list[bool], embedding: Tensor
    ) -> list[Event | None]:
        """Builds the events of the rows that are due; what is not due never leaves the device."""
        events: list[Event | None] = [None] * len(params)
        rows = [row for row, is_due in enumerate(due) if is_due]
        if rows:
            for row, values in zip(rows, report[rows].tolist(), strict=True):
                event = self._event(values, params[row].top)
                if params[row].embedding:
                    vector = [round(value, 4) for value in embedding[row].tolist()]
                    event["embedding"] = vector if any(vector) else None
                events[row] = event
        return events

    def _event(self, report: list[float], top: int) -> Event:
        label, posterior = int(report[LABEL]), report[POSTERIOR:]
        ranked = sorted(zip(self._labels, posterior, strict=True), key=lambda entry: -entry[1])[:top]
        return {
            "label": self._labels[label] if label >= 0 else None,
            "confidence": round(posterior[label], 4) if label >= 0 else 0.0,
            "top": [{"label": name, "p": round(p, 4)} for name, p in ranked],
            "music": bool(report[IS_MUSIC]),
        }
