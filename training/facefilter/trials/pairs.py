"""Groups of mixtures by the sex of target and other talker, named as in the FaceFilter paper's Table 3: target first.

Invariant: a mixture with somebody whose sex is not known is in ``all`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PAIRS = ("M-F", "F-M", "M-M", "F-F", "opposite", "same", "all")


def in_pairs(target: Sequence[str], other: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Returns for each of ``PAIRS`` which of N mixtures are in it, bool ``[N]``.

    Args:
        target: Sex of each target, ``f``, ``m`` or empty.
        other: Sex of each other talker.
    """
    one, two = np.array(target, dtype="<U1"), np.array(other, dtype="<U1")
    known = (one != "") & (two != "")
    exact = {f"{a}-{b}": (one == a.lower()) & (two == b.lower()) for a, b in ("MF", "FM", "MM", "FF")}
    return {**exact, "opposite": known & (one != two), "same": known & (one == two), "all": np.ones(len(one), bool)}
