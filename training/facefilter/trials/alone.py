"""The target alone, with nothing to take away: what facefilter does to speech that it should leave as it is."""

from __future__ import annotations

import numpy as np

from ..waveforms import SAMPLE_RATE
from .cues import Gallery, People
from .evidence import Evidence, numbers_of
from .measures import active_rms
from .mixing import levelled
from .noise import CONDITIONS, LONGEST_S, chosen_talkers
from .quality import columns, quality_of
from .spread import Figure, mean_of, share_of
from .subject import Subject

LEVEL_WITHIN_DB = 1.0
PESQ_AT_LEAST = 4.0


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``alone.json``: each condition on the talkers that it can be told of."""
    talkers = chosen_talkers(evidence)
    gallery = Gallery.of(subject, talkers)
    found = {}
    for name, condition in CONDITIONS.items():
        rows = [i for i, talker in enumerate(talkers) if talker.picture is not None or not condition.face]
        clips = [levelled(talkers[i].speech[: round(LONGEST_S * SAMPLE_RATE)]) for i in rows]
        kept = subject.keep_all(clips, gallery.cues(condition, People(rows, rows, rows)), f"alone, {name}")
        pairs = list(zip((one.wet for one in kept), clips, strict=True))
        judged = columns([quality_of(wet, clip) for wet, clip in pairs])
        change_db = np.array([20 * np.log10(max(active_rms(wet), 1e-9) / active_rms(clip)) for wet, clip in pairs])
        people = numbers_of([talkers[i].person for i in rows])
        found[name] = {
            **{key: mean_of(column, people) for key, column in judged.items()},
            "level_db": mean_of(change_db, people),
            "level_within_1_db": share_of(np.abs(change_db) <= LEVEL_WITHIN_DB, people),
            "pesq_4_or_better": share_of(judged["pesq"] >= PESQ_AT_LEAST, people),
        }
    return {"files": len(talkers), "conditions": found}
