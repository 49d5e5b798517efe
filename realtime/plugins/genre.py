"""Names the music that plays: the causal LSTM tagger, with memory, level gate and hysteresis around it.

Invariant: all that is known about a stream is in ``GenreState``, whose size does not grow with the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from .. import plugin
from ..artifacts import load_artifact
from ..errors import ArtifactError
from ..plugin import Event, Plugin, PluginSpec, Result
from .genre_verdict import NO_LABEL, NUM_GENRES, Controls, Memory, judge, new_memory


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
    top: int = Field(NUM_GENRES, ge=1, le=NUM_GENRES, title="Genres listed", description="Length of top, best first.")
    smoothing_s: float = Field(
        8.0,
        ge=0.5,
        le=60.0,
        title="Memory",
        description="Time constant of the average over what was heard: longer is steadier, shorter follows sooner.",
        json_schema_extra={"unit": "s"},
    )
    threshold: float = Field(
        0.35, ge=0.0, le=1.0, title="Threshold", description="Probability from which a genre is named."
    )
    hysteresis: float = Field(
        0.1, ge=0.0, le=0.5, title="Hysteresis", description="Lead that another genre needs to replace the one named."
    )
    music_threshold: float = Field(
        0.5, ge=0.0, le=1.0, title="Music threshold", description="Probability from which sound counts as music."
    )
    silence_db: float = Field(
        -60.0,
        ge=-100.0,
        le=0.0,
        title="Silence",
        description="Level below which nothing plays; after a second of it the tagger starts afresh.",
        json_schema_extra={"unit": "dBFS"},
    )


class GenreState(NamedTuple):
    """Memory of B streams: the network's state (h1 to c2), then the fields of ``Memory``."""

    h1: Tensor
    c1: Tensor
    h2: Tensor
    c2: Tensor
    posterior: Tensor
    heard_s: Tensor
    music: Tensor
    quiet_s: Tensor
    since_event_s: Tensor
    is_music: Tensor
    label: Tensor


class GenrePlugin(Plugin[GenreParams, GenreState]):
    """Sends ``genre`` events: label, confidence, top and music.

    ``label`` is None while nothing that is music plays or no genre is probable enough, and ``confidence`` is the
    probability of ``label``, 0 without one. ``top`` is the average over what was heard, without hysteresis.

    Raises:
        ArtifactError: The model ``genre`` is missing, altered or not the one this plugin was written for.
    """

    spec: ClassVar[PluginSpec] = PluginSpec(
        name="genre",
        version="0.1.0",
        sample_rate=22_050,
        channels=1,
        chunk_samples=2_048,
        hop_samples=1_920,
        latency_samples=0,
        kind="analyzer",
        description="Names the music that plays: one of ten genres, or none.",
    )
    Params = GenreParams

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        artifact = load_artifact("genre", device)
        self._net, card = artifact.module, artifact.card
        spec = self.spec
        expected = (spec.sample_rate, spec.channels, spec.chunk_samples, spec.hop_samples, NUM_GENRES)
        got = (card.sample_rate, card.channels, card.chunk_samples, card.hop_samples, len(card.labels))
        if got != expected:
            raise ArtifactError(f"expected a genre model of rate, channels, chunk, hop, labels {expected}, got {got}")
        self._labels = card.labels

    def init_state(self, batch_size: int) -> GenreState:
        return GenreState._make((*self._net.init_state(batch_size), *new_memory(batch_size, self.device)))

    def step(
        self, chunks: Tensor, params: Sequence[GenreParams], state: GenreState, mask: Tensor
    ) -> tuple[Result, GenreState]:
        output, heard = self._net(chunks[:, 0], tuple(state[:4]))
        log_probs, music_logit, level_db = (value[:, 0] for value in output)
        memory, silent, due = judge(
            log_probs.exp(),
            torch.sigmoid(music_logit),
            level_db,
            self.spec.hop_s,
            self._controls(params),
            Memory(*state[4:]),
        )
        # The network never heard silence in training: it waits in its first state until the level comes back.
        awake = (~silent).unsqueeze(1)
        new = GenreState._make((*(value * awake for value in heard), *memory))
        if not bool(mask.all()):
            new = GenreState(*(_rows(mask, fresh, old) for fresh, old in zip(new, state, strict=True)))
            due = due & mask
        return Result(self._events(params, new, due)), new

    def _controls(self, params: Sequence[GenreParams]) -> Controls:
        rows = [
            (p.interval_s, p.smoothing_s, p.threshold, p.hysteresis, p.music_threshold, p.silence_db) for p in params
        ]
        return Controls(*torch.tensor(rows, device=self.device).unbind(1))

    def _events(self, params: Sequence[GenreParams], state: GenreState, due: Tensor) -> list[Event | None]:
        """Builds the events of the rows that are due; what is not due never leaves the device."""
        events: list[Event | None] = [None] * len(params)
        rows = due.nonzero().flatten()
        if rows.numel():
            columns = (state.posterior[rows].tolist(), state.label[rows].tolist(), state.is_music[rows].tolist())
            for row, posterior, label, is_music in zip(rows.tolist(), *columns, strict=True):
                events[row] = self._event(posterior, label, is_music, params[row].top)
        return events

    def _event(self, posterior: list[float], label: int, is_music: bool, top: int) -> Event:
        ranked = sorted(zip(self._labels, posterior, strict=True), key=lambda entry: -entry[1])[:top]
        named = label != NO_LABEL
        return {
            "label": self._labels[label] if named else None,
            "confidence": round(posterior[label], 4) if named else 0.0,
            "top": [{"label": name, "p": round(p, 4)} for name, p in ranked],
            "music": is_music,
        }


def _rows(mask: Tensor, fresh: Tensor, old: Tensor) -> Tensor:
    """Returns ``fresh`` where the row's mask is set, else ``old``, for tensors whose first axis is the row."""
    return torch.where(mask.view(-1, *(1,) * (fresh.dim() - 1)), fresh, old)
