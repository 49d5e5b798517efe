"""Writes a streaming module as an artifact that the service can trust.

Invariant: nothing is written unless the reloaded file gives eager's numbers over several carried states.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

CONTRACT = "tectum.artifact/1"
ARTIFACTS = Path(__file__).parent / "artifacts"
TOLERANCE = 1e-4


class ExportMismatch(Exception):
    """The exported module does not give the numbers of the eager one."""


def export(net: nn.Module, card: dict[str, Any], directory: Path = ARTIFACTS, example: Tensor | None = None) -> Path:
    """Scripts ``net``, checks it and writes ``<name>.ts``, ``<name>.json`` and its line of ``manifest.json``.

    Args:
        net: Has ``init_state(batch)`` and ``forward(x [B, T], state) -> (y, state)``; with ``example``, ``forward(x)``.
        card: What the model is; ``name``, ``chunk_samples`` and ``hop_samples`` are needed here. ``contract`` and
            ``sha256`` are filled in.
        directory: Where the artifacts are.
        example: What a network without a state is compared on.

    Returns:
        The path of the ``.ts`` file.

    Raises:
        ExportMismatch: When the reloaded module differs from ``net`` by more than 1e-4 anywhere.
    """
    net = net.eval()
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(net), buffer)
    content = buffer.getvalue()
    reloaded = torch.jit.load(io.BytesIO(content))  # type: ignore[no-untyped-call]
    if example is None:
        difference = largest_difference(net, reloaded, int(card["chunk_samples"]), int(card["hop_samples"]))
    else:
        difference = difference_on(net, reloaded, example)
    if not difference <= TOLERANCE:
        raise ExportMismatch(f"expected the exported module within {TOLERANCE} of eager, got {difference}")
    digest = hashlib.sha256(content).hexdigest()
    name = str(card["name"])
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / f"{name}.ts", content)
    _write(directory / f"{name}.json", _json({"contract": CONTRACT, **card, "sha256": digest}))
    manifest = directory / "manifest.json"
    known = json.loads(manifest.read_text()) if manifest.is_file() else {}
    _write(manifest, _json(dict(sorted({**known, name: digest}.items()))))
    return directory / f"{name}.ts"


def largest_difference(one: nn.Module, other: nn.Module, chunk: int, hop: int, rounds: int = 40) -> float:
    """Returns the largest absolute difference of outputs and states of two modules, each carrying its own state.

    Hears three streams of noise for ``rounds`` calls of one to four frames, then one stream a frame at a time.
    """
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    with torch.inference_mode():
        for batch, lengths in ((3, [1 + r % 4 for r in range(rounds)]), (1, [1] * rounds)):
            states = [one.init_state(batch), other.init_state(batch)]  # type: ignore[operator]
            for frames in lengths:
                x = torch.randn(batch, chunk + hop * (frames - 1), generator=generator) * 0.1
                y_one, states[0] = one(x, states[0])
                y_other, states[1] = other(x, states[1])
                pairs = zip(_leaves((y_one, states[0])), _leaves((y_other, states[1])), strict=True)
                worst = max([worst, *(_distance(a, b) for a, b in pairs)])
    return worst


def difference_on(one: nn.Module, other: nn.Module, example: Tensor) -> float:
    """Returns the largest absolute difference of what two modules without a state make of ``example``."""
    with torch.inference_mode():
        return max(_distance(a, b) for a, b in zip(_leaves(one(example)), _leaves(other(example)), strict=True))


def _distance(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape or not bool(torch.isfinite(a).all()):
        return float("inf")
    return float((a - b).abs().max())


def _leaves(value: Tensor | Iterable[Any]) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    else:
        for item in value:
            yield from _leaves(item)


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    # Written whole or not at all: a reader never sees half a file under the final name.
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
