"""The three protocols: which segments are for training, for early stopping and for the score.

Invariant: the three parts share no segment; under ``tracks`` and ``filtered`` they share no clip either.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from ..corpus import SPLITS, Corpus, fold_of_tracks, load_split
from .segments import Indices, Segments

NUM_FOLDS = 10
Protocol = Literal["segments", "tracks", "filtered"]
PROTOCOLS = get_args(Protocol)


class Parts(NamedTuple):
    """Indices of segments."""

    train: Indices
    valid: Indices
    test: Indices


def by_segment(num_segments: int, test_tenths: int, run: int) -> Parts:
    """Deals segments at random, as the papers do: what is next to a test segment is likely to be trained on.

    Paper 000 is 8:1:1, its runs the tenths in turn; paper 004 tests on 30 % and has no validation part, so a tenth
    is taken from its 70 % (its text has the two shares the other way round), and its runs are divisions of their own.
    """
    whole = test_tenths == 1
    tenths = np.random.default_rng(0 if whole else run).permutation(num_segments) % NUM_FOLDS
    return _parts((tenths - (run if whole else 0)) % NUM_FOLDS, test_tenths)


def by_track(corpus: Corpus, segments: Segments, run: int) -> Parts:
    """Tests on fold ``run`` of the clips, stops early by the next fold, trains on the other eight (8:1:1)."""
    folds = fold_of_tracks(corpus, NUM_FOLDS, seed=0)
    return _parts((folds[segments.clips] - run) % NUM_FOLDS, 1)


def filtered(corpus: Corpus, segments: Segments, data: Path) -> Parts:
    """Takes the fault-filtered, artist-disjoint split: 443 clips, 197 for early stopping, 290 for the score."""
    return Parts(*(segments.of_clips(corpus.index(load_split(data, name))) for name in SPLITS))


def _parts(tenths: Indices, test_tenths: int) -> Parts:
    """Gives the first tenths to the test, the next one to validation."""
    return Parts(
        train=np.flatnonzero(tenths > test_tenths),
        valid=np.flatnonzero(tenths == test_tenths),
        test=np.flatnonzero(tenths < test_tenths),
    )
