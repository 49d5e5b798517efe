"""An hour of test clips, one genre after another, through one state that nobody resets.

Ten blocks of a genre, twelve clips of 30 s each, in a random order; every order is also played backwards. What comes
first in one comes last in the other, so the first and the last ten minutes are compared on the same clips, and what
differs is what an hour did to the tagger.

The time to the right label counts from a change to the end of the first frame that shows it. A change after which it
does not come before the block (after a change of genre) or the clip (after a change of clip) ends counts as longer than
any other: ``never`` is their share, and a percentile that falls among them is null. A label that stays wrong is a wrong
answer and no slow one, so the same is given for ``known`` music alone: where the clip after the change is one that the
network, hearing nothing else, names right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evidence import CLIP_FRAMES, Evidence
from .listening import Heard, Subject
from .spread import Figure, mean_of, percentile, percentile_error, rounded
from .stream_scores import changes_a_minute, share_right, time_to_right

CLIPS_A_GENRE = 12
NUM_PAIRS = 5
TEN_MINUTES_S = 600.0

Labels = NDArray[np.int64]


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``long_stream.json``."""
    orders = draw_orders(evidence.corpus.labels, evidence.part("test"), NUM_PAIRS)
    clips = orders.shape[1]
    heard = subject.hear(evidence.bands(orders.reshape(-1)).in_a_row(clips), "long streams")
    shown = heard.shown.reshape(len(orders), clips, CLIP_FRAMES)
    truth = evidence.corpus.labels[orders]
    return {
        "orders": len(orders),
        "clips_a_genre": CLIPS_A_GENRE,
        "seconds": round(clips * CLIP_FRAMES * subject.hop_s, 1),
        **switching(shown, truth, known_clips(subject, evidence, orders), subject.hop_s),
        **stillness(shown, truth, subject.hop_s),
        **endurance(shown, truth, subject.hop_s),
        "timeline": timeline(subject, heard, np.repeat(truth[0], CLIP_FRAMES)),
    }


def draw_orders(labels: Labels, clips: Labels, pairs: int) -> Labels:
    """Returns clips ``[2 pairs, 10 x 12]``: order 2 i is drawn by seed i, and order 2 i + 1 is it backwards.

    Args:
        labels: Of the whole corpus.
        clips: Those to draw from, at least twelve of every label in them.
        pairs: Orders to draw.
    """
    drawn = []
    for seed in range(pairs):
        rng = np.random.default_rng(seed)
        genres = rng.permutation(np.unique(labels[clips]))
        blocks = [rng.choice(clips[labels[clips] == genre], CLIPS_A_GENRE, replace=False) for genre in genres]
        drawn += [np.concatenate(blocks), np.concatenate(blocks)[::-1]]
    return np.stack(drawn)


def known_clips(subject: Subject, evidence: Evidence, orders: Labels) -> NDArray[np.bool_]:
    """Returns which clips of ``orders`` the network names right at their end when it hears nothing else."""
    clips, place = np.unique(orders, return_inverse=True)
    heard = subject.hear(evidence.bands(clips), "clips alone")
    right = heard.probs[:, -1].argmax(-1) == evidence.corpus.labels[clips]
    known: NDArray[np.bool_] = right[place.reshape(orders.shape)]
    return known


def switching(shown: Labels, truth: Labels, known: NDArray[np.bool_], hop_s: float) -> Figure:
    """Returns how soon the label is right after changes of genre, and of clip within a genre.

    Args:
        shown: ``[O, C, F]``, label shown on every frame of C clips in O orders.
        truth: ``[O, C]``, label of each clip.
        known: ``[O, C]``, which of them the network names right by themselves.
        hop_s: Seconds a frame.
    """
    genre_times, genre_known, clip_times, clip_known = [], [], [], []
    for order in range(len(shown)):
        starts = [0, *(np.flatnonzero(np.diff(truth[order])) + 1)]
        for start, stop in zip(starts, [*starts[1:], len(truth[order])], strict=True):
            label = int(truth[order, start])
            if start:  # the first block follows nothing
                genre_times.append(time_to_right(shown[order, start:stop].reshape(-1), label, hop_s))
                genre_known.append(known[order, start])
            clip_times += [time_to_right(shown[order, clip], label, hop_s) for clip in range(start + 1, stop)]
            clip_known += list(known[order, start + 1 : stop])
    genre, clip = np.array(genre_times), np.array(clip_times)
    return {
        "time_to_right_s": _waiting(genre),
        "time_to_right_known_s": _waiting(genre[genre_known]),
        "time_to_right_after_clip_s": _waiting(clip),
        "time_to_right_after_known_clip_s": _waiting(clip[clip_known]),
    }


def _waiting(times: NDArray[np.float64]) -> Figure:
    return {
        "p50": percentile(times, 0.5),
        "p50_se": percentile_error(times, 0.5),
        "p90": percentile(times, 0.9),
        "p90_se": percentile_error(times, 0.9),
        "never": rounded(float(np.isinf(times).mean())) if len(times) else None,
        "n": len(times),
    }


def stillness(shown: Labels, truth: Labels, hop_s: float) -> Figure:
    """Returns the label changes a minute while nothing changes: within clips, and within blocks of a genre.

    Of every clip, and of every block, the first five seconds are left out. A block holds eleven changes of song.
    """
    within_clip = [changes_a_minute(list(order), hop_s) for order in shown]
    within_genre = [
        changes_a_minute([order[genres == genre].reshape(-1) for genre in np.unique(genres)], hop_s)
        for order, genres in zip(shown, truth, strict=True)
    ]
    clip, genre = mean_of(within_clip), mean_of(within_genre)
    return {
        "changes_per_minute": {"within_clip": clip["mean"], "within_genre": genre["mean"]},
        "changes_per_minute_se": {"within_clip": clip["se"], "within_genre": genre["se"]},
    }


def endurance(shown: Labels, truth: Labels, hop_s: float) -> Figure:
    """Returns the share of time with the right label: in all, first and last ten minutes, and their difference.

    The difference, last minus first, is over pairs of an order and its reverse, which hold the same clips.
    """
    span = round(TEN_MINUTES_S / hop_s)
    frames = shown.reshape(len(shown), -1)
    right = np.repeat(truth, shown.shape[2], axis=1)
    first = np.array([share_right(a[:span], b[:span]) for a, b in zip(frames, right, strict=True)])
    last = np.array([share_right(a[-span:], b[-span:]) for a, b in zip(frames, right, strict=True)])
    by_pair = (last - first).reshape(-1, 2).mean(axis=1)
    return {
        "time_right": mean_of([share_right(a, b) for a, b in zip(frames, right, strict=True)]),
        "time_unnamed": mean_of((frames < 0).mean(axis=1)),
        "accuracy_first_10min": mean_of(first),
        "accuracy_last_10min": mean_of(last),
        "last_minus_first": mean_of(by_pair),
    }


def timeline(subject: Subject, heard: Heard, truth: Labels) -> dict[str, Any]:
    """Returns the first order at one point a second, for a picture: truth, label shown or -1, average posterior."""
    frames = np.arange(0, len(truth), 1.0 / subject.hop_s).astype(int)
    return {
        "labels": list(subject.labels),
        "time_s": [round(float(frame * subject.hop_s), 1) for frame in frames],
        "truth": truth[frames].tolist(),
        "label": heard.shown[0, frames].tolist(),
        "probs": [[round(float(p), 2) for p in row] for row in heard.average[0, frames]],
    }
