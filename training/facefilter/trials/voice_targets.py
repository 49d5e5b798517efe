"""Two learners of English at once at 0 dB, the wanted one known by another sentence: no face, no shared recording.

Beside ``separation``, whose voice samples are of the same recording as the mixture for want of a second one.
"""

from __future__ import annotations

from . import separation
from .observations import Bench
from .spread import Figure

CONDITIONS = ("no_target", "voice")


def run(bench: Bench) -> Figure:
    """Returns the contents of ``voice_targets.json``."""
    return separation.run(bench, CONDITIONS)
