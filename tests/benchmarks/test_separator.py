"""What one hop of the separator costs, in float32 and in int8, beside RNNoise in the same run."""

import io

import numpy as np
import pytest
import torch
from pyrnnoise import rnnoise
from torch import Tensor
from torch.nn.functional import normalize

from models.separator import EMBEDDING_SIZE, HOP_SAMPLES, SAMPLE_RATE, Separator
from models.separator_int8 import in_int8
from realtime.artifacts import load_artifact
from realtime.testing.signals import programme

from .timing import CPU, on_worker

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

HOP_S = HOP_SAMPLES / SAMPLE_RATE
SESSIONS = (1, 16, 64)
HOPS = 16
ALONE_P99_MS = 1.0
SESSIONS_A_CORE = 200
LEARN_RANGES_HOPS = 100


@pytest.fixture(scope="module")
def shipped():
    return load_artifact("facefilter", CPU).module


def eager(module) -> Separator:
    """Returns the network that was scripted as ``module``, with its weights."""
    weights = module.state_dict()
    blocks = {name.split(".")[1] for name in weights if name.startswith("blocks.")}
    width, hidden = weights["blocks.0.output.weight"].shape
    net = Separator(width, hidden, len(blocks), condition=len(weights["target.2.bias"]))
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net.eval()


def int8(net: Separator):
    """Returns ``net`` in int8 as the service would have it: scripted, written and read."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(in_int8(net, streams(8, LEARN_RANGES_HOPS), targeted(net, 8))), buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


def targeted(module, sessions: int) -> Tensor:
    """Returns the state of sessions of which each was told of a face and a voice of its own."""
    generator = torch.Generator().manual_seed(0)
    face, voice = (normalize(torch.randn(sessions, EMBEDDING_SIZE, generator=generator), dim=1) for _ in range(2))
    return module.with_target(module.init_state(sessions), face, voice, torch.ones(sessions, 2))


def streams(sessions: int, hops: int) -> Tensor:
    rows = [programme(1, hops * HOP_SAMPLES, SAMPLE_RATE, seed)[0] for seed in range(sessions)]
    return torch.from_numpy(np.stack(rows))


def hops_of(module, sessions: int):
    """Returns a call that steps ``sessions`` streams by a hop, the state carried from call to call."""
    hops = [hop.contiguous() for hop in streams(sessions, HOPS).split(HOP_SAMPLES, 1)]
    lock_on, states = torch.ones(sessions), [targeted(module, sessions)]

    def advance(index: int) -> None:
        with torch.inference_mode():
            *_, states[0] = module.step(hops[index % HOPS], lock_on, states[0])

    return advance


def frames_of_rnnoise(state):
    """Returns a call that has RNNoise's own function denoise 10 ms at 48 kHz; no Python wrapper is charged to it."""
    samples = 32_767.0 * programme(1, HOPS * rnnoise.FRAME_SIZE, rnnoise.SAMPLE_RATE, 0)
    frames = np.ascontiguousarray(samples.reshape(HOPS, -1), np.float32)
    pointer = rnnoise.lib.rnnoise_process_frame.argtypes[1]
    inputs = [frame.ctypes.data_as(pointer) for frame in frames]
    output = np.empty(rnnoise.FRAME_SIZE, np.float32).ctypes.data_as(pointer)

    def advance(index: int) -> None:
        rnnoise.lib.rnnoise_process_frame(state, inputs[index % HOPS], output)

    return advance


def row(what: str, sessions: int, call) -> dict[str, str | int | float]:
    """Times ``call``; other work on the machine shows in the quantiles, least in the minimum and ``at best``."""
    wall_s, cpu_s = on_worker(call)
    p50, p95, p99 = np.quantile(wall_s, [0.5, 0.95, 0.99]) * 1000
    median_s = float(np.median(cpu_s))
    return {
        "what": what,
        "sessions": sessions,
        "min ms": wall_s.min() * 1000,
        "p50 ms": p50,
        "p95 ms": p95,
        "p99 ms": p99,
        "cpu ms": median_s * 1000,
        "sessions a core": int(sessions * HOP_S / median_s),
        "at best": int(sessions * HOP_S / cpu_s.min()),
    }


def test_a_hop_of_the_separator_beside_a_frame_of_rnnoise(shipped, report):
    variants = {"float32": shipped, "int8": int8(eager(shipped))}
    rows = {
        (what, sessions): row(what, sessions, hops_of(module, sessions))
        for what, module in variants.items()
        for sessions in SESSIONS
    }
    state = rnnoise.create()
    try:
        rows["RNNoise", 1] = row("RNNoise", 1, frames_of_rnnoise(state))
    finally:
        rnnoise.destroy(state)
    report("separator", "One hop of 10 ms: the separator, and RNNoise", list(rows.values()))
    assert rows["float32", 1]["p99 ms"] <= ALONE_P99_MS
    assert rows["float32", 64]["sessions a core"] >= SESSIONS_A_CORE
    assert rows["int8", 64]["cpu ms"] < rows["float32", 64]["cpu ms"]
    assert rows["float32", 64]["sessions a core"] > rows["RNNoise", 1]["sessions a core"]
