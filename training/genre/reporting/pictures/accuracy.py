"""Accuracy of every network under every protocol, beside what its paper says."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..estimates import Estimate
from ..networks import ordered, title
from ..published import PUBLISHED
from ..results import SHIPPED, Results
from ..tables import accuracy
from .style import ACCENT, FAINT, INK, MIDDLE, MUTED, STRONG, new_figure, quiet

MARKS = {
    "filtered": ("fault-filtered, by clip", STRONG, STRONG),
    "tracks": ("10-fold by track, by clip", MIDDLE, MIDDLE),
    "segments": ("the paper's own, by segment (leaks)", "white", MUTED),
}
"""Words for a protocol, and the colours of its dots inside and around."""


def draw_accuracies(results: Results) -> Figure | None:
    """Draws a row of dots with standard errors for each network; None without runs."""
    networks = [name for name in ordered(results) if any(results.of(name, protocol) for protocol in MARKS)]
    if not networks:
        return None
    figure = new_figure(1.3 + 0.4 * len(networks))
    axes = figure.subplots()
    for row, network in enumerate(networks):
        _draw_paper(axes, row, network)
        for protocol in MARKS:
            measured = accuracy(results.of(network, protocol))
            if measured is not None:
                _draw_dot(axes, row, measured, protocol)
    _frame(axes, networks)
    figure.legend(*_one_of_each(axes), loc="outside lower center", ncols=4, fontsize=8.5)
    return figure


def _draw_paper(axes: Axes, row: int, network: str) -> None:
    paper = PUBLISHED.get(network)
    if paper is not None and paper.low is not None and paper.high is not None:
        low, high = paper.low, paper.high
        axes.plot([low, high], [row, row], color=ACCENT, linewidth=1.5, zorder=1)
        axes.plot((low + high) / 2, row, "|", color=ACCENT, markersize=15, markeredgewidth=2.2, label="the paper says")


def _draw_dot(axes: Axes, row: int, measured: Estimate, protocol: str) -> None:
    label, face, edge = MARKS[protocol]
    axes.errorbar(
        measured.mean,
        row,
        xerr=measured.error,
        marker="o",
        markersize=7,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=1.4,
        ecolor=edge,
        elinewidth=1.4,
        linestyle="none",
        label=label,
    )


def _frame(axes: Axes, networks: list[str]) -> None:
    axes.set_yticks(range(len(networks)), [title(name) for name in networks])
    axes.set_ylim(len(networks) - 0.5, -0.5)
    axes.set_xlim(0.2, 1.0)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    quiet(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, (network, label) in enumerate(zip(networks, axes.get_yticklabels(), strict=True)):
        axes.axhline(row, color=FAINT, linewidth=0.7, zorder=0)
        if network == SHIPPED:
            label.set(fontweight="bold", color=INK)
    axes.set_title("Accuracy and its standard error")


def _one_of_each(axes: Axes) -> tuple[list[Artist], list[str]]:
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    order = [*(mark[0] for mark in MARKS.values()), "the paper says"]
    shown = [label for label in order if label in by_label]
    return [by_label[label] for label in shown], shown
