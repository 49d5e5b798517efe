"""check_plugin: the plugins that ship pass, and for every law one that breaks it is caught by that law."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch

from realtime.plugin import Event, Params, Plugin, PluginSpec, Result
from realtime.plugins.gain import GainPlugin
from realtime.plugins.genre import GenrePlugin
from realtime.targets.target import Target
from realtime.testing import CheckReport, PluginCheckFailed, check_plugin
from realtime.testing.comparison import event_difference, tensor_difference
from realtime.testing.laws import LAWS

from .tuned import person

CPU = torch.device("cpu")
ANALYZER = PluginSpec("mean", "1", 16_000, 1, 400, 160, 0, "analyzer")
PROCESSOR = PluginSpec("delay", "1", 16_000, 1, 160, 160, 100, "processor")


class Sum(NamedTuple):
    total: torch.Tensor
    hops: torch.Tensor


class Mean(Plugin[Params, Sum]):
    """Keeps every law: tells the mean power of all that was heard. The broken ones below change one thing each."""

    spec = ANALYZER
    Params = Params

    def init_state(self, batch_size: int) -> Sum:
        return Sum(torch.zeros(batch_size), torch.zeros(batch_size, dtype=torch.int64))

    def power(self, chunks: torch.Tensor, state: Sum) -> torch.Tensor:
        return chunks.square().mean((1, 2))

    def events(self, state: Sum, mask: torch.Tensor) -> list[Event | None]:
        means = (state.total / state.hops).tolist()
        return [{"mean": mean, "hops": hops} for mean, hops in zip(means, state.hops.tolist(), strict=True)]

    def step(
        self, chunks: torch.Tensor, params: Sequence[Params], state: Sum, mask: torch.Tensor
    ) -> tuple[Result, Sum]:
        new = Sum(state.total + mask * self.power(chunks, state), state.hops + mask)
        events = [event if here else None for event, here in zip(self.events(new, mask), mask.tolist(), strict=True)]
        return Result(events), new


class Delay(Plugin[Params, tuple[torch.Tensor]]):
    """Keeps every law: delays by the latency it states."""

    spec = PROCESSOR
    Params = Params
    delay = PROCESSOR.latency_samples

    def init_state(self, batch_size: int) -> tuple[torch.Tensor]:
        return (torch.zeros(batch_size, 1, self.delay),)

    def step(self, chunks, params, state, mask):
        line = torch.cat([state[0], chunks], -1)
        kept = torch.where(mask[:, None, None], line[..., self.spec.hop_samples :], state[0])
        return Result([None] * len(chunks), line[..., : self.spec.hop_samples].contiguous()), (kept,)


class Weight(NamedTuple):
    total: torch.Tensor
    hops: torch.Tensor
    weight: torch.Tensor


class Favours(Mean):
    """Keeps every law, and takes a target: from then on power counts as much as the face says."""

    spec = replace(ANALYZER, takes_target=True)

    def init_state(self, batch_size):
        return Weight(*super().init_state(batch_size), torch.ones(batch_size))

    def weight_of(self, target: Target | None) -> float:
        return 1.0 if target is None else 2.0 + float(target.face[0])

    def retarget(self, state, target):
        return state._replace(weight=torch.full_like(state.weight, self.weight_of(target)))

    def power(self, chunks, state):
        return super().power(chunks, state) * state.weight

    def step(self, chunks, params, state, mask):
        result, new = super().step(chunks, params, state, mask)
        return result, Weight(*new, state.weight)


class TurnsInPlace(Favours):
    def retarget(self, state, target):
        state.weight.fill_(self.weight_of(target))
        return state


class TurnsEverybody(Favours):
    everybody = 1.0

    def retarget(self, state, target):
        self.everybody = self.weight_of(target)
        return super().retarget(state, target)

    def power(self, chunks, state):
        return chunks.square().mean((1, 2)) * self.everybody


class ForgetsNobody(Favours):
    def retarget(self, state, target):
        return state._replace(weight=0.5 * state.weight + self.weight_of(target))


class TurnsToAnotherState(Favours):
    def retarget(self, state, target):
        return Weight(state.total, state.hops, super().retarget(state, target).weight.double())


class ReservedField(Mean):
    def events(self, state, mask):
        return [{"seq": 1} for _ in mask]


class NotJson(Mean):
    def events(self, state, mask):
        return [{"mean": total} for total in state.total]


class TooFewEvents(Mean):
    def step(self, chunks, params, state, mask):
        result, new = super().step(chunks, params, state, mask)
        return Result(result.events[:-1]), new


class AnalyzerWithAudio(Mean):
    def step(self, chunks, params, state, mask):
        result, new = super().step(chunks, params, state, mask)
        return Result(result.events, chunks[..., :160]), new


class StateOfAnotherType(Mean):
    def step(self, chunks, params, state, mask):
        result, new = super().step(chunks, params, state, mask)
        return result, Sum(new.total.double(), new.hops)


class WholeChunkOut(Delay):
    spec = replace(PROCESSOR, chunk_samples=320)

    def step(self, chunks, params, state, mask):
        return Result([None] * len(chunks), chunks), state


class ChangesChunks(Mean):
    def power(self, chunks, state):
        return chunks.sub_(chunks.mean()).square().mean((1, 2))


class ChangesState(Mean):
    def step(self, chunks, params, state, mask):
        state.total.add_(mask * self.power(chunks, state))
        return Result([None] * len(mask)), Sum(state.total, state.hops + mask)


class Dithers(Mean):
    def power(self, chunks, state):
        return super().power(chunks, state) + 0.01 * torch.rand(len(chunks))


class RemembersLastCall(Mean):
    """Keeps a stream's last power on itself, and starts over with each stream: right as long as there is one."""

    def power(self, chunks, state):
        power = super().power(chunks, state)
        last = torch.zeros_like(power) if not state.hops.any() else self.last
        self.last = power
        return power + last


