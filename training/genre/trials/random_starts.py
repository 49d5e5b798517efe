"""How much of a song must be heard: accuracy after 1 to 30 s, from anywhere in test clips.

A listener tunes in at any moment, and beginnings are easier or harder than the rest, so no stretch begins in a clip's
first second. 30 s is the whole clip, from its beginning, since there is no more of it.

Three answers are scored: ``now``, the network's posterior after the last frame, which rests on all before it; ``mean``,
the mean of its posteriors from the first second on; ``shown``, the label that a user sees, where none is wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.frontend import SAMPLE_RATE

from .bands import Bands
from .evidence import CLIP_FRAMES, Evidence
from .listening import Heard, Subject, num_frames
from .spread import Figure, mean_of

SECONDS = (1, 3, 5, 10, 30)
STARTS_A_CLIP = 5
FIRST_START_FRAME = 12
"""The first frame that lies wholly behind a clip's first second."""

SETTLE_FRAMES = 11
"""The mean leaves out what comes before about a second: there nobody could know."""


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``random_starts.json``; standard errors are over clips."""
    clips = evidence.part("test")
    whole = evidence.bands(clips)
    labels = evidence.corpus.labels[clips]
    length = frames_in(max(seconds for seconds in SECONDS if seconds < 30))
    pieces = subject.hear(stretches(whole, draw_starts(len(clips), length), length), "random starts")
    clip_long = subject.hear(whole, "whole clips")
    after: dict[str, Figure] = {"now": {}, "mean": {}, "shown": {}}
    for seconds in SECONDS:
        heard, right = (clip_long, labels) if seconds == 30 else (pieces, np.repeat(labels, STARTS_A_CLIP))
        for answer, said in answers(heard, min(frames_in(seconds), heard.shown.shape[1])).items():
            after[answer][str(seconds)] = mean_of((said == right).reshape(len(clips), -1).mean(axis=1))
    return {"clips": len(clips), "starts_a_clip": STARTS_A_CLIP, "accuracy_after_s": after["now"], "by_answer": after}


def frames_in(seconds: float) -> int:
    """Returns the whole frames in so much audio."""
    return num_frames(round(seconds * SAMPLE_RATE))


def draw_starts(clips: int, length: int, seed: int = 0) -> NDArray[np.int64]:
    """Returns first frames ``[clips, STARTS_A_CLIP]`` of stretches of ``length`` frames, after the first second."""
    rng = np.random.default_rng(seed)
    return rng.integers(FIRST_START_FRAME, CLIP_FRAMES - length + 1, (clips, STARTS_A_CLIP))


def stretches(bands: Bands, starts: NDArray[np.int64], length: int) -> Bands:
    """Cuts ``length`` frames from each of ``starts`` ``[N, K]`` of ``N`` clips; returns ``N K`` stretches."""
    clip = np.repeat(np.arange(len(starts)), starts.shape[1])[:, None]
    return bands[clip, starts.reshape(-1, 1) + np.arange(length)]


def answers(heard: Heard, frames: int) -> dict[str, NDArray[np.int64]]:
    """Returns what each way of answering says after ``frames`` frames, ``[N]`` each; -1 for no label."""
    settled = min(SETTLE_FRAMES, frames) - 1
    return {
        "now": heard.probs[:, frames - 1].argmax(-1),
        "mean": heard.probs[:, settled:frames].mean(axis=1).argmax(-1),
        "shown": heard.shown[:, frames - 1],
    }
