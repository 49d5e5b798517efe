"""Stepper: one call for all rows, all of its state or none, and whatever a plugin does ends as a typed fault."""

import asyncio
import threading

import numpy as np
import pytest
import torch

from realtime.errors import PluginOutputInvalid, PluginRaised
from realtime.plugin import Params
from realtime.state_pool import StatePool
from realtime.stepper import BatchFailed, Lease, Row, Stepper

from .rig import CPU, ProbeParams, probe, processor
from .tuned import NOBODY, TunedState, person, tuned


def stepper_of(plugin_class, capacity=4):
    plugin = plugin_class(CPU)
    return Stepper(plugin, StatePool(plugin.init_state, capacity))


LISTENER = probe().spec


def row(slot=0, value=1.0, *, fresh=False, spec=LISTENER, **params):
    samples = np.full((spec.channels, spec.chunk_samples), value, np.float32)
    return Row(slot, fresh, samples, ProbeParams(**params))


def hops(stepper, *slots):
    return stepper._pool.gather(torch.tensor(slots)).hops.tolist()


def test_all_rows_are_one_call():
    plugin = probe()
    outcomes = stepper_of(plugin).step([row(0, 1.0), row(2, 2.0), row(1, 3.0)], Lease())
    assert [call.rows for call in plugin.calls] == [3]
    assert [outcome.event["total"] for outcome in outcomes] == [160.0, 320.0, 480.0]


def test_state_is_carried_by_slot():
    stepper = stepper_of(probe())
    stepper.step([row(0), row(2)], Lease())
    stepper.step([row(2)], Lease())
    assert hops(stepper, 0, 1, 2) == [1, 0, 2]


def test_a_fresh_row_forgets_what_its_slot_held():
    stepper = stepper_of(probe())
    stepper.step([row(0)], Lease())
    (outcome,) = stepper.step([row(0, fresh=True)], Lease())
    assert outcome.event["hops"] == 1


def test_each_row_has_its_own_parameters():
    outcomes = stepper_of(probe()).step([row(0, gain=2.0), row(1, gain=3.0)], Lease())
    assert [outcome.event["gain"] for outcome in outcomes] == [2.0, 3.0]


@pytest.mark.parametrize("fault", ["raise", "exit", "cancel", "bad_state", "bad_count"])
def test_a_batch_that_fails_as_a_whole_changes_no_state(fault):
    stepper = stepper_of(probe())
    with pytest.raises(BatchFailed):
        stepper.step([row(0), row(1, fault=fault)], Lease())
    assert hops(stepper, 0, 1) == [0, 0]


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("raise", PluginRaised, "raised RuntimeError: this session's fault"),
        ("exit", PluginRaised, "raised SystemExit: 3"),
        ("cancel", PluginRaised, "raised CancelledError"),
        ("nan", PluginOutputInvalid, "expected an event of finite JSON values"),
        ("not_an_event", PluginOutputInvalid, "got 'boo'"),
        (
            "bad_state",
            PluginOutputInvalid,
            r"expected state tensor 1 to be torch.float64 \[1\], got torch.float32 \[1\]",
        ),
        ("bad_count", PluginOutputInvalid, "expected 1 events or Nones, got 0"),
    ],
)
def test_whatever_an_analyzer_does_is_a_typed_fault_that_names_it(fault, kind, says):
    (outcome,) = stepper_of(probe("listener")).step([row(fault=fault)], Lease())
    assert type(outcome.fault) is kind
    assert outcome.fault.param == "listener"
    assert outcome.fault.message.startswith("plugin 'listener'")
    with pytest.raises(kind, match=says):
        raise outcome.fault


@pytest.mark.parametrize(("fault", "came"), [("nan", "got nan"), ("huge", r"got 5.*e\+29")])
def test_audio_that_is_no_sound_is_a_fault_of_its_row_alone(fault, came):
    plugin = processor()
    stepper = stepper_of(plugin)
    rows = [row(0, 0.5, spec=plugin.spec), row(1, 0.5, spec=plugin.spec, fault=fault)]
    kept, faulted = stepper.step(rows, Lease())
    np.testing.assert_array_equal(kept.audio, np.full((1, 480), 0.5, np.float32))
    with pytest.raises(PluginOutputInvalid, match=came):
        raise faulted.fault