class NormalisesOverBatch(Mean):
    def power(self, chunks, state):
        power = super().power(chunks, state)
        return power / power.mean() if len(power) > 1 else power


class IgnoresMask(Mean):
    def step(self, chunks, params, state, mask):
        return super().step(chunks, params, state, torch.ones_like(mask))


class SpeaksForMaskedRows(Mean):
    def step(self, chunks, params, state, mask):
        new = super().step(chunks, params, state, mask)[1]
        return Result(self.events(new, mask)), new


class HeldElsewhere(Mean):
    """The state is a number under which the plugin keeps the real one."""

    def __init__(self, device):
        super().__init__(device)
        self.memory: list[float] = []

    def init_state(self, batch_size):
        keys = torch.arange(len(self.memory), len(self.memory) + batch_size)
        self.memory += [0.0] * batch_size
        return Sum(torch.zeros(batch_size), keys)

    def step(self, chunks, params, state, mask):
        events: list[Event | None] = [None] * len(chunks)
        for row in mask.nonzero().flatten().tolist():
            key = int(state.hops[row])
            self.memory[key] += self.power(chunks, state)[row].item()
            events[row] = {"sum": self.memory[key]}
        return Result(events), state


class HeldElsewhereClearedAtStart(Mean):
    """As above, but each stream clears its own: only going back in time shows it."""

    def __init__(self, device):
        super().__init__(device)
        self.memory: dict[float, float] = {}

    def step(self, chunks, params, state, mask):
        power = self.power(chunks, state)
        keys = torch.where(state.hops == 0, power, state.total).tolist()
        events: list[Event | None] = [None] * len(chunks)
        for row in mask.nonzero().flatten().tolist():
            before = self.memory.get(keys[row], 0.0) if state.hops[row] else 0.0
            self.memory[keys[row]] = before + power[row].item()
            events[row] = {"sum": self.memory[keys[row]]}
        total = torch.where(mask & (state.hops == 0), power, state.total)
        return Result(events), Sum(total, state.hops + mask)


class NormalisesToTheLoudestEver(Mean):
    loudest = 0.0

    def power(self, chunks, state):
        self.loudest = max(self.loudest, chunks.abs().max().item())
        return super().power(chunks, state) / self.loudest


class LatencyMisstated(Delay):
    spec = replace(PROCESSOR, latency_samples=0)


class LogOfSilence(Mean):
    def events(self, state, mask):
        return [{"db": level} for level in (10 * torch.log10(state.total)).tolist()]


class BlowsUpOnFullScale(Delay):
    def step(self, chunks, params, state, mask):
        result, new = super().step(chunks, params, state, mask)
        return Result(result.events, 1 / (1 - result.audio.clamp_min(0)) - 1 + result.audio), new


