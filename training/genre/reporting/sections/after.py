"""Accuracy after 1 to 30 s of audio."""

from __future__ import annotations

from ..after import SECONDS, artifact_after, seeds_after
from ..estimates import Estimate
from ..figures import spread
from ..markdown import ABSENT, picture, table
from ..results import Results

ANSWERS = {
    "now": "the artifact, its posterior at that moment",
    "mean": "the artifact, mean posterior so far",
    "shown": "the artifact, the label that a user sees (none is wrong)",
}


def after_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns the table and the picture."""
    seeds = seeds_after(results)
    rows = [_row(_of_seeds(next(iter(seeds.values())).runs), seeds)] if seeds else []
    rows += [_row(text, figures) for answer, text in ANSWERS.items() if (figures := artifact_after(results, answer))]
    if not rows:
        return ""
    return "\n\n".join(
        (
            "Stretches begin at random places of the test clips, never at a beginning; 30 s is the whole clip. Errors "
            "of several seeds are over seeds, those of the artifact over clips, of which each gives one observation. "
            "In per cent; to be reached after 3 s: 56, aim 62.",
            table(("after", *(f"{seconds} s" for seconds in SECONDS)), rows),
            picture("accuracy_after.webp", "Accuracy rises with what was heard", drawn),
        )
    )


def _of_seeds(runs: int) -> str:
    return "one seed, binomial errors" if runs == 1 else f"mean of {runs} seeds"


def _row(name: str, figures: dict[int, Estimate]) -> tuple[str, ...]:
    cells = (figures.get(seconds) for seconds in SECONDS)
    return (name, *(spread(cell.mean, cell.error, 100.0, 1) if cell else ABSENT for cell in cells))
