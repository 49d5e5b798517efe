"""The law of streaming, of every module that remembers: chunked = offline, batched = solo, scripted = eager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from models.features.beat_histogram import BeatHistogram
from models.features.chroma_vectors import ChromaVectors
from models.features.feature_set import FeatureSet
from models.features.flux import SpectralFlux
from models.features.framing import Framer
from models.features.low_energy import LowEnergyShare
from models.features.mfcc import StreamingMfcc
from models.features.onset_autocorrelation import OnsetAutocorrelation
from models.features.pitch_histogram import PitchHistogram
from models.features.spectrum import Spectrum
from models.features.statistics import RunningStatistics
from tests.models.features.notes import notes

FRAME_RATE = 22_050 / 512
FRAMES = 150  # More than two of the blocks that long calls are cut into.
SECONDS = 0.8


@cache
def audio(batch: int) -> Tensor:
    return torch.stack([torch.from_numpy(notes(SECONDS, seed, every_s=0.2 + 0.05 * seed)) for seed in range(batch)])


def noise(size: int) -> Callable[[int], Tensor]:
    """Returns what draws ``[B, F, size]`` of changing deviation about 3."""

    @cache
    def draw(batch: int) -> Tensor:
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(batch, FRAMES, size, generator=generator)
        return x * torch.linspace(0.2, 2.0, FRAMES)[:, None] + 3.0

    return draw


def positive(size: int) -> Callable[[int], Tensor]:
    return lambda batch: noise(size)(batch).abs()


@cache
def spectra(batch: int) -> Tensor:
    return Spectrum()(audio(batch).unfold(1, 2_048, 256))


class Case(NamedTuple):
    make: Callable[[], nn.Module]
    draw: Callable[[int], Tensor]


OF_FRAMES = {
    "flux": Case(SpectralFlux, noise(128)),
    "low_energy": Case(LowEnergyShare, positive(1)),
    "low_energy_of_7": Case(lambda: LowEnergyShare(7), positive(1)),
    "chroma_vectors": Case(lambda: ChromaVectors(4), positive(12)),
    "chroma_vectors_of_a_frame": Case(lambda: ChromaVectors(1), positive(12)),
    "onset_autocorrelation": Case(lambda: OnsetAutocorrelation(FRAME_RATE), positive(1)),
    "onset_autocorrelation_for_ever": Case(lambda: OnsetAutocorrelation(FRAME_RATE, memory_s=None), positive(1)),
    "beat_histogram": Case(lambda: BeatHistogram(FRAME_RATE), noise(173)),
    "pitch_histogram": Case(lambda: PitchHistogram(22_050, FRAME_RATE), spectra),
    "statistics": Case(lambda: RunningStatistics(5), noise(5)),
    "statistics_that_forget": Case(lambda: RunningStatistics(5, memory_frames=20.0), noise(5)),
}
OF_SAMPLES = {
    "framer": Case(lambda: Framer(1_920), audio),
    "mfcc_512": Case(lambda: StreamingMfcc(hop_samples=512), audio),
    "mfcc_1920": Case(lambda: StreamingMfcc(hop_samples=1_920), audio),
    "feature_set_512": Case(lambda: FeatureSet(hop_samples=512), audio),
    "feature_set_1920": Case(lambda: FeatureSet(hop_samples=1_920), audio),
}
ALL = OF_FRAMES | OF_SAMPLES


def leaves(value: Any) -> Iterator[Tensor]:
    """Yields the tensors of a tensor, a dictionary or nested tuples."""
    if isinstance(value, Tensor):
        yield value
    else:
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)


def hear(module: Any, x: Tensor, lengths: list[int]) -> tuple[list[Tensor], list[Tensor]]:
    """Feeds ``x`` in calls of those lengths; returns the joined outputs and the last state."""
    state, outputs = module.init_state(len(x)), []
    for part in x.split(lengths, 1):
        y, state = module(part, state)
        outputs.append(list(leaves(y)))
    return [torch.cat(parts, 1) for parts in zip(*outputs, strict=True)], list(leaves(state))


def assert_same(got: list[Tensor], expected: list[Tensor], tolerance: float = 1e-4) -> None:
    for one, other in zip(got, expected, strict=True):
        assert one.shape == other.shape
        if one.numel() > 0:
            assert bool(one.isfinite().all())
            assert float((one - other).abs().max()) <= tolerance * max(1.0, float(other.abs().max()))


@st.composite
def cuts(draw: st.DrawFn, total: int) -> list[int]:
    """Lengths of calls, some of them zero, that add up to ``total``."""
    ends = [0, *sorted(draw(st.lists(st.integers(0, total), max_size=10))), total]
    return [end - begin for begin, end in pairwise(ends)]


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_any_chunking_gives_the_offline_numbers(case: Case) -> None:
    module, x = case.make(), case.draw(1)
    with torch.inference_mode():
        expected, last = hear(module, x, [x.size(1)])
    assert any(float(y.std()) > 1e-3 for y in expected), "outputs that do not move would agree by accident"

    @settings(max_examples=8, deadline=None)
    @given(cuts(x.size(1)))
    def check(lengths: list[int]) -> None:
        with torch.inference_mode():
            got, state = hear(module, x, lengths)
        assert_same(got, expected)
        assert_same(state, last)

    check()


@pytest.mark.parametrize("case", OF_FRAMES.values(), ids=OF_FRAMES.keys())
def test_one_frame_a_call_gives_the_offline_numbers(case: Case) -> None:
    module, x = case.make(), case.draw(2)
    with torch.inference_mode():
        assert_same(hear(module, x, [1] * x.size(1))[0], hear(module, x, [x.size(1)])[0])


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_a_batch_gives_the_numbers_of_each_alone(case: Case) -> None:
    module, x = case.make(), case.draw(3)
    lengths = [x.size(1) // 2, x.size(1) - x.size(1) // 2]
    with torch.inference_mode():
        together, _ = hear(module, x, lengths)
        for row in range(3):
            assert_same([y[row : row + 1] for y in together], hear(module, x[row : row + 1], lengths)[0])


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_scripted_equals_eager_over_carried_states(case: Case) -> None:
    module, x = case.make(), case.draw(2)
    quarter = x.size(1) // 4
    lengths = [quarter, 0, 1, 2 * quarter, x.size(1) - 3 * quarter - 1]
    with torch.inference_mode():
        eager, scripted = hear(module, x, lengths), hear(torch.jit.script(module), x, lengths)
    assert_same(scripted[0], eager[0], 1e-5)
    assert_same(scripted[1], eager[1], 1e-5)


@pytest.mark.parametrize("case", ALL.values(), ids=ALL.keys())
def test_the_state_passed_in_is_not_changed(case: Case) -> None:
    module, x = case.make(), case.draw(2)
    half = x.size(1) // 2
    with torch.inference_mode():
        _, state = module(x[:, :half], module.init_state(2))
        copies = [tensor.clone() for tensor in leaves(state)]
        module(x[:, half:], state)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(leaves(state), copies, strict=True))


@pytest.mark.parametrize("case", OF_FRAMES.values(), ids=OF_FRAMES.keys())
def test_a_stream_whose_rows_are_zeroed_begins_anew_and_the_others_go_on(case: Case) -> None:
    module, x = case.make(), case.draw(2)
    half = x.size(1) // 2
    with torch.inference_mode():
        _, state = module(x[:, :half], module.init_state(2))
        keeps = torch.tensor([0.0, 1.0])
        reset = tuple(tensor * keeps.view(-1, *[1] * (tensor.dim() - 1)) for tensor in leaves(state))
        after, _ = module(x[:, half:], reset)
        fresh, _ = module(x[:1, half:], module.init_state(1))
        undisturbed, _ = hear(module, x[1:], [half, x.size(1) - half])
    assert_same([after[:1]], [fresh])
    assert_same([after[1:]], [undisturbed[0][:, half:]])
