"""A model of somebody's own: three labels, by where in the spectrum it is loudest. A tone is named for certain."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.export import export
from models.filterbank import chroma_filters, kept_bins, mel_filters
from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, Bands
from models.genre import GenreOutput
from models.genre_tagger import GenreTagger

LABELS = ("low", "middle", "high")
TONES_HZ = {"low": 200.0, "middle": 1_500.0, "high": 5_000.0}


class Thirds(nn.Module):
    """Has the interface of ``GenreNet``."""

    def __init__(self) -> None:
        super().__init__()
        self.sample_rate, self.chunk_samples, self.hop_samples = SAMPLE_RATE, FRAME_SAMPLES, HOP_SAMPLES
        self.num_labels = self.embedding_size = len(LABELS)
        self.hop_s = HOP_SAMPLES / SAMPLE_RATE
        self.bands = Bands(kept_bins(), mel_filters(), chroma_filters())

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        return torch.zeros(batch_size, 1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[GenreOutput, Tensor]:
        mel_db, chroma_db = self.bands(x)
        log_probs, music_logit, embedding, heard_s, state = self.tag(mel_db, chroma_db, state)
        level_db = x.unfold(1, self.chunk_samples, self.hop_samples).square().mean(-1).clamp_min(1e-12).log10() * 10.0
        return (log_probs, music_logit, level_db, embedding, heard_s), state

    @torch.jit.export
    def tag(self, mel_db: Tensor, chroma_db: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        thirds = mel_db[..., :126].unflatten(-1, (self.num_labels, 42)).amax(-1)
        heard_s = state + self.hop_s * torch.arange(1, mel_db.size(1) + 1)
        log_probs = torch.log_softmax(thirds / 5.0, -1)
        embedding = functional.normalize(log_probs.exp(), dim=-1)
        return log_probs, torch.full_like(heard_s, 5.0), embedding, heard_s, heard_s[:, -1:]


def write_own_model(folder: Path, **card: object) -> Path:
    """Exports the model to ``folder`` with ``card`` over a card that is right, and returns ``folder``."""
    right = {
        "name": "genre",
        "version": "1.0.0",
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": FRAME_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": 0,
        "labels": list(LABELS),
        "architecture": "the loudest third of 128 mel bands",
        "data": [],
        "protocol": "none",
        "figures": {},
        "limits": [],
        "licence": "none",
    }
    export(GenreTagger(Thirds()), {**right, **card}, folder)
    return folder


def tone(label: str, seconds: float, sample_rate: int = SAMPLE_RATE) -> Tensor:
    """Returns the tone ``[T]`` that the model calls ``label``."""
    return 0.3 * torch.sin(2 * torch.pi * TONES_HZ[label] / sample_rate * torch.arange(int(seconds * sample_rate)))
