"""Times calls on a thread like the engine's, one torch thread each, by the clock and by what the thread used."""

import time
from collections.abc import Callable

import numpy as np
import torch

from realtime.inference_worker import InferenceWorker
from realtime.state_pool import StatePool
from realtime.stepper import Lease, Row, Stepper
from realtime.testing.signals import programme

CPU = torch.device("cpu")
WARM_UP, REPEATS = 20, 300


def timed(call: Callable[[int], object]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the wall and the CPU times of ``REPEATS`` calls, in seconds; ``call`` is given their number."""
    wall_s, cpu_s = [], []
    for index in range(WARM_UP + REPEATS):
        wall, cpu = time.perf_counter(), time.thread_time()
        call(index)
        cpu_s.append(time.thread_time() - cpu)
        wall_s.append(time.perf_counter() - wall)
    return np.array(wall_s[WARM_UP:]), np.array(cpu_s[WARM_UP:])


def on_worker(call: Callable[[int], object]) -> tuple[np.ndarray, np.ndarray]:
    """The same on a thread as the engine's workers are."""
    result = []
    worker = InferenceWorker("bench")
    worker._jobs.put(lambda: result.append(timed(call)))
    worker.stop()
    assert worker.join(120)
    return result[0]


def steps_of(plugin_class, sessions: int) -> Callable[[int], object]:
    """Returns a call that steps ``sessions`` sessions by one hop, each with its own programme."""
    plugin = plugin_class(CPU)
    spec = plugin.spec
    pool = StatePool(plugin.init_state, sessions)
    stepper, params = Stepper(plugin, pool), plugin.Params()
    length = spec.chunk_samples + 16 * spec.hop_samples
    streams = [programme(spec.channels, length, spec.sample_rate, seed) for seed in range(sessions)]
    batches = []
    for hop in range(16):
        cut = slice(hop * spec.hop_samples, hop * spec.hop_samples + spec.chunk_samples)
        batches.append([Row(slot, False, stream[:, cut], params) for slot, stream in enumerate(streams)])
    pool.reset(range(sessions))
    return lambda index: stepper.step(batches[index % 16], Lease())
