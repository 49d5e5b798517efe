"""Trains the tagger on a user's own labels: the recipe of the one that ships, in one go.

Invariant: the test part is looked at once, after everything else is decided.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.genre import GenreNet

from .fit import FitSettings
from .members import copy_statistics, train_members
from .music import MusicSettings, fit_music
from .own import OwnLabels, call_all_music
from .readings import fit_statistics, load_readings
from .score import accuracy, accuracy_after, clip_probs, confusion, fit_temperature, reliability
from .streams import StreamMaker, Streams

MUSIC = MusicSettings(train_streams=1200, valid_streams=320)


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
    heard: dict[str, float] = {}
    if own.knows_music:
        heard = fit_music(
            net, lambda part, count, seed: _streams(own, net, part, count, seed), MUSIC, runs / "music.pt"
        )
    else:
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
    return net, figures | {"valid": {name: round(value, 4) for name, value in heard.items()}}


def _streams(own: OwnLabels, net: GenreNet, part: str, count: int, seed: int) -> Streams:
    maker = StreamMaker(own.corpus, getattr(own.parts, part), own.others, part)
    return maker.make(net, count, seed)
