"""The paper's Tables 2 and 3, beside its network trained here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....genre.reporting.figures import spread
from ....genre.reporting.markdown import ABSENT, table
from ..figures import PAIRS, pair_name
from ..published import ROWS, TABLE_2, UNSEEN
from ..results import Results

Row = Mapping[str, Any]


def papers_section(results: Results) -> str:
    """Returns both tables; a row that was not trained stays in them with the paper's own figures."""
    rows = results.papers
    if not rows:
        return ""
    return "\n\n".join(part for part in (_how(rows), _table_2(rows), _table_3(rows, results)) if part)


def _how(rows: Mapping[str, Row]) -> str:
    some = next(iter(rows.values()))
    minutes = [row["seconds"] / 60 for row in rows.values() if "seconds" in row]
    text = (
        f"The network of Table 1 and Figure 3 at width {some['width']} ({some['parameters']:,} weights; paper: 1536),"
        f" on {some['mixtures']} mixtures at 0 dB of held-out people"
    )
    if minutes:
        text += f", each row trained for {min(minutes):.0f} to {max(minutes):.0f} minutes of one CPU core"
    return (
        text
        + ". The paper trains on 2,000,000 mixtures of 5,994 people, so its figures are an anchor and no rival. Ours "
        "are played with the mixture's phase; Griffin-Lim, which the paper plays with, is beside them."
    )


def _table_2(rows: Mapping[str, Row]) -> str:
    shown = [
        (
            text,
            f"{TABLE_2[name].sdri:.2f}",
            f"{100 * TABLE_2[name].accuracy:.1f}",
            *_figures(rows.get(name), "pairs", ("sdri", "si_sdri", "accuracy")),
            *_figures(rows.get(name), "griffin_lim", ("sdri", "accuracy")),
        )
        for name, text in ROWS.items()
    ]
    header = (
        "Table 2",
        "paper: SDRi, dB",
        "accuracy, %",
        "ours: SDRi, dB",
        "SI-SDRi, dB",
        "accuracy, %",
        "Griffin-Lim: SDRi, dB",
        "accuracy, %",
    )
    return table(header, shown)


def _table_3(rows: Mapping[str, Row], results: Results) -> str:
    """Returns the pairs of sexes: the paper's, ours of every row that has a face, and the separator that ships."""
    trained = {name: rows[name] for name in ROWS if name in rows and name != "audio_only"}
    streaming = results.trials.get("separation", {}).get("conditions", {}).get("face", {})
    shown = []
    for pair in PAIRS:
        paper = UNSEEN.get(pair)
        cells = [f"{paper.sdri:.2f} / {100 * paper.accuracy:.1f}" if paper else ABSENT]
        cells += [_pair(row["pairs"].get(pair)) for row in trained.values()]
        cells.append(_streaming(streaming.get(pair)))
        shown.append((pair_name(pair), *cells))
    header = (
        "Table 3: SDRi, dB / accuracy, %",
        "paper",
        *(ROWS[name] for name in trained),
        "streaming separator, face",
    )
    return table(header, shown)


def _figures(row: Row | None, kind: str, measures: tuple[str, ...]) -> list[str]:
    found = ((row or {}).get(kind) or {}).get("all")
    return [_shown(found, measure) if found else ABSENT for measure in measures]


def _pair(found: Row | None) -> str:
    return f"{_shown(found, 'sdri')} / {_shown(found, 'accuracy')}" if found else ABSENT


def _streaming(found: Row | None) -> str:
    if not found:
        return ABSENT
    sdri, accuracy = found["sdri"], found["accuracy"]
    return f"{spread(sdri['mean'], sdri['se'])} / {spread(accuracy['share'], accuracy['se'], 100.0, 1)}"


def _shown(found: Row, measure: str) -> str:
    scale, digits = (100.0, 1) if measure == "accuracy" else (1.0, 2)
    show: Callable[..., str] = spread
    return show(found.get(measure), found.get(f"{measure}_se"), scale, digits)
