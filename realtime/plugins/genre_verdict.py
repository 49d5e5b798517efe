"""From the network's word on each frame to a verdict that holds still: memory, level gate, hysteresis.

Everything is a function of tensors whose first axis is the session, for any number of sessions at once.

Invariant: all values stay bounded however long a stream goes on.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

NUM_GENRES = 10

MUSIC_SMOOTHING_S = 1.0
"""Time constant of the music detector: a pause for breath is not the end of a song."""

MUSIC_HYSTERESIS = 0.1
"""How far the detector must pass its threshold, on either side, to change its mind."""

SILENCE_S = 1.0
"""After this long below the level gate there is silence, and what was heard before is forgotten."""

EVIDENCE_S = 1.5
"""Music that must have been heard before a genre is named; half the memory's time constant where that is less."""

NO_LABEL = -1


class Memory(NamedTuple):
    """What is remembered of B streams beside the network's state.

    Attributes:
        posterior: float32 ``[B, 10]``, average genre probabilities; uniform before any music.
        heard_s: float32 ``[B]``, music in the average: grows to the memory's time constant.
        music: float32 ``[B]``, smoothed probability of music.
        quiet_s: float32 ``[B]``, time since the level was above the gate, at most ``SILENCE_S``.
        since_event_s: float32 ``[B]``, time since the last event.
        is_music: bool ``[B]``, the verdict with hysteresis.
        label: int64 ``[B]``, the genre named, or -1.
    """

    posterior: Tensor
    heard_s: Tensor
    music: Tensor
    quiet_s: Tensor
    since_event_s: Tensor
    is_music: Tensor
    label: Tensor


class Controls(NamedTuple):
    """The parameters of B streams, float32 ``[B]`` each; see ``GenreParams``."""

    interval_s: Tensor
    smoothing_s: Tensor
    threshold: Tensor
    hysteresis: Tensor
    music_threshold: Tensor
    silence_db: Tensor


def new_memory(batch_size: int, device: torch.device) -> Memory:
    """Returns the memory of streams that have heard nothing: silence, until the level says otherwise."""
    zeros = torch.zeros(batch_size, device=device)
    return Memory(
        posterior=torch.full((batch_size, NUM_GENRES), 1.0 / NUM_GENRES, device=device),
        heard_s=zeros,
        music=zeros,
        quiet_s=torch.full_like(zeros, SILENCE_S),
        since_event_s=zeros,
        is_music=torch.zeros_like(zeros, dtype=torch.bool),
        label=torch.full_like(zeros, NO_LABEL, dtype=torch.int64),
    )


def judge(
    probs: Tensor, music: Tensor, level_db: Tensor, hop_s: float, controls: Controls, memory: Memory
) -> tuple[Memory, Tensor, Tensor]:
    """Takes one frame of each stream into its memory.

    Args:
        probs: ``[B, 10]``, genre probabilities of the frame.
        music: ``[B]``, probability that the frame is music.
        level_db: ``[B]``, its level.
        hop_s: Seconds from frame to frame.
        controls: Parameters of each stream.
        memory: Of each stream; not changed.

    Returns:
        The new memory, ``silent`` bool ``[B]`` (the network should start afresh) and ``due`` bool ``[B]`` (an event
        should be sent).
    """
    audible = level_db > controls.silence_db
    quiet_s = torch.where(audible, 0.0, (memory.quiet_s + hop_s).clamp_max(SILENCE_S))
    silent = quiet_s >= SILENCE_S - hop_s / 2
    sounding = ~silent

    smoothed = torch.lerp(memory.music, music * audible, hop_s / MUSIC_SMOOTHING_S) * sounding
    bar = controls.music_threshold + torch.where(memory.is_music, -MUSIC_HYSTERESIS, MUSIC_HYSTERESIS)
    is_music = smoothed > bar.clamp(0.02, 0.95)  # an average only approaches 0 and 1, so no threshold may ask for them

    # A weighted average that forgets: the weight of a frame is its probability of being music.
    kept_s = memory.heard_s * (1.0 - hop_s / controls.smoothing_s) * sounding
    weight_s = music * audible * hop_s
    heard_s = kept_s + weight_s
    share = (weight_s / heard_s.clamp_min(1e-6)).unsqueeze(1)
    uniform = 1.0 / NUM_GENRES
    posterior = torch.where(sounding.unsqueeze(1), torch.lerp(memory.posterior, probs, share), uniform)

    enough = heard_s > (controls.smoothing_s / 2).clamp_max(EVIDENCE_S)
    label = _name(posterior, is_music & enough, memory.label, controls)
    since = memory.since_event_s + hop_s
    due = since >= controls.interval_s
    since = torch.where(due, (since - controls.interval_s).clamp_max(hop_s), since)
    return Memory(posterior, heard_s, smoothed, quiet_s, since, is_music, label), silent, due


def _name(posterior: Tensor, ready: Tensor, label: Tensor, controls: Controls) -> Tensor:
    """Returns the label ``[B]``: named from the threshold on, replaced by a clear lead, dropped well below it."""
    best_p, best = posterior.max(dim=1)
    named = label >= 0
    current_p = posterior.gather(1, label.clamp_min(0).unsqueeze(1)).squeeze(1)
    clear = torch.where(named, best_p > current_p + controls.hysteresis, True) & (best_p >= controls.threshold)
    stays = named & (current_p >= controls.threshold - controls.hysteresis)
    chosen = torch.where(clear, best, torch.where(stays, label, NO_LABEL))
    return torch.where(ready, chosen, NO_LABEL)
