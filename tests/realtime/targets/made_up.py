"""Pictures and voices made here, and two networks with the interfaces of the artifacts ``face`` and ``voice``."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image
from torch import Tensor, nn

from realtime.artifacts import CONTRACT

SIDE = 224
RATE = 16_000
BACKGROUND = (40, 120, 60)
"""Has little red: the detector below takes what is red for faces."""


class RedFaces(nn.Module):
    """Finds red blocks whose columns do not overlap; the embedding is the mean colour of a grid of the crop."""

    def forward(self, pictures: Tensor) -> Tensor:
        cells = nn.functional.adaptive_avg_pool2d(pictures / 255.0, 7).flatten(1)[:, :128]
        return nn.functional.normalize(cells, dim=1)

    @torch.jit.export
    def detect(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        red = picture[0].float() > 1.5 * picture[1].float().clamp_min(10.0)
        columns = torch.nonzero(red.any(0)).flatten()
        boxes: list[Tensor] = []
        start = 0
        for i in range(columns.numel()):
            if i + 1 == columns.numel() or bool(columns[i + 1] > columns[i] + 1):
                left, right = int(columns[start]), int(columns[i]) + 1
                rows = torch.nonzero(red[:, left:right].any(1)).flatten()
                boxes.append(torch.tensor([left, int(rows[0]), right, int(rows[-1]) + 1], dtype=torch.float32))
                start = i + 1
        if len(boxes) == 0:
            return torch.zeros(0, 4), torch.zeros(0)
        found = torch.stack(boxes).flip(0)  # in no useful order
        return found, torch.linspace(1.0, 0.5, found.size(0))

    @torch.jit.export
    def crop(self, picture: Tensor, box: Tensor) -> Tensor:
        left, top, right, bottom = int(box[0]), int(box[1]), int(box[2]), int(box[3])
        face = picture[:, top:bottom, left:right].float()[None]
        return nn.functional.interpolate(face, [224, 224], mode="bilinear", antialias=True)[0]


class LoudnessVoice(nn.Module):
    """Its embedding is the shape of the spectrum, whatever the level."""

    def forward(self, audio: Tensor) -> Tensor:
        if audio.size(1) < 16_000:
            raise ValueError("a second is needed")
        spectrum = torch.fft.rfft(audio[:, :16_000]).abs()[:, : 62 * 128]
        return nn.functional.normalize(spectrum.unflatten(1, (128, 62)).mean(2), dim=1)


def write_models(folder: Path, **modules: nn.Module) -> Path:
    """Adds artifacts ``face`` and ``voice``, or those named, to ``folder``, and returns it."""
    path = folder / "manifest.json"
    manifest: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    for name, module in (modules or {"face": RedFaces(), "voice": LoudnessVoice()}).items():
        buffer = io.BytesIO()
        torch.jit.save(torch.jit.script(module.eval()), buffer)
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        card: dict[str, Any] = {
            "contract": CONTRACT,
            "name": name,
            "version": "1.0.0",
            "sha256": digest,
            "sample_rate": RATE,
            "channels": 1,
            "chunk_samples": RATE,
            "hop_samples": RATE,
            "latency_samples": 0,
            "labels": [],
            "architecture": "made up",
            "data": [],
            "protocol": "none",
            "figures": {},
            "limits": [],
            "licence": "none",
        }
        (folder / f"{name}.ts").write_bytes(buffer.getvalue())
        (folder / f"{name}.json").write_text(json.dumps(card))
        manifest[name] = digest
    path.write_text(json.dumps(manifest))
    return folder


def draw(width: int, height: int, *faces: tuple[int, int, int, int], seed: int = 0, gain: float = 1.0) -> Image.Image:
    """Draws a red block with light and shade for each box of ``faces``."""
    pixels = np.full((height, width, 3), BACKGROUND, np.uint8)
    generator = np.random.default_rng(seed)
    for left, top, right, bottom in faces:
        shade = np.kron(
            generator.uniform(0.5, 1.0, (4, 4)), np.ones((-(-(bottom - top) // 4), -(-(right - left) // 4)))
        )
        shade = shade[: bottom - top, : right - left, None]
        pixels[top:bottom, left:right] = (gain * shade * (230, 60, 50)).astype(np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Returns ``image`` as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def babble(seconds: float, *, pitch_hz: float = 120.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Returns a buzz in syllables of a quarter of a second, float32 ``[T]``: to an ear for energy it is speech."""
    time_s = np.arange(round(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 20))
    syllables = np.abs(np.sin(4 * np.pi * time_s)) ** 2
    hiss = np.random.default_rng(seed).standard_normal(len(time_s))
    return (0.1 * buzz * syllables + 1e-4 * hiss).astype(np.float32)


def as_file(samples: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """Returns ``samples``, ``[T]`` or ``[T, C]``, as a sound file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()
