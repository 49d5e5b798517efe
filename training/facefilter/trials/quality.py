"""What speech sounds like beside what it should: PESQ and STOI.

Invariant: where a measure cannot tell, it says NaN and not a number.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pesq import NoUtterancesError, PesqError, pesq
from pystoi import stoi

from ..waveforms import SAMPLE_RATE
from .measures import Samples, si_sdr


class Quality(NamedTuple):
    """Of one signal, or in columns of many.

    Attributes:
        si_sdr: dB.
        pesq: Wide-band, 1 to 4.64 (ITU-T P.862.2).
        stoi: 0 to 1 (Taal et al., 2011).
    """

    si_sdr: float
    pesq: float
    stoi: float


def quality_of(heard: Samples, clean: Samples) -> Quality:
    """Judges ``heard`` against ``clean``, both ``[T]``."""
    return Quality(float(si_sdr(heard, clean)), pesq_of(heard, clean), stoi_of(heard, clean))


def pesq_of(heard: Samples, clean: Samples) -> float:
    """Returns wide-band PESQ; NaN where it finds no speech. Of silence it is 1, the worst."""
    if not np.any(heard):
        return 1.0
    try:
        return float(pesq(SAMPLE_RATE, clean, heard, "wb"))
    except (NoUtterancesError, PesqError):
        return float("nan")


def stoi_of(heard: Samples, clean: Samples) -> float:
    """Returns STOI; NaN where there is too little speech for it (it wants 384 ms)."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(clean, heard, SAMPLE_RATE))
        except RuntimeWarning:
            return float("nan")


def columns(judged: list[Quality]) -> dict[str, NDArray[np.float64]]:
    """Returns the measures of N signals by name, ``[N]`` each."""
    return {name: np.array(column) for name, column in zip(Quality._fields, zip(*judged, strict=True), strict=True)}
