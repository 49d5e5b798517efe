"""Scores of clips and of what is not music.

Invariant: scoring runs the shipped forward path, from zero state, on bands that were not augmented.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.frontend import HOP_SAMPLES, SAMPLE_RATE
from models.genre import GenreNet

from .batches import SETTLE_FRAMES
from .corpus import Corpus
from .recordings import Recordings

FRAMES_A_SECOND = SAMPLE_RATE / HOP_SAMPLES


class Tagged(NamedTuple):
    """The network's word on N clips.

    Attributes:
        probs: float32 ``[N, F, 10]``, genre probabilities after each frame.
        music: float32 ``[N, F]``, probability of music after each frame.
    """

    probs: NDArray[np.float32]
    music: NDArray[np.float32]


def tag_bands(net: GenreNet, mel: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> Tagged:
    """Runs the network over stored bands ``[N, F, 128]`` and ``[N, F, 12]``."""
    net.eval()
    count = max(1, len(mel) // 100)
    with torch.inference_mode():
        parts = [
            net.tag(*(torch.from_numpy(part).float() * 0.5 - 100.0 for part in bands), net.init_state(len(bands[0])))
            for bands in zip(np.array_split(mel, count), np.array_split(chroma, count), strict=True)
        ]
    probs = torch.cat([part[0] for part in parts]).exp().numpy()
    return Tagged(probs, torch.sigmoid(torch.cat([part[1] for part in parts])).numpy())


def clip_posterior(tagged: Tagged, seconds: float = 30.0) -> NDArray[np.float32]:
    """Returns the mean posterior ``[N, 10]`` of the frames from the first second to ``seconds``."""
    last = max(int(seconds * FRAMES_A_SECOND), SETTLE_FRAMES)
    posterior: NDArray[np.float32] = tagged.probs[:, SETTLE_FRAMES - 1 : last].mean(axis=1)
    return posterior


def clip_accuracy(tagged: Tagged, labels: NDArray[np.int64], seconds: float = 30.0) -> float:
    """Returns the share of clips whose mean posterior is highest at the right label after ``seconds``."""
    return float((clip_posterior(tagged, seconds).argmax(axis=1) == labels).mean())


def clip_nll(tagged: Tagged, labels: NDArray[np.int64]) -> float:
    """Returns the mean negative log-likelihood of the right label under the clips' mean posterior, nats."""
    chosen = clip_posterior(tagged)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-6)).mean())


def music_shares(
    net: GenreNet, recordings: Recordings, indices: list[int], threshold: float = 0.5
) -> NDArray[np.float64]:
    """Returns, for each recording of more than a second, the share of its later frames that are called music.

    Each is heard twice in a row, since many last 2 to 4 s: what counts is the second hearing.
    """
    shares = []
    for i in indices:
        mel, chroma = recordings.bands(i)
        if len(mel) > SETTLE_FRAMES:
            twice = (np.concatenate([mel, mel])[None], np.concatenate([chroma, chroma])[None])
            music = tag_bands(net, *twice).music[0, len(mel) :]
            shares.append(float((music > 0.5).mean()))
    return np.array(shares)


def per_label(tagged: Tagged, labels: NDArray[np.int64]) -> list[list[int]]:
    """Returns the confusion matrix ``[10][10]``: rows are the truth, columns the decision after 30 s."""
    matrix = np.zeros((10, 10), dtype=int)
    np.add.at(matrix, (labels, clip_posterior(tagged).argmax(axis=1)), 1)
    return [[int(count) for count in row] for row in matrix]


def tag_clips(net: GenreNet, gtzan: Corpus, clips: NDArray[np.int64]) -> Tagged:
    """Runs the network over GTZAN clips, 343 frames each (one clip lacks the last frame)."""
    return tag_bands(net, gtzan.mel[clips, :343], gtzan.chroma[clips, :343])


def carried_accuracy(net: GenreNet, gtzan: Corpus, clips: NDArray[np.int64]) -> float:
    """Returns the clip accuracy when all clips follow one another in one stream of hours, the state never reset."""
    order = np.random.default_rng(0).permutation(clips)
    stream = (part[order, :343].reshape(1, len(order) * 343, -1) for part in (gtzan.mel, gtzan.chroma))
    probs = tag_bands(net, *stream).probs
    by_clip = Tagged(probs.reshape(len(order), 343, -1), np.ones((len(order), 343), dtype=np.float32))
    return clip_accuracy(by_clip, gtzan.labels[order])
