"""Two people at once at 0 dB, and one of them wanted: SI-SDRi, SDRi and accuracy by the sexes of the two.

Every mixture is judged towards both of its talkers, so a model that prefers one kind of voice gains nothing by it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .observations import CONDITIONS, SEEDS, Bench, Observations
from .pairs import in_pairs
from .spread import Figure, mean_of, share_of

BY_SEED = ("opposite", "same", "all")


def run(bench: Bench, conditions: tuple[str, ...] = tuple(CONDITIONS)) -> Figure:
    """Returns the contents of ``separation.json``."""
    observed = {name: bench.observe(name) for name in conditions}
    if "face" in observed:
        observed["face_of_other"] = turned(observed["face"])
    return {
        **described(bench),
        "conditions": {name: by_pair(bench, one) for name, one in observed.items()},
        "by_seed": {name: _by_seed(bench, one) for name, one in observed.items()},
    }


def described(bench: Bench) -> Figure:
    """Returns who was mixed, and how often."""
    counted = Counter(talker.sex or "unknown" for talker in bench.talkers)
    return {
        "people": len(set(bench.people.tolist())),
        "recordings": len(bench.talkers),
        "recordings_by_sex": dict(sorted(counted.items())),
        "no_face_found": sum(
            talker.picture is not None and not bool(found)
            for talker, found in zip(bench.talkers, bench.gallery.found, strict=True)
        ),
        "mixtures_a_seed": bench.mixtures,
        "seeds": list(SEEDS),
    }


def by_pair(bench: Bench, observations: Observations) -> dict[str, Figure]:
    """Returns the figures of each group of ``PAIRS`` that has a mixture."""
    groups = in_pairs(_sexes(bench, observations.target), _sexes(bench, observations.other))
    return {pair: _figures(bench, observations.where(chosen)) for pair, chosen in groups.items() if chosen.any()}


def turned(observations: Observations) -> Observations:
    """Judges every output towards the talker whose cue was *not* given; SDRi is not known there."""
    return observations._replace(
        target=observations.other,
        other=observations.target,
        si_sdri=observations.other_si_sdri,
        sdri=np.full(len(observations.sdri), np.nan),
        other_si_sdri=observations.si_sdri,
        nearer=~observations.nearer,
    )


def _figures(bench: Bench, observations: Observations) -> Figure:
    people = bench.clusters(observations)
    return {
        "si_sdri": mean_of(observations.si_sdri, people),
        "sdri": mean_of(observations.sdri, people),
        "accuracy": share_of(observations.nearer, people),
        "quieter_db": mean_of(observations.quieter_db, people),
        "confidence": mean_of(observations.confidence, people),
    }


def _by_seed(bench: Bench, observations: Observations) -> list[Figure]:
    """Returns mean SI-SDRi and accuracy of each seed: their spread is what other mixtures of these people give."""
    groups = in_pairs(_sexes(bench, observations.target), _sexes(bench, observations.other))
    rows = 2 * bench.mixtures
    found = []
    for start in range(0, len(observations.target), rows):
        inside = np.zeros(len(observations.target), dtype=bool)
        inside[start : start + rows] = True
        found.append({pair: _brief(observations.where(groups[pair] & inside)) for pair in BY_SEED})
    return found


def _brief(observations: Observations) -> dict[str, float | None]:
    if not len(observations.target):
        return {"si_sdri": None, "accuracy": None}
    return {
        "si_sdri": round(float(observations.si_sdri.mean()), 3),
        "accuracy": round(float(observations.nearer.mean()), 4),
    }


def _sexes(bench: Bench, positions: Any) -> list[str]:
    return [bench.talkers[i].sex for i in positions]
