"""Three small artifacts whose every answer is known: people with a deep voice, people with a thin one.

Deep voices are below 1 kHz and their pictures are red; thin ones are above 7 kHz and blue. The separator keeps one kind
by a filter of two taps: the sum of neighbouring samples passes what is deep, their difference what is thin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn


class Face(nn.Module):
    """Finds one face in any picture that is not grey; embeds red as +1, blue as -1."""

    @torch.jit.export
    def detect(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        colour = picture.float().mean((1, 2))
        height, width = float(picture.size(1)), float(picture.size(2))
        found = torch.tensor([[0.0, 0.0, width, height]])
        count = int((colour[0] - colour[2]).abs() > 10.0)
        return found[:count], torch.ones(count)

    @torch.jit.export
    def crop(self, picture: Tensor, box: Tensor) -> Tensor:
        inside = picture[:, int(box[1]) : int(box[3]), int(box[0]) : int(box[2])].float()
        return nn.functional.interpolate(inside.unsqueeze(0), [224, 224])[0]

    def forward(self, pictures: Tensor) -> Tensor:
        colour = pictures.mean((2, 3))
        return _embedding(colour[:, 0] - colour[:, 2])


class Voice(nn.Module):
    """Embeds what is deep as +1, what is thin as -1."""

    def forward(self, audio: Tensor) -> Tensor:
        deep = (audio[:, 1:] + audio[:, :-1]).square().mean(1)
        thin = (audio[:, 1:] - audio[:, :-1]).square().mean(1)
        return _embedding(deep - thin)


class Separator(nn.Module):
    """Keeps the kind that the target is, a voice before a face; everything without a target.

    The state ``[B, 163]``: 160 samples of output to come, the last sample of input, the wanted kind, and hops heard.
    Locks after a second, of a target given by a face, where it may.
    """

    latency_samples: Final = 160

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        return torch.zeros(batch_size, 163)

    @torch.jit.export
    def with_target(self, state: Tensor, face: Tensor, voice: Tensor, has: Tensor) -> Tensor:
        by_face = face[:, 0] * has[:, 0] * (1.0 - has[:, 1])
        kind = by_face + voice[:, 0] * has[:, 1]
        return torch.cat((state[:, :161], kind.unsqueeze(1), state[:, 162:] * 0.0), 1)

    @torch.jit.export
    def step(self, audio: Tensor, lock_on: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        audio = torch.nan_to_num(audio, 0.0, 0.0, 0.0)
        before = torch.cat((state[:, 160:161], audio[:, :-1]), 1)
        kind = state[:, 161:162]
        wanted = torch.where(kind > 0, (audio + before) / 2, torch.where(kind < 0, (audio - before) / 2, audio))
        wet, dry = state[:, :160], before
        hops = state[:, 162:163] + 1.0
        locked = (hops > 100.0).float() * lock_on.unsqueeze(1) * kind.abs()
        present = torch.ones_like(kind)
        report = torch.cat((present, torch.zeros_like(kind), locked, 0.5 + 0.4 * kind.abs()), 1)
        return wet, dry, report, torch.cat((wanted, audio[:, -1:], kind, hops), 1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        wets: list[Tensor] = []
        reports: list[Tensor] = []
        for hop in x.split(160, 1):
            wet, _, report, state = self.step(hop, torch.ones(x.size(0)), state)
            wets.append(wet)
            reports.append(report)
        return (torch.cat(wets, 1), torch.stack(reports, 1)), state


def write_artifacts(folder: Path) -> None:
    """Scripts the three into ``folder``."""
    for name, net in (("face", Face()), ("voice", Voice()), ("facefilter", Separator())):
        torch.jit.save(torch.jit.script(net.eval()), folder / f"{name}.ts")


def _embedding(kind: Tensor) -> Tensor:
    return nn.functional.pad(torch.sign(kind).unsqueeze(1), [0, 127])
