"""What one batched step costs, through the engine's own stepper, pool and worker thread."""

from collections.abc import Callable
from functools import partial

import librosa
import numpy as np
import pytest
import torch

from realtime.artifacts import load_artifact
from realtime.plugins.facefilter import FacefilterPlugin
from realtime.plugins.gain import GainPlugin
from realtime.plugins.genre import GenrePlugin
from realtime.testing.signals import programme

from .timing import CPU, on_worker, steps_of

pytestmark = pytest.mark.benchmark

CHEAPER_THAN_LIBROSA = 20
SINGLE_RTF, BATCHED_RTF = 0.0025, 0.0010


def test_step_time_of_1_16_and_64_sessions(report):
    rows, factors = [], {}
    for plugin in (GenrePlugin, GainPlugin, FacefilterPlugin):
        for sessions in (1, 16, 64):
            wall_s, cpu_s = on_worker(steps_of(plugin, sessions))
            p50, p95, p99 = np.quantile(wall_s, [0.5, 0.95, 0.99]) * 1000
            # The mean: genre reads its statistics in one hop of eleven, and a median would leave that out.
            factors[plugin.spec.name, sessions] = np.mean(cpu_s) / sessions / plugin.spec.hop_s
            rows.append(
                {
                    "plugin": plugin.spec.name,
                    "sessions": sessions,
                    "p50 ms": p50,
                    "p95 ms": p95,
                    "p99 ms": p99,
                    "cpu ms": np.mean(cpu_s) * 1000,
                    "real-time factor a session": factors[plugin.spec.name, sessions],
                    "sessions a core": int(1 / factors[plugin.spec.name, sessions]),
                }
            )
    report("steps", "One batched step (features, network, state, events)", rows)
    assert factors["genre", 64] <= BATCHED_RTF


def stream_of(module, chunk: np.ndarray, sessions: int) -> Callable[[int], object]:
    """Returns a call that advances ``sessions`` streams by a hop, the state carried from call to call."""
    chunks = torch.from_numpy(chunk).expand(sessions, -1).contiguous()
    states = [module.init_state(sessions)]

    def advance(index: int) -> None:
        _, states[0] = module(chunks, states[0])

    return advance


def test_features_and_network_against_librosa_s_mfcc_called_per_hop(report):
    artifact = load_artifact("genre", CPU)
    card = artifact.card
    chunk = programme(1, card.chunk_samples, card.sample_rate, 0)
    rows = []

    def add(name: str, call: Callable[[int], object], hop_samples: int, sessions: int = 1) -> float:
        _, cpu_s = on_worker(call)
        step_s = float(np.mean(cpu_s)) / sessions
        factor = step_s * card.sample_rate / hop_samples
        rows.append({"what": name, "hop": hop_samples, "cpu ms": 1000 * step_s, "real-time factor": factor})
        return factor

    mfcc = partial(librosa.feature.mfcc, y=chunk[0], sr=card.sample_rate, n_mfcc=13, n_fft=2048, center=False)
    theirs = add("librosa.feature.mfcc for each of its default hops", lambda index: mfcc(hop_length=512), 512)
    add("librosa.feature.mfcc for each of our hops", lambda index: mfcc(hop_length=1_920), card.hop_samples)
    factors = []
    for sessions in (1, 64):
        name = f"features, LSTM and classes, {sessions} session{'s' * (sessions > 1)} a call"
        factors.append(add(name, stream_of(artifact.module, chunk, sessions), card.hop_samples, sessions))
    for row in rows:
        row["times cheaper than the first"] = theirs / row["real-time factor"]
    report("mfcc", "Our features and network against librosa's features", rows)
    assert factors[0] <= SINGLE_RTF
    assert factors[1] <= BATCHED_RTF
    assert theirs / factors[0] >= CHEAPER_THAN_LIBROSA
