"""The check itself: every law in turn, then how long a step takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from ..plugin import Params
from ..targets.target import Target
from .laws import LAWS, Case, make_case
from .targeted import Targeted
from .traces import AnyPlugin, step

BATCH = 64


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a plugin that keeps the contract costs.

    Attributes:
        laws: Names of the laws that were tried.
        step_ms: Median time of a step for one session, on one thread.
        batch_step_ms: The same for ``BATCH`` sessions.
        real_time_factor: ``step_ms`` over the hop's duration: the share of a core that one session takes.
    """

    laws: tuple[str, ...]
    step_ms: float
    batch_step_ms: float
    real_time_factor: float


def check_plugin(
    plugin: AnyPlugin,
    *,
    params: Params | None = None,
    target: Target | None = None,
    seconds: float = 4.0,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> CheckReport:
    """Tries ``plugin`` on made-up programmes and proves that it keeps the contract.

    The laws, in their order; ``PluginCheckFailed.law`` names the first that does not hold:

    - ``well_formed``: state, events and audio have the shapes and types of the contract.
    - ``inputs_kept``: neither chunks nor state are changed in place.
    - ``chunked``: the engine, fed in random blocks, gives what stepping chunk by chunk gives.
    - ``interleaved``: streams stepped in turns do not disturb one another.
    - ``batched``: a stream in a batch gives what it gives alone.
    - ``masked``: a masked row keeps its state, says nothing and disturbs nobody.
    - ``reset``: a used state slot starts afresh.
    - ``snapshot``: a state written and read back goes on the same.
    - ``causal``: what comes later changes nothing that has come out. A chunk's results may depend on all
      of the chunk, ``chunk_samples - hop_samples`` beyond the hop, and on nothing after it.
    - ``aligned``: a processor's output, where it resembles its input, lags it by ``latency_samples``.
    - ``finite``: silence, full-scale noise, DC and denormals give finite results.
    - ``turned``: a plugin that takes a target is turned to one between two steps and to nobody again; other streams do
      not notice, a state that was turned can be stored, and nothing is left of whom it was turned to before.

    Args:
        plugin: Loaded on its device. Several plugins may be checked in one process.
        params: For every step; None takes the defaults.
        target: Whom every stream keeps from its beginning on, for a plugin that takes a target.
        seconds: Length of each stream; long enough for the plugin to say something. At least nine hops are used.
        tolerance: Allowed difference of numbers, absolute or relative to the largest; batched arithmetic may
            round differently.
        seed: Of the programmes.

    Returns:
        What a step costs.

    Raises:
        PluginCheckFailed: Names the law that is broken, and gives figures.
    """
    params = plugin.Params() if params is None else params
    with torch.inference_mode(), _one_thread():
        plugin = plugin if target is None else Targeted(plugin, target)
        case = make_case(plugin, params, seconds, tolerance, seed)
        for law in LAWS:
            law(case)
        return _report(case)


def _report(case: Case) -> CheckReport:
    step_ms = _median_step_ms(case, 1)
    return CheckReport(
        laws=tuple(law.__name__ for law in LAWS),
        step_ms=step_ms,
        batch_step_ms=_median_step_ms(case, BATCH),
        real_time_factor=step_ms / 1000 / case.plugin.spec.hop_s,
    )


def _median_step_ms(case: Case, rows: int, repeats: int = 50) -> float:
    state, times_s = case.plugin.init_state(rows), []
    chunks = case.chunks[0][:1].expand(rows, -1, -1)
    for _ in range(repeats):
        begun_s = time.perf_counter()
        result, state = step(case.plugin, chunks, case.params, state)
        if result.audio is not None:
            result.audio.cpu()  # Waits for a GPU.
        times_s.append(time.perf_counter() - begun_s)
    return 1000 * float(np.median(times_s))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Uses one torch thread, as the engine's workers do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
