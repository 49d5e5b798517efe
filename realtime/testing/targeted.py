"""A plugin whose streams have a target from their beginning on, to try every law with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..plugin import Params, Plugin, Result, State
from ..targets.target import Target
from .traces import AnyPlugin


class Targeted(Plugin[Any, Any]):
    """Stands for ``plugin``, but a stream that has heard nothing keeps ``target`` already.

    Args:
        plugin: Takes a target.
        target: Whom to keep.
    """

    def __init__(self, plugin: AnyPlugin, target: Target) -> None:
        super().__init__(plugin.device)
        self.spec = plugin.spec  # type: ignore[misc]  # It stands for one plugin, not for a class of them.
        self.Params = plugin.Params  # type: ignore[misc]
        self._plugin = plugin
        self._target = target

    def init_state(self, batch_size: int) -> State:
        return self._turn(self._plugin.init_state(batch_size), self._target)

    def retarget(self, state: State, target: Target | None) -> State:
        return self._turn(state, target)

    def step(
        self, chunks: torch.Tensor, params: Sequence[Params], state: State, mask: torch.Tensor
    ) -> tuple[Result, State]:
        return self._plugin.step(chunks, params, state, mask)

    def _turn(self, state: State, target: Target | None) -> State:
        turned: State = self._plugin.retarget(state, target)
        return turned
