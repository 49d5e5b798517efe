"""A plugin that takes a target and says which: what the engine's tests turn to somebody."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import torch

from realtime.plugin import Params, PluginSpec, Result
from realtime.targets.target import EMBEDDING_SIZE, Target

from .rig import PATIENCE_S, Probe

NOBODY = -1


def person(number: int, kind: str = "face") -> Target:
    """Returns the target whose embedding is 1 at ``number``."""
    return Target(**{kind: np.eye(EMBEDDING_SIZE, dtype=np.float32)[number]})


class TunedState(NamedTuple):
    """Hops heard, those since the last turn, and to whom: the index of the 1 in the embedding."""

    hops: torch.Tensor
    since: torch.Tensor
    person: torch.Tensor


class Tuned(Probe):
    """Tells with every hop whom it keeps; it raises where a voice is given."""

    Params = Params

    def init_state(self, batch_size: int) -> TunedState:
        zeros = torch.zeros(batch_size, dtype=torch.int64)
        return TunedState(zeros, zeros, zeros + NOBODY)

    def step(self, chunks, params, state, mask):
        self.entered.release()
        assert self.gate.wait(PATIENCE_S)
        new = TunedState(state.hops + mask, state.since + mask, state.person)
        rows = zip(*(tensor.tolist() for tensor in new), mask.tolist(), strict=True)
        events = [{"hops": h, "since": s, "person": p} if here else None for h, s, p, here in rows]
        return Result(events), new

    def retarget(self, state: TunedState, target: Target | None) -> TunedState:
        if target is None:
            return TunedState(state.hops, torch.zeros_like(state.since), torch.full_like(state.person, NOBODY))
        if target.voice is not None:
            raise RuntimeError("this plugin knows faces only")
        found = int(target.face.argmax())
        return TunedState(state.hops, torch.zeros_like(state.since), torch.full_like(state.person, found))


def tuned(name: str = "tuned") -> type[Tuned]:
    """Returns a class of its own, an analyzer of 10 ms hops."""
    spec = PluginSpec(name, "1", 16_000, 1, 160, 160, 0, "analyzer", takes_target=True)
    made = type(name, (Tuned,), {"spec": spec, "calls": []})
    made.gate, made.stalled = threading.Event(), threading.Event()
    made.entered, made.left = threading.Semaphore(0), threading.Semaphore(0)
    made.gate.set()
    return made
