"""The laws of the plugin contract, one function each.

Invariant: a law raises PluginCheckFailed with its name and the figures that break it, or returns.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch

from ..errors import PluginFault
from ..frames import Samples
from ..plugin import Params, Result, State
from ..state_pool import StatePool
from ..stepper import BatchFailed
from ..targets.target import EMBEDDING_SIZE, Target
from .comparison import PluginCheckFailed, require_same, require_same_state
from .contract import require_result, require_state
from .signals import extremes, programme
from .traces import AnyPlugin, Trace, collect, cut, like, row_of, run, run_batch, serve, serve_batch, step

STREAMS = 4
_ALIGNED_CORRELATION = 0.5
"""From this normalised correlation on, a processor's output is its input at a lag that can be told."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a law is tried on.

    Attributes:
        plugin: Loaded on its device.
        params: For every step.
        tolerance: Allowed difference, absolute or relative, of numbers.
        samples: float32 ``[C, T]``, several streams that are long enough for every law.
        seed: Of what the laws draw.
    """

    plugin: AnyPlugin
    params: Params
    tolerance: float
    samples: tuple[Samples, ...]
    seed: int

    @property
    def chunks(self) -> list[torch.Tensor]:
        """The streams, each cut into ``[N, C, chunk_samples]``."""
        return [cut(samples, self.plugin.spec) for samples in self.samples]

    def random(self) -> np.random.Generator:
        """Returns a fresh generator."""
        return np.random.default_rng(self.seed)


def make_case(plugin: AnyPlugin, params: Params, seconds: float, tolerance: float, seed: int) -> Case:
    """Returns a case with ``STREAMS`` streams of ``seconds``."""
    spec = plugin.spec
    length = max(spec.chunk_samples + 8 * spec.hop_samples, round(seconds * spec.sample_rate))
    streams = [programme(spec.channels, length, spec.sample_rate, seed + index) for index in range(STREAMS)]
    return Case(plugin, params, tolerance, tuple(streams), seed)


def well_formed(case: Case) -> None:
    """State, events and audio have the shapes and types of the contract."""
    plugin, rows = case.plugin, len(case.samples)
    state = plugin.init_state(rows)
    require_state(state, plugin.init_state(rows), plugin, rows)
    for chunks in torch.stack(tuple(case.chunks)).unbind(1):
        result, new = step(plugin, chunks, case.params, state)
        require_result(plugin, result, rows)
        require_state(new, state, plugin, rows)
        state = new


def inputs_kept(case: Case) -> None:
    """``step`` changes neither the chunks nor the state it is given."""
    plugin = case.plugin
    batch = torch.stack([chunks[0] for chunks in case.chunks]).to(plugin.device)
    mask = torch.ones(len(batch), dtype=torch.bool, device=plugin.device)
    state = plugin.init_state(len(batch))
    for _ in range(2):
        chunks_before, state_before = batch.clone(), like(state, [tensor.clone() for tensor in state])
        _, new = plugin.step(batch, [case.params] * len(batch), state, mask)
        if not torch.equal(batch, chunks_before):
            raise PluginCheckFailed("inputs_kept", "step changed the chunks it was given")
        require_same_state("inputs_kept", state, state_before)
        state = new


def chunked(case: Case) -> None:
    """The engine, fed in random blocks, gives what stepping the whole stream chunk by chunk gives."""
    samples, plugin = case.samples[0], case.plugin
    expected = run(plugin, case.chunks[0], case.params)
    cuts = np.sort(case.random().integers(0, samples.shape[1], 50))
    splits = np.diff(cuts, prepend=0, append=samples.shape[1]).tolist()
    try:
        got = serve(plugin, samples, splits, case.params, StatePool(plugin.init_state, 1))
    except PluginFault as fault:
        raise PluginCheckFailed("chunked", f"the engine would disable it: {fault.message}") from fault
    require_same("chunked", got, expected, case.tolerance)


def interleaved(case: Case) -> None:
    """What a stream gives does not depend on the streams stepped between its own steps."""
    streams = case.chunks
    alone = [run(case.plugin, chunks, case.params) for chunks in streams]
    states = [case.plugin.init_state(1) for _ in streams]
    results: list[list[Result]] = [[] for _ in streams]
    for hop in range(len(streams[0])):
        for index, chunks in enumerate(streams):
            result, states[index] = step(case.plugin, chunks[hop : hop + 1], case.params, states[index])
            results[index].append(result)
    for index, expected in enumerate(alone):
        require_same("interleaved", collect(results[index], 0, states[index]), expected, case.tolerance)


def batched(case: Case) -> None:
    """A stream in a batch gives what it gives alone."""
    for chunks, got in zip(case.chunks, run_batch(case.plugin, case.chunks, case.params), strict=True):
        require_same("batched", got, run(case.plugin, chunks, case.params), case.tolerance)


def masked(case: Case) -> None:
    """A masked row keeps its state to the bit and says nothing, and the other rows do not notice it."""
    plugin, streams, random = case.plugin, case.chunks, case.random()
    state, results, heard = plugin.init_state(len(streams)), [], []
    mask = torch.ones(len(streams), dtype=torch.bool)
    for hop in range(len(streams[0])):
        mask[1:] = torch.from_numpy(random.random(len(streams) - 1) < 0.5)
        heard.append(mask.tolist())
        result, new = step(plugin, torch.stack([chunks[hop] for chunks in streams]), case.params, state, mask)
        for row in (~mask).nonzero().flatten().tolist():
            require_same_state("masked", row_of(new, row), row_of(state, row))
            if result.events[row] is not None:
                raise PluginCheckFailed("masked", f"a masked row gave the event {result.events[row]!r:.200}")
        results.append(result)
        state = new
    for row, chunks in enumerate(streams):
        kept = [hop for hop, rows in enumerate(heard) if rows[row]]
        got = collect([results[hop] for hop in kept], row, row_of(state, row))
        require_same("masked", got, run(plugin, chunks[kept], case.params), case.tolerance)


def reset(case: Case) -> None:
    """A stream in a slot that another has used gives what it gives in a new one."""
    plugin, first, second = case.plugin, case.samples[0], case.samples[1]
    expected = run(plugin, case.chunks[1], case.params)
    pool = StatePool(plugin.init_state, 1)
    serve(plugin, first, [first.shape[1]], case.params, pool)
    got = serve(plugin, second, [second.shape[1]], case.params, pool)
    require_same("reset", got, expected, case.tolerance)
    require_same_state("reset", plugin.init_state(1), row_of(plugin.init_state(2), 1))


def snapshot(case: Case) -> None:
    """A state that was written to bytes and read back goes on as if nothing had happened."""
    plugin, chunks = case.plugin, case.chunks[0]
    middle = int(case.random().integers(1, len(chunks)))
    state = run(plugin, chunks[:middle], case.params).state
    restored = _restored(state)
    expected = run(plugin, chunks[middle:], case.params, state)
    require_same("snapshot", run(plugin, chunks[middle:], case.params, restored), expected, case.tolerance)


def causal(case: Case) -> None:
    """What has come out does not depend on what comes later, in this stream or in one that came between."""
    plugin, spec, samples = case.plugin, case.plugin.spec, case.samples[0]
    expected = run(plugin, case.chunks[0], case.params)
    changed_at = int(case.random().integers(spec.chunk_samples, samples.shape[1]))
    changed = samples.copy()
    changed[:, changed_at:] = case.random().uniform(-1.0, 1.0, changed[:, changed_at:].shape)
    got = run(plugin, cut(changed, spec), case.params)
    hops = (changed_at - spec.chunk_samples) // spec.hop_samples + 1
    before, after = (_head(trace, hops, spec.hop_samples) for trace in (expected, got))
    require_same("causal", after, before, case.tolerance)
    require_same("causal", run(plugin, case.chunks[0], case.params), expected, case.tolerance)


def aligned(case: Case) -> None:
    """A processor whose output resembles its input lags it by ``latency_samples``, exactly."""
    spec = case.plugin.spec
    if spec.kind == "analyzer":
        return
    noise = 0.3 * case.random().standard_normal(case.samples[0].shape).astype(np.float32)
    audio = run(case.plugin, cut(noise, spec), case.params).audio
    assert audio is not None
    lag, correlation = _lag(noise[:, : audio.shape[1]], audio.numpy())
    if correlation >= _ALIGNED_CORRELATION and lag != spec.latency_samples:
        raise PluginCheckFailed(
            "aligned", f"output lags input by {lag} samples where latency_samples says {spec.latency_samples}"
        )


def finite(case: Case) -> None:
    """Silence, full-scale noise, DC and denormals give finite results."""
    channels, num_samples = case.samples[0].shape
    for name, samples in extremes(channels, num_samples, case.seed).items():
        state = case.plugin.init_state(1)
        for chunk in cut(samples, case.plugin.spec):
            result, state = step(case.plugin, chunk[None], case.params, state)
            try:
                require_result(case.plugin, result, 1)
            except PluginCheckFailed as error:
                raise PluginCheckFailed("finite", f"on {name}: {error}") from error


def turned(case: Case) -> None:
    """A plugin that takes a target turns to it where it is told, alone, and forgets all of whom it kept before."""
    plugin = case.plugin
    if not plugin.spec.takes_target:
        return
    one, other = _targets(case)
    _require_pure_turns(case, one, other)
    streams, at = case.chunks, int(case.random().integers(1, len(case.chunks[0])))
    expected = run_batch(plugin, streams, case.params)
    begun = run(plugin, streams[1][:at], case.params)
    rest = run(plugin, streams[1][at:], case.params, plugin.retarget(begun.state, one))
    expected[1] = _joined(begun, rest)
    try:
        got = serve_batch(plugin, streams, case.params, lambda row, hop: one if row == 1 and hop >= at else None)
    except (PluginFault, BatchFailed) as fault:
        raise PluginCheckFailed("turned", f"the engine would disable it: {fault}") from fault
    for mine, theirs in zip(got, expected, strict=True):
        require_same("turned", mine, theirs, case.tolerance)


LAWS = (
    well_formed,
    inputs_kept,
    chunked,
    interleaved,
    batched,
    masked,
    reset,
    snapshot,
    causal,
    aligned,
    finite,
    turned,
)


def _require_pure_turns(case: Case, one: Target, other: Target) -> None:
    """A turn changes nothing in place, makes a state that can be stored, and only the last one counts."""
    plugin = case.plugin
    state = run(plugin, case.chunks[0][:2], case.params).state
    before = like(state, [tensor.clone() for tensor in state])
    for target in (one, None):
        turned = plugin.retarget(state, target)
        require_same_state("turned", state, before)
        require_state(turned, state, plugin, 1)
        again = plugin.retarget(plugin.retarget(state, other), target)
        require_same_state("turned", again, turned)
        chunks = case.chunks[0][2:]
        expected = run(plugin, chunks, case.params, turned)
        require_same("turned", run(plugin, chunks, case.params, _restored(turned)), expected, case.tolerance)


def _targets(case: Case) -> tuple[Target, Target]:
    """Returns two people that nobody knows."""
    embeddings = case.random().standard_normal((4, EMBEDDING_SIZE)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Target(embeddings[0], embeddings[1]), Target(embeddings[2], embeddings[3])


def _joined(begun: Trace, rest: Trace) -> Trace:
    audio = None
    if begun.audio is not None and rest.audio is not None:
        audio = torch.cat((begun.audio, rest.audio), -1)
    return Trace(begun.events + rest.events, audio, rest.state)


def _restored(state: State) -> State:
    """Returns ``state`` after it was written to bytes and read back."""
    stored = io.BytesIO()
    torch.save([tensor.clone() for tensor in state], stored)
    stored.seek(0)
    return like(state, torch.load(stored, weights_only=True, map_location=state[0].device))


def _head(trace: Trace, hops: int, hop_samples: int) -> Trace:
    audio = None if trace.audio is None else trace.audio[:, : hops * hop_samples]
    return Trace(trace.events[:hops], audio, trace.state)


def _lag(before: Samples, after: Samples) -> tuple[int, float]:
    """Returns the lag of ``after`` with the largest correlation, in samples, and that correlation, 0 to 1."""
    size = 2 * before.shape[1]
    product = np.conj(np.fft.rfft(before[0], size)) * np.fft.rfft(after[0], size)
    correlation = np.abs(np.fft.irfft(product, size))
    best = int(correlation.argmax())
    norm = float(np.linalg.norm(before[0]) * np.linalg.norm(after[0]))
    return (best if best < size // 2 else best - size), float(correlation[best]) / max(norm, 1e-12)