@pytest.mark.parametrize("plugin", [Mean, Delay, Favours, GainPlugin, GenrePlugin])
def test_a_plugin_that_keeps_the_contract_passes(plugin):
    report = check_plugin(plugin(CPU))
    assert report.laws == tuple(law.__name__ for law in LAWS)
    assert 0 < report.real_time_factor == pytest.approx(report.step_ms / 1000 / plugin.spec.hop_s)
    assert report.batch_step_ms < 64 * report.step_ms


def test_every_law_can_be_tried_with_a_target():
    class Turned(Favours):
        def power(self, chunks, state):
            assert (state.weight == 3.0).all() or state.hops.all(), "a stream began without its target"
            return super().power(chunks, state)

    check_plugin(Turned(CPU), target=person(0), seconds=0.5)


@pytest.mark.cuda
@pytest.mark.parametrize("plugin", [GainPlugin, GenrePlugin])
def test_a_plugin_that_ships_passes_on_a_gpu(plugin):
    assert isinstance(check_plugin(plugin(torch.device("cuda")), tolerance=1e-3), CheckReport)


def test_parameters_other_than_the_defaults_are_tried():
    class Loud(GainPlugin):
        def step(self, chunks, params, state, mask):
            assert all(row.gain_db == 6.0 for row in params)
            return super().step(chunks, params, state, mask)

    check_plugin(Loud(CPU), params=GainPlugin.Params(gain_db=6.0), seconds=0.2)


@pytest.mark.parametrize(
    ("plugin", "law"),
    [
        (ReservedField, "well_formed"),
        (NotJson, "well_formed"),
        (TooFewEvents, "well_formed"),
        (AnalyzerWithAudio, "well_formed"),
        (StateOfAnotherType, "well_formed"),
        (WholeChunkOut, "well_formed"),
        (ChangesChunks, "inputs_kept"),
        (ChangesState, "inputs_kept"),
        (Dithers, "chunked"),
        (RemembersLastCall, "interleaved"),
        (NormalisesOverBatch, "batched"),
        (IgnoresMask, "masked"),
        (SpeaksForMaskedRows, "masked"),
        (HeldElsewhere, "reset"),
        (HeldElsewhereClearedAtStart, "snapshot"),
        (NormalisesToTheLoudestEver, "causal"),
        (LatencyMisstated, "aligned"),
        (LogOfSilence, "finite"),
        (BlowsUpOnFullScale, "finite"),
        (TurnsInPlace, "turned"),
        (TurnsEverybody, "turned"),
        (ForgetsNobody, "turned"),
        (TurnsToAnotherState, "well_formed"),
    ],
)
def test_a_plugin_that_breaks_a_law_is_caught_by_it(plugin, law):
    with pytest.raises(PluginCheckFailed) as caught:
        check_plugin(plugin(CPU), seconds=1.0)
    assert (caught.value.law, str(caught.value)[: len(law) + 2]) == (law, f"{law}: ")


def test_every_law_has_a_plugin_that_breaks_it():
    (cases,) = [mark.args[1] for mark in test_a_plugin_that_breaks_a_law_is_caught_by_it.pytestmark]
    assert {law for _, law in cases} == {law.__name__ for law in LAWS}


def test_a_failure_says_where_and_by_how_much():
    with pytest.raises(PluginCheckFailed, match=r"aligned: output lags input by 100 samples where .* says 0"):
        check_plugin(LatencyMisstated(CPU), seconds=0.5)


def test_events_are_compared_to_their_leaves():
    before = {"top": [{"label": "jazz", "p": 0.5}], "music": True}
    assert event_difference(before, {"top": [{"label": "jazz", "p": 0.50005}], "music": True}, 1e-4) is None
    assert event_difference({"top": [{"label": "jazz", "p": 0.6}], "music": True}, before, 1e-4) == (
        ".top[0].p is 0.6 where 0.5 was expected"
    )
    assert event_difference({"top": [], "music": True}, before, 1e-4)
    assert event_difference(None, before, 1e-4)


def test_tensors_are_compared_with_their_largest_value_as_the_unit():
    assert tensor_difference(torch.tensor([1000.0, 0.05]), torch.tensor([1000.0, 0.0]), 1e-4) is None
    assert "differs by up to 0.05" in str(tensor_difference(torch.tensor([0.05]), torch.tensor([0.0]), 1e-4))
    assert tensor_difference(torch.tensor([torch.nan]), torch.tensor([torch.nan]), 0.0) is None
    assert "finite" in str(tensor_difference(torch.tensor([torch.nan]), torch.tensor([0.0]), 1.0))
