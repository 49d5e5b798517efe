"""Results of real trials of the stand-in model on made-up people, written as trials write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.facefilter.trials.made_up import new_evidence, new_subject
from training.facefilter.trials import absent, alone, lock_on, noise, robustness
from training.facefilter.trials import command as trials
from training.facefilter.trials.command import Setting
from training.facefilter.trials.observations import Bench

LOG = [
    {
        "step": step,
        "seconds": 36.0 * step,
        "separation": -0.01 * step,
        "present": 1.0 / step,
        "valid": None if step % 2 else {"separation": -0.009 * step, "present": 1.1 / step},
    }
    for step in range(1, 401)
]


def measure(folder: Path) -> None:
    """Writes ``results/`` and ``separator/log.jsonl`` below ``folder``: every trial but the one of the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(absent, "PASSAGES", 6)
        patch.setattr(lock_on, "CONVERSATIONS", 1)
        patch.setattr(robustness, "STREAMS", 2)
        patch.setattr(noise, "FILES", {"facevoice": 1, "librispeech": 1, "speechocean762": 1})
        patch.setattr(noise, "SNRS_DB", (0,))
        patch.setattr(noise, "LONGEST_S", 1.0)
        patch.setattr(alone, "LONGEST_S", 1.0)
        patch.setattr(alone, "CONDITIONS", {"face": noise.CONDITIONS["face"]})
        subject, evidence = new_subject(), new_evidence(folder)
        setting = Setting(subject, evidence, folder)
        # Cached properties: benches of four mixtures a seed instead of six hundred.
        setting.__dict__["faces"] = Bench(subject, evidence.faces, folder / "observations", 4)
        setting.__dict__["learners"] = Bench(subject, evidence.learners, folder / "observations" / "learners", 2)
        names = [name for name in trials.TRIALS if name != "served"]
        trials.run_trials(setting, folder / "results", names, again=False)
    _write(folder / "results" / "served.json", served())
    for number, row in enumerate(("audio_only", "srl")):
        _write(folder / "results" / "paper" / f"{row}.json", paper_row(row, 1.0 + number))
    log = folder / "separator" / "log.jsonl"
    log.parent.mkdir()
    log.write_text("".join(json.dumps(line) + "\n" for line in LOG) + '{"step": 401, "sec')


def served() -> dict[str, Any]:
    """What ``tectum process`` would come to; to run it takes longer than all the rest."""
    figure = {"mean": 4.5, "se": 0.5, "n": 11, "people": 9}
    found = {"si_sdri": figure, "each_db": [4.5, None], "shift_samples": [0]}
    return {
        "model_sha256": "5" * 64,
        "how": "tectum process MIXTURE -o OUT",
        "files": 12,
        "conditions": {"face": found, "voice": found, "both": found},
        "nan": {"finite": True, "refused": None, "si_sdr_against_unharmed": 41.5},
        "refused": {"face": ["expected a face, got none"], "voice": [], "both": []},
    }


def paper_row(row: str, sdri: float) -> dict[str, Any]:
    """A row as whoever trains the paper's network writes it."""
    figures = {"sdri": sdri, "sdri_se": 0.1, "si_sdri": sdri - 0.5, "si_sdri_se": 0.1, "accuracy": 0.7}
    figures |= {"accuracy_se": 0.02, "n": 150}
    pairs = {pair: figures for pair in ("M-F", "F-M", "M-M", "F-F", "opposite", "same", "all")}
    curve = [{"step": 20 * i, "loss": 3.0 / i, "held_out": 3.2 / i, "seconds": 30.0 * i} for i in range(1, 9)]
    return {
        "row": row,
        "width": 192,
        "parameters": 1_234_567,
        "mixtures": 600,
        "pairs": pairs,
        "griffin_lim": pairs,
        "curve": curve,
        "seconds": 700.0,
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
