"""The tagger that ships, listening: network and verdict step by step, on stored bands or on audio, as they are served.

Invariant: a stream is heard a frame at a time, and silence makes the network start afresh, exactly as in the plugin.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress, track
from torch import Tensor, nn

from models.export import ARTIFACTS
from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre_tagger import GenreTagger

from .bands import Bands

STREAMS_AT_ONCE = 64

Samples = NDArray[np.float32]


class Heard(NamedTuple):
    """What was said of B streams after each of F frames.

    Attributes:
        probs: float32 ``[B, F, L]``, the network's posterior.
        average: float32 ``[B, F, L]``, the verdict's, ``top`` in the events.
        shown: int64 ``[B, F]``, the label shown, -1 for none.
        is_music: bool ``[B, F]``, ``music`` in the events.
        due: bool ``[B, F]``, whether there is an event.
    """

    probs: NDArray[np.float32]
    average: NDArray[np.float32]
    shown: NDArray[np.int64]
    is_music: NDArray[np.bool_]
    due: NDArray[np.bool_]


@dataclass(frozen=True)
class Subject:
    """A tagger with its default parameters.

    Attributes:
        tagger: A ``GenreTagger``, scripted or not.
        labels: Its labels, in order.
        digest: Which one it is.
        folder: Where the service finds it.
        temperature: What its logits are divided by before the softmax; None where the network does not say.
    """

    tagger: nn.Module
    labels: tuple[str, ...]
    digest: str = ""
    folder: Path = ARTIFACTS
    temperature: float | None = None

    hop_s: ClassVar[float] = HOP_SAMPLES / SAMPLE_RATE

    @classmethod
    def load(cls, folder: Path = ARTIFACTS) -> Subject:
        """Reads ``genre.ts`` and its card from ``folder``; raises FileNotFoundError when they are not there."""
        card = json.loads((folder / "genre.json").read_text())
        tagger = torch.jit.load(folder / "genre.ts").eval()  # type: ignore[no-untyped-call]
        return cls(tagger, tuple(card["labels"]), card["sha256"], folder, _temperature(tagger.net))

    @classmethod
    def of(cls, net: nn.Module, labels: Sequence[str]) -> Subject:
        """Takes a network with the interface of ``GenreNet`` as it is, for trials that need no service."""
        tagger = GenreTagger(net).eval()
        tagger.verdict = torch.jit.script(tagger.verdict)  # a loop over streams, slow in Python
        return cls(tagger, tuple(labels), temperature=_temperature(net))

    def hear(self, bands: Bands, what: str = "") -> Heard:
        """Plays stored bands, every stream from a fresh start; ``what`` names it on the progress bar."""
        batches = np.array_split(np.arange(len(bands)), -(-len(bands) // STREAMS_AT_ONCE))
        with Progress() as progress:
            task = progress.add_task(what, total=len(batches) * bands.level_db.shape[1])
            parts = [self._hear(bands[rows], lambda: progress.advance(task)) for rows in batches]
        return Heard(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def music_in(self, clips: Sequence[Samples], what: str = "") -> list[NDArray[np.bool_]]:
        """Plays audio ``[T]`` at 22,050 Hz, every clip from a fresh start; returns the verdict music or not ``[F]``."""
        order = sorted(range(len(clips)), key=lambda i: len(clips[i]))
        found: list[NDArray[np.bool_]] = [np.empty(0, dtype=np.bool_)] * len(clips)
        for start in track(range(0, len(order), STREAMS_AT_ONCE), description=what):
            rows = order[start : start + STREAMS_AT_ONCE]
            verdicts = self._music_in([clips[row] for row in rows])
            for row, verdict in zip(rows, verdicts, strict=True):
                found[row] = verdict[: num_frames(len(clips[row]))]
        return found

    def events(self, heard: Heard, row: int) -> Iterator[dict[str, Any]]:
        """Yields the events of one stream of ``heard``, as the plugin sends them."""
        for frame in np.flatnonzero(heard.due[row]):
            label = int(heard.shown[row, frame])
            probs = zip(self.labels, heard.average[row, frame].tolist(), strict=True)
            yield {
                "type": "genre",
                "label": self.labels[label] if label >= 0 else None,
                "top": [{"label": name, "p": round(p, 4)} for name, p in probs],
                "music": bool(heard.is_music[row, frame]),
            }

    def _hear(self, bands: Bands, on_frame: Callable[[], None]) -> Heard:
        net: Any = self.tagger.net
        verdict: Any = self.tagger.verdict
        streams, frames = bands.level_db.shape
        controls = verdict.default_controls(streams)
        state, memory = net.init_state(streams), verdict.init_memory(streams)
        said: list[tuple[Tensor, Tensor, Tensor]] = []
        with torch.inference_mode():
            for frame in range(frames):
                mel, chroma, level_db = (torch.from_numpy(part[:, frame]) for part in _fields(bands))
                log_probs, music_logit, _, heard_s, state = net.tag(_decibels(mel), _decibels(chroma), state)
                memory, sounding, due = verdict(
                    log_probs[:, 0], music_logit[:, 0], level_db, heard_s[:, 0], controls, memory
                )
                state = state * torch.as_tensor(sounding).unsqueeze(1)  # as GenreTagger.step does
                said.append((log_probs[:, 0].exp(), memory, torch.tensor(due)))
                on_frame()
        probs, memories, dues = (torch.stack(column, 1).numpy() for column in zip(*said, strict=True))
        return self._read(probs, memories, dues)

    def _music_in(self, clips: Sequence[Samples]) -> NDArray[np.bool_]:
        tagger: Any = self.tagger
        frames = max(num_frames(len(clip)) for clip in clips)
        x = torch.zeros(len(clips), max(FRAME_SAMPLES, *(len(clip) for clip in clips)))
        for row, clip in zip(x, clips, strict=True):
            row[: len(clip)] = torch.from_numpy(clip)
        controls, mask = tagger.default_controls(len(x)), torch.ones(len(x), dtype=torch.bool)
        state, memory = tagger.init_state(len(x)), tagger.init_memory(len(x))
        said = torch.zeros(len(x), frames, dtype=torch.bool)
        with torch.inference_mode():
            for frame in range(frames):
                chunk = x[:, frame * HOP_SAMPLES : frame * HOP_SAMPLES + FRAME_SAMPLES]
                report, _, _, state, memory = tagger.step(chunk, controls, state, memory, mask)
                said[:, frame] = report[:, 0] > 0.5
        verdicts: NDArray[np.bool_] = said.numpy()
        return verdicts

    def _read(self, probs: Samples, memories: Samples, due: NDArray[np.bool_]) -> Heard:
        """Takes memories ``[B, F, M]`` apart; they end with the report: music, label, average."""
        report = memories[..., -(2 + len(self.labels)) :]
        return Heard(probs, report[..., 2:], report[..., 1].astype(np.int64), report[..., 0] > 0.5, due)


def _temperature(net: nn.Module) -> float | None:
    temperature = getattr(net, "temperature", None)
    return None if temperature is None else float(temperature)


def num_frames(samples: int) -> int:
    """Returns the whole frames in so many samples."""
    return max(0, (samples - FRAME_SAMPLES) // HOP_SAMPLES + 1)


def _fields(bands: Bands) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    return bands.mel, bands.chroma, bands.level_db


def _decibels(stored: Tensor) -> Tensor:
    """Maps stored values ``[B, K]`` to dB of one frame ``[B, 1, K]``."""
    return stored.unsqueeze(1).float() * 0.5 - 100.0
