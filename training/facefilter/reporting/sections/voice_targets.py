"""A voice known by another sentence of the same person."""

from __future__ import annotations

from ..figures import decibels, percents
from ..results import Content
from .separation import by_pair


def voice_targets_section(trial: Content) -> str:
    """Returns gains and accuracy of speechocean762."""
    return "\n\n".join(
        (
            f"As above, of {trial['people']} people of speechocean762 (learners of English; no pictures): the voice "
            "sample is another sentence than the mixture's, though recorded with the same device.",
            "SI-SDRi, dB:",
            by_pair(trial, "si_sdri", decibels),
            "Accuracy, %:",
            by_pair(trial, "accuracy", percents),
        )
    )
