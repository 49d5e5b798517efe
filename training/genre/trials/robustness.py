"""Whether the label survives what happens to audio: rates, channels, clipping, level, a codec, silence in front.

Every clip that exists as audio goes through ``tectum serve`` once as it is and once in each degraded form, over the
websocket in file mode, so the real resampler, chunker and batcher are part of it. A clip is unchanged when the label
shown last, or the label most probable over all, is the one of the plain clip: none counts as a label of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import Progress

from .degradations import DEGRADATIONS, STORED_RATE, Degradation, Take, plain
from .evidence import Evidence
from .listening import Subject
from .outcome import Outcome, outcome_of
from .served import serving, stream
from .spread import Figure, share_of

CLIPS_AT_ONCE = 4


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``robustness.json``."""
    paths = [path for _, path in evidence.audio_clips("clip30s")]
    with serving(subject.folder) as url, Progress() as progress:
        task = progress.add_task("tectum serve, degraded clips", total=len(paths) * (1 + len(DEGRADATIONS)))

        def outcomes(degradation: Degradation) -> list[Outcome]:
            return asyncio.run(_play(url, paths, degradation, lambda: progress.advance(task)))

        reference = outcomes(plain)
        conditions = {name: unchanged(reference, outcomes(degrade)) for name, degrade in DEGRADATIONS.items()}
    return {"clips": len(paths), "how": "tectum serve, websocket in file mode, f32le", "unchanged": conditions}


def unchanged(reference: Sequence[Outcome], outcomes: Sequence[Outcome]) -> Figure:
    """Returns the shares of clips with the labels of ``reference``, and of those that have lost any label."""
    pairs = list(zip(reference, outcomes, strict=True))
    return {
        "last": share_of(np.array([one.last == other.last for one, other in pairs])),
        "top": share_of(np.array([one.top == other.top for one, other in pairs])),
        "lost": share_of(np.array([one.top is not None and other.top is None for one, other in pairs])),
    }


async def _play(url: str, paths: Sequence[Path], degrade: Degradation, on_clip: Callable[[], None]) -> list[Outcome]:
    """Sends every clip, a few at once so that the service has a batch to step, and returns their outcomes in order."""
    room = asyncio.Semaphore(CLIPS_AT_ONCE)

    async def play(path: Path) -> Outcome:
        async with room:
            take = await asyncio.to_thread(_degraded, path, degrade)
            outcome = outcome_of(await stream(url, take))
            on_clip()
            return outcome

    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(play(path)) for path in paths]
    return [task.result() for task in playing]


def _degraded(path: Path, degrade: Degradation) -> Take:
    clip, rate = soundfile.read(path, dtype="float32")
    if rate != STORED_RATE or clip.ndim != 1:
        raise ValueError(f"expected {STORED_RATE} Hz mono in {path}, got {rate} Hz, shape {clip.shape}")
    return degrade(clip)
