"""Accuracy after so many seconds of audio: of the seeds, and of the artifact itself."""

from __future__ import annotations

from .estimates import Estimate, estimate
from .figures import as_estimate
from .results import SHIPPED, Results

SECONDS = (1, 3, 5, 10, 30)


def seeds_after(results: Results) -> dict[int, Estimate]:
    """Returns the mean over the filtered seeds of the network that ships, for the seconds that all of them have."""
    runs = results.of(SHIPPED, "filtered")
    measured = [run.extra("accuracy_after_s") or {} for run in runs]
    return {
        seconds: estimate([by_time[str(seconds)] for by_time in measured], runs[0].n)
        for seconds in SECONDS
        if measured and all(str(seconds) in by_time for by_time in measured)
    }


def artifact_after(results: Results, answer: str = "now") -> dict[int, Estimate]:
    """Returns the figures of the trial of random starts, whose errors are over clips.

    Args:
        results: All.
        answer: ``now``, the posterior after the last frame; ``mean``, that of all so far; ``shown``, the label shown.
    """
    by_time = results.trials.get("random_starts", {}).get("by_answer", {}).get(answer, {})
    figures = {seconds: as_estimate(by_time[str(seconds)]) for seconds in SECONDS if str(seconds) in by_time}
    return {seconds: figure for seconds, figure in figures.items() if figure is not None}
