"""Runs steps on a worker thread, and leaves the thread behind when a step hangs.

Invariant: of every round it is known whether its state was written, whatever became of the thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from .errors import PluginStalled
from .inference_worker import InferenceWorker
from .stepper import BatchFailed, Lease, Row, RowOutcome, Stepper

CLOSE_TIMEOUT_S = 1.0

_log = logging.getLogger(__name__)


class Rounds(NamedTuple):
    """What came of several rounds.

    Attributes:
        outcomes: Of the rounds that were stepped, from the first on: one outcome a row.
        error: Why the next round was not, or None when it may be stepped as it is: after a round with a fault
            the rest is left out, since the session at fault may be in it.
    """

    outcomes: list[list[RowOutcome]]
    error: BatchFailed | PluginStalled | None


class StepRunner:
    """One plugin's steps, off the event loop.

    Args:
        stepper: Of the plugin.
        name: Of the plugin.
    """

    def __init__(self, stepper: Stepper, name: str) -> None:
        self.stalls = 0
        self._stepper = stepper
        self._name = name
        self._worker = self._start_worker()
        self._tenure = Lease()

    async def run(self, rounds: Sequence[Sequence[Row]], timeout_s: float) -> Rounds:
        """Steps ``rounds`` one after another, in one visit to the thread; a row's later rounds continue its first.

        Each way to the thread and back costs about as much as a light step, and a frame may hold several hops.
        """
        leases = [Lease() for _ in rounds]
        visit = self._worker.submit(partial(self._step_rounds, rounds, leases))
        error: BatchFailed | PluginStalled | None = None
        try:
            done, _ = await asyncio.wait([visit], timeout=timeout_s)
            # A thread cannot be stopped, only left behind: without its leases it cannot touch the pool any more.
            if not done and any([lease.revoke() for lease in leases]):
                error = self._leave_worker_behind(timeout_s)
            else:
                await visit
        except BatchFailed as failed:
            error = failed
        finally:
            visit.cancel()
        return Rounds([lease.outcomes for lease in leases if lease.outcomes is not None], error)

    def forget(self, slot: int) -> None:
        """Wipes ``slot`` on the thread: after the step that may still write to it, before any that comes later.

        A thread that was left behind wipes nothing any more: the slot may be another session's by then.
        """
        self._worker.submit(partial(self._stepper.forget, slot, self._tenure))

    async def aclose(self) -> None:
        """Ends the thread: waits for a step that is at work, not for one that hangs."""
        self._worker.stop()
        await asyncio.to_thread(self._worker.join, CLOSE_TIMEOUT_S)

    def _step_rounds(self, rounds: Sequence[Sequence[Row]], leases: Sequence[Lease]) -> None:
        for rows, lease in zip(rounds, leases, strict=True):
            if any(outcome.fault is not None for outcome in self._stepper.step(rows, lease)):
                return

    def _leave_worker_behind(self, timeout_s: float) -> PluginStalled:
        self.stalls += 1
        self._tenure.revoke()
        self._worker.stop()
        self._worker, self._tenure = self._start_worker(), Lease()
        _log.error("plugin %r did not return within %.1f s", self._name, timeout_s)
        return PluginStalled(f"plugin {self._name!r} did not return within {timeout_s:.1f} s", param=self._name)

    def _start_worker(self) -> InferenceWorker:
        return InferenceWorker(f"tectum-{self._name}")
