"""What features cost: ours, streaming and offline, against librosa called hop by hop and over a clip, in one run.

The offline recipe is the table of 33 columns that studies of GTZAN feed to a classifier, one row a clip: the means of

- chroma_stft (over all twelve classes), rms, spectral_centroid, spectral_bandwidth, spectral_rolloff and
  zero_crossing_rate: 6 columns;
- mfcc, 20 coefficients: 20 columns;
- spectral_contrast, 7 bands: 7 columns.

librosa is called as those studies call it, with its defaults: a call for each feature, each with its own spectrum.
Times are of the thread's processor, so that other work on the machine counts less; compare the ratios, not the times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from models.features.feature_set import FeatureSet
from models.features.mfcc import StreamingMfcc
from realtime.testing.signals import programme

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

RATE, FRAME, HOP = 22_050, 2_048, 512
CLIP_S = 30
HOPS, CLIPS = 30, 5
MFCC_TIMES_CHEAPER, RECIPE_TIMES_CHEAPER = 5, 2

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def cpu_s(call: Callable[[], object], repeats: int) -> float:
    """Returns the median processor time of a call, after a few that warm up."""
    times = []
    for index in range(repeats + 3):
        begin = time.thread_time()
        call()
        if index >= 3:
            times.append(time.thread_time() - begin)
    return float(np.median(times))


def streaming(module: Any, sessions: int, hop: int) -> Callable[[], object]:
    """Returns a call that feeds the next hop to ``sessions`` streams, frozen in TorchScript as a service runs it."""
    scripted = torch.jit.script(module.eval())
    sound = torch.from_numpy(programme(1, 64 * hop, RATE, 0)).expand(sessions, -1)
    hops = [part.contiguous() for part in sound.split(hop, 1)]
    heard = {"state": scripted.init_state(sessions), "hops": 0}

    @torch.inference_mode()
    def step() -> object:
        y, heard["state"] = scripted(hops[heard["hops"] % 64], heard["state"])
        heard["hops"] += 1
        return y

    for _ in range(8):  # Enough for whole frames, and for TorchScript to have optimised.
        step()
    return step


def columns(y: np.ndarray, frame: np.ndarray, framing: dict[str, int | bool]) -> list[np.ndarray]:
    """Returns librosa's features of the 33 columns, ``[D, F]`` each: six of one row, MFCC and contrast."""
    spectral = {"y": y, "sr": RATE, "n_fft": FRAME, **framing}
    framed = {"frame_length": FRAME, **framing}
    return [
        librosa.feature.chroma_stft(**spectral).mean(axis=0, keepdims=True),
        librosa.feature.rms(y=frame, **framed),
        librosa.feature.spectral_centroid(**spectral),
        librosa.feature.spectral_bandwidth(**spectral),
        librosa.feature.spectral_rolloff(**spectral),
        librosa.feature.zero_crossing_rate(frame, **framed),
        librosa.feature.mfcc(n_mfcc=20, **spectral),
        librosa.feature.spectral_contrast(**spectral),
    ]


def librosa_recipe(clip: np.ndarray) -> np.ndarray:
    """Returns librosa's 33 columns of a clip, with its defaults: padded frames, a hop of 512."""
    return np.concatenate([feature.mean(axis=1) for feature in columns(clip, clip, {"hop_length": HOP})])


@torch.inference_mode()
def our_recipe(features: FeatureSet, clip: Tensor) -> Tensor:
    """Returns the same 33 columns by our frames alone, without the features that librosa's recipe lacks."""
    frames, _ = features.framer(clip, features.framer.init_state(1))
    y = features.frame_features(frames, features.spectrum(frames))
    names = ("rms", "centroid", "bandwidth", "rolloff", "zero_crossing_rate", "mfcc", "contrast")
    return torch.cat((y["chroma"].mean(2, keepdim=True), *(y[name] for name in names)), 2).mean(1)[0]


def with_ratios(rows: list[Row]) -> list[Row]:
    """Adds to each row how many times cheaper it is than the first."""
    for row in rows:
        row["times cheaper than the first"] = rows[0]["real-time factor"] / row["real-time factor"]
    return rows


def test_features_hop_by_hop_against_librosa_called_per_hop(report: Callable[..., None]) -> None:
    chunk = programme(1, FRAME, RATE, 0)[0]
    per_hop = {"hop_length": HOP, "center": False}
    rows: list[Row] = []

    def add(name: str, call: Callable[[], object], hop: int, sessions: int = 1) -> float:
        step_s = cpu_s(call, HOPS) / sessions
        rows.append({"what": name, "hop": hop, "cpu us": 1e6 * step_s, "real-time factor": step_s * RATE / hop})
        return step_s

    theirs = add(
        "librosa: MFCC-13, one hop",
        lambda: librosa.feature.mfcc(y=chunk, sr=RATE, n_mfcc=13, n_fft=FRAME, **per_hop),
        HOP,
    )
    all_theirs = add("librosa: the features of the 33 columns, one hop", lambda: columns(chunk, chunk, per_hop), HOP)
    ours = {}
    for hop in (HOP, 1_920):
        for sessions in (1, 64):
            streams = f"{sessions} stream{'s' * (sessions > 1)}"
            mfcc, everything = StreamingMfcc(RATE, hop), FeatureSet(RATE, hop)
            ours["mfcc", hop, sessions] = add(
                f"ours: MFCC-13, {streams}", streaming(mfcc, sessions, hop), hop, sessions
            )
            ours["all", hop, sessions] = add(
                f"ours: all features, {streams}", streaming(everything, sessions, hop), hop, sessions
            )
    report("features", "Features hop by hop (all: 17 features, histograms included)", with_ratios(rows))
    assert theirs / ours["mfcc", HOP, 1] >= MFCC_TIMES_CHEAPER
    assert all_theirs > ours["all", HOP, 1]


def test_a_clip_against_librosa_s_offline_recipe(report: Callable[..., None]) -> None:
    clip = programme(1, CLIP_S * RATE, RATE, 0)
    samples = torch.from_numpy(clip)
    features = FeatureSet(RATE, HOP, num_mfcc=20).eval()
    # Without librosa's padding, its floor of 80 dB and its estimate of tuning the columns are alike, not equal.
    np.testing.assert_allclose(our_recipe(features, samples), librosa_recipe(clip[0]), rtol=0.05, atol=0.5)

    @torch.inference_mode()
    def everything() -> object:
        return features(samples, features.init_state(1))

    calls: list[tuple[str, Callable[[], object]]] = [
        ("librosa: 33 columns", lambda: librosa_recipe(clip[0])),
        ("ours: the same 33 columns", lambda: our_recipe(features, samples)),
        ("ours: all features, every frame", everything),
    ]
    rows: list[Row] = []
    for name, call in calls:
        clip_s = cpu_s(call, CLIPS)
        rows.append({"what": name, "cpu ms": 1000 * clip_s, "real-time factor": clip_s / CLIP_S})
    report("features_clip", f"Features of a clip of {CLIP_S} s", with_ratios(rows))
    assert rows[1]["times cheaper than the first"] >= RECIPE_TIMES_CHEAPER
