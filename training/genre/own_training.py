"""Trains the tagger on a user's own labels: the recipe of the one that ships, in one go.

Invariant: the test part is looked at once, after everything else is decided.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from models.genre import GenreNet

from .fit import FitSettings
from .heads import HeadSettings, fit_heads
from .members import copy_statistics, train_members
from .own import OwnLabels, call_all_music
from .readings import fit_statistics, load_readings
from .score import accuracy, accuracy_after, clip_probs, confusion, fit_temperature, reliability
from .streams import StreamMaker, Streams

HEADS = HeadSettings(train_streams=1200, valid_streams=320)


def train_own(own: OwnLabels, runs: Path, settings: FitSettings | None = None) -> tuple[GenreNet, dict[str, Any]]:
    """Trains, calibrates and measures a network; what is finished in ``runs`` is read back.

    Args:
        own: See ``load_own_labels``.
        runs: A folder of its own for this data: checkpoints, measurements.
        settings: How to train.

    Returns:
        The network and its figures on ``own.parts.test``.
    """
    settings = settings or FitSettings()
    corpus, parts = own.corpus, own.parts
    template = corpus.new_net().eval()
    fit_statistics(template, corpus, parts.train)
    readings = load_readings(template, corpus, runs / "readings")
    net, _ = train_members(template, corpus, readings, parts.train, settings, 0, runs / "members" / "own", parts.valid)
    copy_statistics(template, net)

    temperature = fit_temperature(clip_probs(net, readings, parts.valid), corpus.labels[parts.valid])
    net.temperature.fill_(temperature)
    heads = fit_heads(
        net, lambda part, count, seed: _streams(own, template, part, count, seed), HEADS, runs / "heads.pt"
    )
    if not own.knows_music:
        call_all_music(net.music[-1])

    labels = corpus.labels[parts.test]
    probs = clip_probs(net, readings, parts.test)
    figures: dict[str, Any] = {
        "clips": len(parts.test),
        "accuracy": round(accuracy(probs[:, -1], labels), 4),
        "accuracy_after_s": accuracy_after(net, corpus, parts.test, probs),
        "confusion": confusion(probs[:, -1], labels),
        "expected_calibration_error": round(reliability(probs[:, -1], labels)[0], 4),
        "temperature": round(temperature, 3),
    }
    names = heads if own.knows_music else [name for name in heads if "changes" in name]
    return net, figures | {"valid": {name: round(heads[name], 4) for name in names}}


def _streams(own: OwnLabels, template: GenreNet, part: str, count: int, seed: int) -> Streams:
    maker = StreamMaker(own.corpus, getattr(own.parts, part), own.others, part)
    with torch.inference_mode():
        return maker.make(template, count, seed)
