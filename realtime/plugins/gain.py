"""A volume control: the smallest complete processor, and a template for new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from pydantic import Field

from ..plugin import Params, Plugin, PluginSpec, Result

HOP_SAMPLES = 480


class GainParams(Params):
    """What a user may set."""

    gain_db: float = Field(
        0.0,
        ge=-60.0,
        le=20.0,
        title="Gain",
        description="How much louder or softer the audio becomes.",
        json_schema_extra={"unit": "dB"},
    )


class GainState(NamedTuple):
    """Linear gain at the end of the last hop, float32 ``[B]``; NaN before the first."""

    gain: torch.Tensor


class GainPlugin(Plugin[GainParams, GainState]):
    """Multiplies audio by a gain that glides to a new value over one hop, so that a change does not click."""

    spec = PluginSpec(
        name="gain",
        version="1.0.0",
        sample_rate=48_000,
        channels=2,
        chunk_samples=HOP_SAMPLES,
        hop_samples=HOP_SAMPLES,
        latency_samples=0,
        kind="processor",
        description="Makes the audio louder or softer.",
    )
    Params = GainParams

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self._ramp = torch.linspace(1 / HOP_SAMPLES, 1, HOP_SAMPLES, device=device)

    def init_state(self, batch_size: int) -> GainState:
        """Returns the state of ``batch_size`` streams that have heard nothing."""
        return GainState(torch.full((batch_size,), torch.nan, device=self.device))

    def step(
        self, chunks: torch.Tensor, params: Sequence[GainParams], state: GainState, mask: torch.Tensor
    ) -> tuple[Result, GainState]:
        """Returns each chunk times its gain; see ``Plugin.step``."""
        wanted = torch.tensor([10 ** (row.gain_db / 20) for row in params], device=self.device)
        # A stream begins at its gain; only later changes glide.
        before = torch.where(state.gain.isnan(), wanted, state.gain)
        gains = before[:, None] + (wanted - before)[:, None] * self._ramp
        audio = chunks * gains[:, None, :]
        return Result([None] * len(params), audio), GainState(torch.where(mask, wanted, state.gain))