@pytest.mark.parametrize(
    "event",
    [{"seq": 1}, {"type": "x"}, {1: "x"}, {"a": [{"b": float("inf")}]}, {"a": np.float32(1)}, {"a": torch.ones(1)}, []],
)
def test_an_event_that_cannot_be_sent_is_a_fault(event):
    plugin = probe()
    plugin._events = lambda self, params, new, faults: [event]
    (outcome,) = stepper_of(plugin).step([row()], Lease())
    assert isinstance(outcome.fault, PluginOutputInvalid)


@pytest.mark.parametrize("event", [None, {}, {"a": [1, 2.5, "x", None, True, {"b": (np.float64(1),)}]}])
def test_an_event_that_can_be_sent_is_passed_on_as_it_is(event):
    plugin = probe()
    plugin._events = lambda self, params, new, faults: [event]
    (outcome,) = stepper_of(plugin).step([row()], Lease())
    assert outcome.fault is None
    assert outcome.event == event


@pytest.mark.parametrize(
    ("plugin", "audio", "says"),
    [
        (probe(), torch.zeros(1, 1, 160), "expected no audio from an analyzer"),
        (processor(), None, "got none"),
        (processor(), torch.zeros(1, 1, 479), r"got torch.float32 of shape \[1, 1, 479\]"),
        (processor(), torch.zeros(1, 1, 480, dtype=torch.float64), "got torch.float64"),
    ],
)
def test_audio_of_another_shape_than_promised_is_a_fault(plugin, audio, says):
    plugin._audio = lambda self, chunks, params, state, faults: audio
    (outcome,) = stepper_of(plugin).step([row(spec=plugin.spec)], Lease())
    with pytest.raises(PluginOutputInvalid, match=says):
        raise outcome.fault


def test_results_outlive_the_memory_a_plugin_uses_again():
    plugin = processor()
    output = torch.zeros(1, 1, 480)
    plugin._audio = lambda self, chunks, params, state, faults: output.copy_(chunks)
    stepper = stepper_of(plugin)
    (first,) = stepper.step([row(0, 0.25, spec=plugin.spec)], Lease())
    stepper.step([row(0, 0.75, spec=plugin.spec)], Lease())
    assert first.audio.max() == np.float32(0.25)


def test_a_call_without_its_lease_neither_resets_nor_writes():
    stepper = stepper_of(probe())
    stepper.step([row(0)], Lease())
    lease = Lease()
    assert lease.revoke()
    assert stepper.step([row(0, fresh=True)], lease) == []
    assert hops(stepper, 0) == [1]


def test_a_call_that_loses_its_lease_while_it_hangs_cannot_write():
    plugin = probe()
    stepper, lease = stepper_of(plugin), Lease()
    plugin.gate.clear()
    late = threading.Thread(target=stepper.step, args=([row(0)], lease))
    late.start()
    assert plugin.entered.acquire(timeout=10)
    assert lease.revoke()
    plugin.gate.set()
    late.join(10)
    assert hops(stepper, 0) == [0]


def test_a_lease_tells_that_it_was_used():
    lease = Lease()
    stepper_of(probe()).step([row(0)], lease)
    assert not lease.revoke()


@pytest.mark.cuda
def test_on_a_gpu_a_batch_is_padded_and_the_padding_keeps_to_itself():
    plugin = probe()(torch.device("cuda"))
    stepper = Stepper(plugin, StatePool(plugin.init_state, 4))
    outcomes = stepper.step([row(0), row(1), row(3)], Lease())
    assert [call.rows for call in plugin.calls] == [4]
    assert len(outcomes) == 3
    assert stepper._pool.gather(torch.tensor([0, 1, 2, 3]).cuda()).hops.tolist() == [1, 1, 0, 1]


def test_cancellation_inside_a_plugin_does_not_look_like_ours():
    (outcome,) = stepper_of(probe()).step([row(fault="cancel")], Lease())
    assert not isinstance(outcome.fault, asyncio.CancelledError)


