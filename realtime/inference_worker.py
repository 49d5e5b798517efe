"""A thread that runs models, one call at a time, away from the event loop.

Invariant: torch uses one thread inside the worker, so workers never fight over cores; and a worker that
hangs can be left behind, since it keeps neither the process nor the loop alive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")

_Job = Callable[[], None]


class InferenceWorker:
    """One daemon thread with a queue of calls.

    ``concurrent.futures`` joins its threads when the interpreter exits, which a stalled plugin would turn
    into a service that cannot be stopped; hence a thread of our own.

    Args:
        name: Of the thread, for debuggers and profilers.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """Runs ``call`` on the thread, after those before it; the future has what it returns or raises.

        Cancelling the future stops the waiting; a call that has begun goes on to its end.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            try:
                result = call()
            except BaseException as error:  # Handed to whoever awaits.
                _hand_over(loop, future, error=error)
            else:
                _hand_over(loop, future, result=result)

        self._jobs.put(job)
        return future

    def stop(self) -> None:
        """Ends the thread after the calls that wait; does not wait for it."""
        self._jobs.put(None)

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread to end; returns whether it did."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        # In this thread: set in the main thread it would not reach OpenMP here, at 300 times the step time.
        torch.set_num_threads(1)
        with torch.inference_mode():
            while (job := self._jobs.get()) is not None:
                job()
                del job  # What it held, a picture perhaps, goes now and not with the next job.


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[T],
    *,
    result: T | None = None,
    error: BaseException | None = None,
) -> None:
    def resolve() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # T may itself be None.

    try:
        loop.call_soon_threadsafe(resolve)
    except RuntimeError:
        pass  # The loop closed meanwhile: nobody waits any more.
