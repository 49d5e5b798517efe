"""Choice of what a listener gets when they set nothing: when the music has changed, and the verdict's defaults.

Heard are hours of valid clips in two orders: blocks of a genre, as a station plays, and all genres mixed, as a party
does. Of many settings, drawn at random, the best shows the right label for the largest share of the time, both orders
counted alike, among those whose label changes seldom enough while a clip goes on.

Invariant: the network learned nothing from these clips, and the test clips are not looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from models.genre import GenreNet
from models.verdict import CONTROLS, Verdict

from .trials.evidence import CLIP_FRAMES, Evidence
from .trials.long_stream import draw_orders
from .trials.stream_scores import changes_a_minute, time_to_right

CHANGES = ((1e9, 1e9), (1.0, 1.0), (1.0, 2.0), (1.0, 4.0), (1.5, 2.0), (1.5, 3.0), (1.5, 4.0))
"""Drift and limit of ``GenreNet``; the first pair never sees a change."""

RANGES = {
    "smoothing_s": (0.5, 1.0, 2.0, 3.0, 5.0),
    "evidence_s": (0.2, 0.5, 1.0, 1.5, 2.0),
    "threshold": (0.2, 0.25, 0.3, 0.35),
    "hysteresis": (0.05, 0.1, 0.15, 0.2, 0.3),
}
MAX_CHANGES_A_MINUTE = 1.6
"""After a clip's first five seconds; a late correction counts, too."""

NUM_PAIRS = 1


def tune(net: GenreNet, evidence: Evidence, num_settings: int, seed: int = 0) -> list[dict[str, Any]]:
    """Returns settings with their figures, the best first.

    Args:
        net: Trained on the train clips alone, with temperature and music.
        evidence: Gives the valid clips.
        num_settings: Settings of the verdict to try with each of ``CHANGES``.
        seed: Of the settings and of the mixed order.
    """
    labels = evidence.corpus.labels
    blocks = draw_orders(labels, evidence.part("valid"), NUM_PAIRS)
    rng = np.random.default_rng(seed)
    orders = np.concatenate([blocks, np.stack([rng.permutation(order) for order in blocks])])
    bands = evidence.bands(orders.reshape(-1)).in_a_row(orders.shape[1])
    drawn = [{name: float(rng.choice(values)) for name, values in RANGES.items()} for _ in range(num_settings)]
    verdict = torch.jit.script(Verdict(net.num_labels, net.hop_s))
    tried = []
    for drift, limit in CHANGES:
        net.drift.fill_(drift)
        net.limit.fill_(limit)
        log_probs, music_logit, heard_s = _say(net, bands.mel, bands.chroma)
        for setting in track(drawn, description="trying settings"):
            controls = torch.tensor([list((dict(CONTROLS) | setting).values())] * len(orders))
            said = (log_probs, music_logit, torch.from_numpy(bands.level_db), heard_s)
            with torch.inference_mode():
                report, _ = verdict.judge(*said, controls, verdict.init_memory(len(orders)))
            shown = report[..., 1].numpy().astype(np.int64).reshape(*orders.shape, CLIP_FRAMES)
            figures = _figures(shown, labels[orders], net.hop_s)
            tried.append({"drift": drift, "limit": limit, **setting, **figures})
    return sorted(tried, key=lambda one: (one["changes_a_minute"] > MAX_CHANGES_A_MINUTE, -one["time_right"]))


def _say(net: GenreNet, mel: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> tuple[torch.Tensor, ...]:
    """Returns log-probabilities, music and ``heard_s`` of whole streams."""
    scripted = torch.jit.script(net)
    state, parts = scripted.init_state(len(mel)), []
    with torch.inference_mode():
        for start in track(range(0, mel.shape[1], CLIP_FRAMES), description="hearing"):
            piece = slice(start, start + CLIP_FRAMES)
            stored = (torch.from_numpy(table[:, piece]).float() * 0.5 - 100.0 for table in (mel, chroma))
            log_probs, music_logit, _, heard_s, state = scripted.tag(*stored, state)
            parts.append((log_probs, music_logit, heard_s))
    return tuple(torch.cat(column, 1) for column in zip(*parts, strict=True))


def _figures(shown: NDArray[np.int64], truth: NDArray[np.int64], hop_s: float) -> dict[str, float]:
    """Shares of time, changes while a clip goes on, and the wait after a change of genre; ``wait`` of blocks alone."""
    half = len(truth) // 2
    right = (shown == truth[..., None]).mean((1, 2))
    changed = [(order, clip) for order in range(half) for clip in np.flatnonzero(np.diff(truth[order])) + 1]
    waits = [time_to_right(shown[order, clip:].reshape(-1), int(truth[order, clip]), hop_s) for order, clip in changed]
    return {
        "time_right": float(right.mean()),
        "time_right_blocks": float(right[:half].mean()),
        "time_right_mixed": float(right[half:].mean()),
        "unnamed": float((shown < 0).mean()),
        "changes_a_minute": float(np.mean([changes_a_minute(list(order), hop_s) for order in shown])),
        "wait_p50_s": float(np.median(waits)),
    }
