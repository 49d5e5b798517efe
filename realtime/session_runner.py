"""Source in, session, outputs to a callback: the loop around a session where no client drives it.

Invariant: the source is closed and nothing that was started goes on, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .errors import TectumError
from .session import Output, Session
from .sources.base import Source


async def run_session(session: Session, source: Source, on_output: Callable[[Output], Awaitable[None]]) -> None:
    """Drives ``session`` from ``source`` to its end and hands every output to ``on_output``.

    Raises:
        TectumError: What broke the source, after all that came before has been handed over.
    """
    failure: TectumError | None = None

    async def pump() -> None:
        nonlocal failure
        try:
            async for frame in source:
                await session.write(frame)
        except TectumError as error:
            failure = error
        finally:
            await source.aclose()
        await session.end()

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(), name=f"pump {session.id[:8]}")
            async for output in session.outputs():
                await on_output(output)
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise
    if failure is not None:
        raise failure