# Targets


def turned_row(slot, target, *, fresh=False):
    return Row(slot, fresh, np.zeros((1, 160), np.float32), Params(), target)


def people(outcomes):
    return [(outcome.event["person"], outcome.event["since"]) for outcome in outcomes]


def test_a_row_is_turned_to_its_target_once_and_the_others_are_not():
    stepper, anna = stepper_of(tuned()), person(3)
    assert people(stepper.step([turned_row(0, None), turned_row(1, anna)], Lease())) == [(NOBODY, 1), (3, 1)]
    assert people(stepper.step([turned_row(0, None), turned_row(1, anna)], Lease())) == [(NOBODY, 2), (3, 2)]
    assert people(stepper.step([turned_row(0, anna), turned_row(1, anna)], Lease())) == [(3, 1), (3, 3)]


def test_a_row_whose_target_is_gone_is_told():
    stepper = stepper_of(tuned())
    stepper.step([turned_row(0, person(3))], Lease())
    assert people(stepper.step([turned_row(0, None)], Lease())) == [(NOBODY, 1)]


def test_a_turn_keeps_what_was_heard():
    stepper = stepper_of(tuned())
    stepper.step([turned_row(0, None)], Lease())
    (outcome,) = stepper.step([turned_row(0, person(3))], Lease())
    assert outcome.event["hops"] == 2


def test_a_fresh_row_knows_nothing_of_the_target_before_it():
    stepper, anna = stepper_of(tuned()), person(3)
    stepper.step([turned_row(0, anna)], Lease())
    assert people(stepper.step([turned_row(0, None, fresh=True)], Lease())) == [(NOBODY, 1)]
    assert people(stepper.step([turned_row(0, anna, fresh=True)], Lease())) == [(3, 1)]


def test_a_turn_of_a_step_that_failed_is_made_again():
    stepper, anna = stepper_of(tuned()), person(3)
    with pytest.raises(BatchFailed, match="knows faces only"):
        stepper.step([turned_row(0, anna), turned_row(1, person(5, "voice"))], Lease())
    assert people(stepper.step([turned_row(0, anna)], Lease())) == [(3, 1)]


def test_a_turn_whose_step_lost_its_lease_is_made_again():
    stepper, anna, lease = stepper_of(plugin := tuned()), person(3), Lease()
    plugin.gate.clear()
    late = threading.Thread(target=stepper.step, args=([turned_row(0, anna)], lease))
    late.start()
    assert plugin.entered.acquire(timeout=10)
    lease.revoke()
    plugin.gate.set()
    late.join()
    assert people(stepper.step([turned_row(0, anna)], Lease())) == [(3, 1)]


def test_a_turn_that_raises_is_that_session_s_fault():
    (outcome,) = stepper_of(tuned()).step([turned_row(0, person(5, "voice"))], Lease())
    assert isinstance(outcome.fault, PluginRaised)


def test_a_turn_to_a_state_that_is_none_is_that_session_s_fault():
    class Floats(tuned()):
        def retarget(self, state, target):
            return TunedState(state.hops, state.since, state.person.float())

    (outcome,) = stepper_of(Floats).step([turned_row(0, person(3))], Lease())
    assert isinstance(outcome.fault, PluginOutputInvalid)
    assert "expected state tensor 2 to be torch.int64" in outcome.fault.message


def test_a_forgotten_slot_holds_nothing_of_a_person():
    stepper = stepper_of(tuned())
    stepper.step([turned_row(0, person(3))], Lease())
    stepper.forget(0, Lease())
    assert stepper._pool.gather(torch.tensor([0])).person.tolist() == [NOBODY]
    assert stepper._targets == {}


def test_a_thread_that_was_left_behind_forgets_nothing():
    stepper, lease = stepper_of(tuned()), Lease()
    stepper.step([turned_row(0, person(3))], Lease())
    lease.revoke()
    stepper.forget(0, lease)
    assert stepper._pool.gather(torch.tensor([0])).person.tolist() == [3]
