"""The tables of the papers with ours beside them: all networks, and the hierarchy node by node.

Invariant: every network and node of the papers has its row, measured or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .estimates import Estimate, estimate
from .markdown import ABSENT, percent, table
from .networks import baselines, ordered, title
from .published import NODES, PUBLISHED, Published
from .results import Results
from .runs import PROTOCOLS, Run

HEADINGS = {
    "segments": "the paper's protocol (by segment, leaks)",
    "tracks": "10-fold by track",
    "filtered": "fault-filtered",
}
COMBINATIONS = {"product": "end to end, products of posteriors", "hard": "end to end, hard routing"}

Score = Callable[[Run], Mapping[str, Any] | None]
"""Finds ``accuracy`` and ``n`` of something in a run; None where the run does not have it."""


def accuracy(runs: tuple[Run, ...]) -> Estimate | None:
    """Returns the mean accuracy of ``runs``, None without any."""
    return _mean(runs, _whole)


def network_table(results: Results) -> str:
    """Returns a row for each network: the paper's figure, ours under each protocol, and its size."""
    rows = []
    for network in ordered(results):
        paper = PUBLISHED.get(network, Published(ABSENT))
        measured = (_text(accuracy(results.of(network, protocol))) for protocol in PROTOCOLS)
        rows.append((title(network), paper.source, str(paper), *measured, _weights(results, network)))
    headings = (HEADINGS[protocol] for protocol in PROTOCOLS)
    return table(("network", "paper", "paper says", *headings, "weights"), rows, words=2)


def segment_table(results: Results) -> str:
    """Returns the papers' networks scored by segment, as the papers do, under the protocols that do not leak."""
    protocols = ("tracks", "filtered")
    rows = [
        (title(network), *(_text(_mean(results.of(network, protocol), _by_segment)) for protocol in protocols))
        for network in baselines(results)
    ]
    return table(("network, by segment", *(HEADINGS[protocol] for protocol in protocols)), rows)


def hierarchy_table(results: Results) -> str:
    """Returns the seven nodes on the music of their own genres, both ways of combining them, and one LSTM for all."""

    def row(name: str, paper: str, network: str, score: Score) -> tuple[str, ...]:
        return (name, paper, *(_text(_mean(results.of(network, protocol), score)) for protocol in PROTOCOLS))

    rows = [row(node, percent(share), "hierarchy", _node(node)) for node, share in NODES.items()]
    ends = str(PUBLISHED["hierarchy"])
    rows += [row(name, ends, "hierarchy", _combination(key)) for key, name in COMBINATIONS.items()]
    rows.append(row("one LSTM for all ten", str(PUBLISHED["lstm"]), "lstm", _whole))
    return table(("", "paper says", *(HEADINGS[protocol] for protocol in PROTOCOLS)), rows)


def _mean(runs: tuple[Run, ...], score: Score) -> Estimate | None:
    scores = [found for run in runs if (found := score(run)) is not None]
    return estimate([each["accuracy"] for each in scores], scores[0]["n"]) if scores else None


def _whole(run: Run) -> Mapping[str, Any]:
    return {"accuracy": run.accuracy, "n": run.n}


def _by_segment(run: Run) -> Mapping[str, Any] | None:
    """Counts clips, not segments: those of a clip are right or wrong together, so there is no more to go by."""
    scored = run.extra("by_segment")
    return scored and {"accuracy": scored["accuracy"], "n": run.n}


def _node(name: str) -> Score:
    return lambda run: (run.extra("nodes") or {}).get(name)


def _combination(name: str) -> Score:
    return lambda run: (run.extra("combinations") or {}).get(name)


def _text(measured: Estimate | None) -> str:
    return ABSENT if measured is None else str(measured)


def _weights(results: Results, network: str) -> str:
    """Returns how many weights a network has: fewer where a protocol's segments are shorter."""
    sizes = sorted({run.parameters for run in results.runs if run.network == network})
    return " to ".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1]))) if sizes else ABSENT
