"""Real audio against stored bands: whether ``tectum process`` on a file says what the same clip's bands give.

The bands come from GTZAN's own files; the files here are copies of them as opus at 24 kHz. Differences have three
causes: the codec, the resampling from 24,000 to 22,050 Hz, and the half decibels in which bands are stored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.progress import track

from .evidence import Evidence
from .listening import Subject
from .outcome import Outcome, outcome_of
from .served import process_file
from .spread import Figure, share_of

CAUSE = "the files are opus copies at 24 kHz; the bands came from the originals and are stored in steps of 0.5 dB"


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``real_audio.json``."""
    files = list(evidence.audio_clips("clip30s"))
    ids = [name for name, _ in files]
    heard = subject.hear(evidence.bands(evidence.corpus.index(ids)), "stored bands")
    bands = [outcome_of(subject.events(heard, row)) for row in range(len(files))]
    audio = [
        outcome_of(process_file(path, subject.folder)) for _, path in track(files, description="tectum process, clips")
    ]
    return compared(ids, bands, audio)


def compared(ids: list[str], bands: list[Outcome], audio: list[Outcome]) -> Figure:
    """Returns the shares of clips whose two words are the same both ways, and the clips whose words are not."""
    pairs = list(zip(bands, audio, strict=True))
    different: list[dict[str, Any]] = [
        {"id": name, "bands": list(one[:2]), "audio": list(other[:2])}
        for name, (one, other) in zip(ids, pairs, strict=True)
        if one[:2] != other[:2]
    ]
    return {
        "clips": len(ids),
        "how": "tectum process FILE --plugin genre --json",
        "same_last_label": share_of(np.array([one.last == other.last for one, other in pairs])),
        "same_top_label": share_of(np.array([one.top == other.top for one, other in pairs])),
        "different": different,
        "cause": CAUSE,
    }
