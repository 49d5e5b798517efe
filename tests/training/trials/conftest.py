"""A tagger that hears the made-up genres without being trained, and a data folder of a few of their clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.frontend import Bands as FrontEnd
from training.genre.corpus import Corpus
from training.genre.trials import evidence as trial_evidence
from training.genre.trials import long_stream, random_starts
from training.genre.trials.evidence import Evidence
from training.genre.trials.listening import Subject


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class LoudestBands(nn.Module):
    """The interface of ``GenreNet``, with answers that are known without running it: all sound is music, and of the
    genre whose bands are loudest on average since the start, nine times in ten.

    Args:
        corpus: Whose front-end hears, and whose labels are named.
        memory: How much of the past an answer rests on: 0 for the frame alone, 1 for all of it.
    """

    sample_rate = SAMPLE_RATE
    hop_samples = HOP_SAMPLES

    def __init__(self, corpus: Corpus, memory: float = 0.0) -> None:
        super().__init__()
        self.bands = FrontEnd(corpus.bins, corpus.mel_filters, corpus.chroma_filters)
        self.num_labels = len(corpus.label_names)
        self.memory = memory

    def init_state(self, batch_size: int) -> Tensor:
        return torch.zeros(batch_size, self.num_labels + 1)

    def tag(self, mel_db: Tensor, chroma_db: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        loudness, counts = [], []
        for frame in mel_db.unbind(1):
            new = frame[:, :110].unflatten(-1, (10, 11)).mean(-1)
            kept = self.memory * state[:, :1]
            state = torch.cat((state[:, :1] + 1, (state[:, 1:] * kept + new) / (kept + 1)), 1)
            loudness.append(state[:, 1:])
            counts.append(state[:, 0])
        log_probs, count = (0.1 * torch.stack(loudness, 1)).log_softmax(-1), torch.stack(counts, 1)
        return log_probs, torch.full_like(count, 4.0), log_probs, count * HOP_SAMPLES / SAMPLE_RATE, state

    def forward(self, x: Tensor, state: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        frames = x.unfold(1, FRAME_SAMPLES, HOP_SAMPLES)
        level_db = frames.square().mean(-1).sqrt().clamp_min(1e-6).log10() * 20.0
        log_probs, music_logit, embedding, heard_s, state = self.tag(*self.bands(x), state)
        return (log_probs, music_logit, level_db, embedding, heard_s), state


@pytest.fixture
def subject(gtzan: Corpus) -> Subject:
    """Hears every made-up genre at once."""
    return Subject.of(LoudestBands(gtzan), gtzan.label_names)


@pytest.fixture
def remembering(gtzan: Corpus) -> Subject:
    """Rests every answer on all that it has heard."""
    return Subject.of(LoudestBands(gtzan, memory=1.0), gtzan.label_names)


@pytest.fixture
def untrained(gtzan: Corpus) -> Subject:
    """The real network, with weights that mean nothing."""
    torch.manual_seed(0)
    return Subject.of(gtzan.new_net(), gtzan.label_names)


@pytest.fixture
def evidence(gtzan: Corpus, tmp_path: Path) -> Evidence:
    """The made-up corpus; three clips of every genre are test clips, the last one is a valid clip."""
    splits = tmp_path / "gtzan" / "splits"
    splits.mkdir(parents=True)
    for part, members in {"train": (), "valid": (3,), "test": (0, 1, 2)}.items():
        names = [gtzan.ids[i] for i in range(len(gtzan.ids)) if i % 4 in members]
        (splits / f"{part}_filtered.txt").write_text("".join(f"{name}.wav\n" for name in names))
    return Evidence(tmp_path, gtzan)


@pytest.fixture
def short_clips(monkeypatch: pytest.MonkeyPatch) -> int:
    """Cuts every clip to 13 s, which is all that most tests need; returns the frames in them."""
    for module in (trial_evidence, long_stream, random_starts):
        monkeypatch.setattr(module, "CLIP_FRAMES", 150)
    return 150


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
