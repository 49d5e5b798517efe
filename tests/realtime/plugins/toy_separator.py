"""A separator of which one knows what comes out: it turns the sound down by whom it is told to keep.

Nobody gives half the level, a face a quarter less of it, a voice an eighth; the first number of the embeddings counts a
little. The gain glides over a hop, as the overlapping windows of the real one do. It locks after ``LOCK_HOPS`` hops.
"""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from models.export import export

HOP = 160
LOCK_HOPS = 10


class ToySeparator(nn.Module):
    """State ``[B, 421]``: face, voice, has, the last hop, the gain at its end, hops with a target, locked."""

    sizes: Final = [128, 128, 2, HOP, 1, 1, 1]
    hop_samples: Final = HOP
    lock_hops: Final = LOCK_HOPS

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        return torch.zeros(batch_size, 421)

    @torch.jit.export
    def with_target(self, state: Tensor, face: Tensor, voice: Tensor, has: Tensor) -> Tensor:
        heard = state[:, 258:-2]
        return torch.cat((face * has[:, :1], voice * has[:, 1:], has, heard, torch.zeros_like(state[:, -2:])), 1)

    @torch.jit.export
    def step(self, audio: Tensor, lock_on: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        face, voice, has, past, before, hops, _ = state.split_with_sizes(self.sizes, 1)
        gain = 0.5 - has @ torch.tensor([[0.25], [0.125]]) + 0.05 * (face[:, :1] + voice[:, :1])
        ramp = torch.arange(1, self.hop_samples + 1) / self.hop_samples
        wet = past * torch.lerp(torch.where(before == 0.0, gain, before), gain, ramp)
        hops = (hops + 1.0) * has.amax(1, keepdim=True) * lock_on.unsqueeze(1)
        locked = (hops > self.lock_hops).to(audio.dtype)
        report = torch.cat((has.mean(1, keepdim=True), -20.0 * gain.log10(), locked, gain), 1)
        return wet, past, report, torch.cat((face, voice, has, audio, gain, hops, locked), 1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        wets: list[Tensor] = []
        reports: list[Tensor] = []
        for hop in x.split(self.hop_samples, 1):
            wet, _, report, state = self.step(hop, torch.ones(x.size(0)), state)
            wets.append(wet)
            reports.append(report)
        return (torch.cat(wets, 1), torch.stack(reports, 1)), state


def write_separator(folder: Path, net: nn.Module | None = None, **card: object) -> Path:
    """Exports a separator, by default the toy, to ``folder`` with ``card`` over a card that is right."""
    right = {
        "name": "facefilter",
        "version": "1.0.0",
        "sample_rate": 16_000,
        "channels": 1,
        "chunk_samples": HOP,
        "hop_samples": HOP,
        "latency_samples": HOP,
        "labels": [],
        "architecture": "a volume control",
        "data": [],
        "protocol": "none",
        "figures": {},
        "limits": [],
        "licence": "none",
    }
    export(net or ToySeparator(), {**right, **card}, folder)
    return folder
