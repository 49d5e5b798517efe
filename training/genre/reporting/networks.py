"""Names and order of the networks in tables and pictures: the one that ships first, then as the papers have them.

Invariant: every network of the papers is listed, measured or not, and one that is not theirs comes last, by its name.
"""

from __future__ import annotations

from .results import SHIPPED, Results

TITLES = {
    SHIPPED: "Tectum, as it ships",
    "lstm": "LSTM 13-128-32-10",
    "hierarchy": "Seven LSTMs in a tree",
    "crnn": "CRNN with GRU",
    "mlp": "MLP 512-256-128",
    "lstm64": "2 x LSTM 64, dense 64",
    "cnn": "CNN of three layers",
}


def title(network: str) -> str:
    """Returns how ``network`` is called in the report."""
    return TITLES.get(network, network)


def ordered(results: Results) -> tuple[str, ...]:
    """Returns the networks of the papers behind the one that ships, and then whatever else was measured."""
    return (*TITLES, *(name for name in results.networks() if name not in TITLES))


def baselines(results: Results) -> tuple[str, ...]:
    """Returns every network but the one that ships."""
    return tuple(name for name in ordered(results) if name != SHIPPED)
